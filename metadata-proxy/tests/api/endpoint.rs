//! A task metadata endpoint for tests. The endpoint responds like the ECS agent, and records every request. A
//! test can make the endpoint fail. The documents have the structure that AWS documents for Fargate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

/// The path in the endpoint's URL. ECS generates the last path segment of the URL for each container.
pub const BASE_PATH: &str = "/v4/158d1c8083dd49d6b527399fd6414f5c-0179205828";

pub const CONTAINER: &str = include_str!("documents/container.json");
pub const CONTAINER_STATS: &str = include_str!("documents/container_stats.json");
pub const TASK: &str = include_str!("documents/task.json");
pub const TASK_STATS: &str = include_str!("documents/task_stats.json");

/// A secret key of the task's credentials. No response of the proxy may contain the key.
pub const CREDENTIALS_SECRET: &str = "wJalrXUtnFEMI";

/// The reply with which the endpoint answers all requests.
#[derive(Clone)]
pub enum Reply {
    /// The endpoint sends the requested document.
    Document,
    /// The endpoint sends nothing until the test sets another reply.
    Delayed,
    /// The endpoint sends the bytes in the field and closes the connection.
    Bytes(Vec<u8>),
    /// The endpoint sends the bytes in the field and keeps the connection open.
    Stall(Vec<u8>),
    /// The endpoint sends the first field once, and the second field repeatedly while the proxy reads.
    Endless(&'static str, Vec<u8>),
}

impl Reply {
    /// Creates a reply with a status, additional headers and a body.
    pub fn from_parts(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into(),
        )
    }
}

struct State {
    reply: Reply,
    request_heads: Vec<String>,
    /// Number of requests that are not answered yet.
    pending_requests: usize,
    max_pending_requests: usize,
}

/// A running test endpoint. Clones refer to the same endpoint.
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
            request_heads: Vec::new(),
            pending_requests: 0,
            max_pending_requests: 0,
        };
        let endpoint = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new((Mutex::new(state), Condvar::new())),
        };
        let server = endpoint.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let endpoint = server.clone();
                std::thread::spawn(move || endpoint.serve(stream.unwrap()));
            }
        });
        endpoint
    }

    /// The value of `ECS_CONTAINER_METADATA_URI_V4`.
    pub fn uri(&self) -> String {
        format!("http://{}{BASE_PATH}", self.address)
    }

    /// The bytes of the proxy's request for the document at the path `path` below [`BASE_PATH`].
    pub fn expected_head(&self, path: &str) -> String {
        let host = self.address;
        format!("GET {BASE_PATH}{path} HTTP/1.1\r\nhost: {host}\r\n\r\n")
    }

    /// Sets the reply to all requests that are not answered yet.
    pub fn set_reply(&self, reply: Reply) {
        self.state.0.lock().unwrap().reply = reply;
        self.state.1.notify_all();
    }

    /// Returns the heads of the requests that arrived after the previous call of this function.
    pub fn take_request_heads(&self) -> Vec<String> {
        std::mem::take(&mut self.state.0.lock().unwrap().request_heads)
    }

    /// Waits until at least `request_count` requests have arrived and are not answered yet.
    pub fn wait_for_pending_requests(&self, request_count: usize) {
        let state = self.state.0.lock().unwrap();
        let must_wait = |state: &mut State| state.pending_requests < request_count;
        let limit = test_support::service::WAIT_LIMIT;
        let (state, wait_result) = self
            .state
            .1
            .wait_timeout_while(state, limit, must_wait)
            .unwrap();
        assert!(
            !wait_result.timed_out(),
            "{} requests",
            state.pending_requests
        );
    }

    /// The highest number of requests that were waiting for a response at the same time.
    pub fn max_pending_requests(&self) -> usize {
        self.state.0.lock().unwrap().max_pending_requests
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        // The proxy's requests have no body, so no bytes may follow the head.
        while !head.ends_with(b"\r\n\r\n") {
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(count) => head.extend(&bytes[..count]),
            }
        }
        let head = String::from_utf8(head).unwrap();
        let reply = self.record_request(&head);
        // A write fails if the proxy has closed the connection after its deadline.
        let _ = match reply {
            Reply::Document | Reply::Delayed => stream.write_all(&document_response(&head)),
            Reply::Bytes(bytes) => stream.write_all(&bytes),
            Reply::Stall(bytes) => {
                let write_result = stream.write_all(&bytes);
                let _ = stream.read(&mut [0]);
                write_result
            }
            Reply::Endless(first_bytes, repeated_bytes) => {
                let mut write_result = stream.write_all(first_bytes.as_bytes());
                while write_result.is_ok() {
                    write_result = stream.write_all(&repeated_bytes);
                }
                write_result
            }
        };
    }

    /// Records a request, and waits while the reply is [`Reply::Delayed`].
    fn record_request(&self, head: &str) -> Reply {
        let mut state = self.state.0.lock().unwrap();
        state.request_heads.push(head.to_owned());
        state.pending_requests += 1;
        state.max_pending_requests = state.max_pending_requests.max(state.pending_requests);
        self.state.1.notify_all();
        let is_delayed = |state: &mut State| matches!(state.reply, Reply::Delayed);
        let mut state = self.state.1.wait_while(state, is_delayed).unwrap();
        state.pending_requests -= 1;
        state.reply.clone()
    }
}

fn document_response(head: &str) -> Vec<u8> {
    let target = head.split(' ').nth(1).unwrap();
    let secret = format!(r#"{{"SecretAccessKey":"{CREDENTIALS_SECRET}"}}"#);
    let (status, body) = match target.strip_prefix(BASE_PATH) {
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

/// The containers in the document `/task`.
pub fn task_containers() -> Vec<Value> {
    let task: Value = serde_json::from_str(TASK).unwrap();
    task["Containers"].as_array().unwrap().clone()
}

/// The id of the container whose name is `name`.
pub fn container_id(name: &str) -> String {
    let containers = task_containers();
    let container = containers
        .iter()
        .find(|container| container["Name"] == name);
    container.unwrap()["DockerId"].as_str().unwrap().to_owned()
}
