//! The endpoint of ECS: it answers as the agent does, remembers every byte that it is sent, and fails
//! as it is told. The documents have the shapes that AWS documents for Fargate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

/// Where the variable leads; ECS makes the last segment up, for each container its own.
pub const BASE: &str = "/v4/158d1c8083dd49d6b527399fd6414f5c-0179205828";

pub const CONTAINER: &str = include_str!("documents/container.json");
pub const CONTAINER_STATS: &str = include_str!("documents/container_stats.json");
pub const TASK: &str = include_str!("documents/task.json");
pub const TASK_STATS: &str = include_str!("documents/task_stats.json");

/// What nobody outside the task may see.
pub const SECRET: &str = "wJalrXUtnFEMI";

/// What the endpoint does with a request.
#[derive(Clone)]
pub enum Reply {
    /// Answers with the document that was asked for.
    Document,
    /// The same as soon as it is told something else.
    Held,
    /// Sends these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// Sends these bytes and nothing more, with the connection open.
    Stall(Vec<u8>),
    /// Sends the first bytes and then the others for as long as they are read.
    Endless(&'static str, Vec<u8>),
}

impl Reply {
    /// An answer with this status line's end, these more headers and this body.
    pub fn with(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into(),
        )
    }
}

struct State {
    reply: Reply,
    heads: Vec<String>,
    under_way: usize,
    most_under_way: usize,
}

/// A running endpoint. Clones are the same one.
#[derive(Clone)]
pub struct Endpoint {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Endpoint {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State {
            reply: Reply::Document,
            heads: Vec::new(),
            under_way: 0,
            most_under_way: 0,
        };
        let endpoint = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new((Mutex::new(state), Condvar::new())),
        };
        let serving = endpoint.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let endpoint = serving.clone();
                std::thread::spawn(move || endpoint.serve(stream.unwrap()));
            }
        });
        endpoint
    }

    /// What ECS would put into the variable.
    pub fn uri(&self) -> String {
        format!("http://{}{BASE}", self.address)
    }

    /// What the proxy sends to ask for the document at this path below [`BASE`], byte for byte.
    pub fn head(&self, path: &str) -> String {
        let host = self.address;
        format!("GET {BASE}{path} HTTP/1.1\r\nhost: {host}\r\n\r\n")
    }

    /// From now on answers like this.
    pub fn reply(&self, reply: Reply) {
        self.state.0.lock().unwrap().reply = reply;
        self.state.1.notify_all();
    }

    /// What it was sent since it was last asked, one entry for each request.
    pub fn take_heads(&self) -> Vec<String> {
        std::mem::take(&mut self.state.0.lock().unwrap().heads)
    }

    /// Waits until this many requests are unanswered.
    pub fn wait_for(&self, requests: usize) {
        let state = self.state.0.lock().unwrap();
        let few = |state: &mut State| state.under_way < requests;
        let patience = test_support::service::WAIT_LIMIT;
        let (state, waited) = self
            .state
            .1
            .wait_timeout_while(state, patience, few)
            .unwrap();
        assert!(!waited.timed_out(), "{} requests", state.under_way);
    }

    /// The most requests that were unanswered at once.
    pub fn most_under_way(&self) -> usize {
        self.state.0.lock().unwrap().most_under_way
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        // No request has a body: a head is all there is, and bytes behind it would show here.
        while !head.ends_with(b"\r\n\r\n") {
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(count) => head.extend(&bytes[..count]),
            }
        }
        let head = String::from_utf8(head).unwrap();
        let reply = self.begin(&head);
        // The proxy may have lost its patience by now.
        let _ = match reply {
            Reply::Document | Reply::Held => stream.write_all(&document(&head)),
            Reply::Bytes(bytes) => stream.write_all(&bytes),
            Reply::Stall(bytes) => {
                let sent = stream.write_all(&bytes);
                let _ = stream.read(&mut [0]);
                sent
            }
            Reply::Endless(first, then) => {
                let mut sent = stream.write_all(first.as_bytes());
                while sent.is_ok() {
                    sent = stream.write_all(&then);
                }
                sent
            }
        };
    }

    /// Remembers a request, and waits while replies are held.
    fn begin(&self, head: &str) -> Reply {
        let mut state = self.state.0.lock().unwrap();
        state.heads.push(head.to_owned());
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        self.state.1.notify_all();
        let held = |state: &mut State| matches!(state.reply, Reply::Held);
        let mut state = self.state.1.wait_while(state, held).unwrap();
        state.under_way -= 1;
        state.reply.clone()
    }
}

fn document(head: &str) -> Vec<u8> {
    let target = head.split(' ').nth(1).unwrap();
    let secret = format!(r#"{{"SecretAccessKey":"{SECRET}"}}"#);
    let (status, body) = match target.strip_prefix(BASE) {
        Some("") => ("200 OK", CONTAINER),
        Some("/stats") => ("200 OK", CONTAINER_STATS),
        Some("/task") => ("200 OK", TASK),
        Some("/task/stats") => ("200 OK", TASK_STATS),
        _ if target.contains("credentials") => ("200 OK", &*secret),
        _ => ("404 Not Found", "404 page not found"),
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into()
}

/// The containers of the task, in its order.
pub fn containers() -> Vec<Value> {
    let task: Value = serde_json::from_str(TASK).unwrap();
    task["Containers"].as_array().unwrap().clone()
}

/// The id of the container with this name.
pub fn id_of(name: &str) -> String {
    let containers = containers();
    let found = containers
        .iter()
        .find(|container| container["Name"] == name);
    found.unwrap()["DockerId"].as_str().unwrap().to_owned()
}
