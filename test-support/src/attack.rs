//! Hostile clients: idle connections, slow request heads, floods, and clients that do not read their responses.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, park_timeout, spawn};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::service::WAIT_LIMIT;

/// Files of the test's process that are no connections of clients.
const OTHER_FILES: u64 = 200;

/// What a hostile client does repeatedly.
pub type Step = Box<dyn FnMut() + Send>;

/// Opens `count` idle connections, or fewer if this process may not open as many files.
pub fn connect_many(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // macOS refuses an unlimited number. Then the previous limit remains.
    let _ = setrlimit(Resource::Nofile, raised);
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let permitted = usize::try_from(limit.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    let connect = |number| {
        // The answer shows that the connections before it were accepted. If the listener's backlog is full, the kernel of the client
        // waits a second before it tries again.
        if number % 100 == 0 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(WAIT_LIMIT)).unwrap();
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let _ = stream.read(&mut [0]);
        }
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(WAIT_LIMIT)).unwrap();
        stream
    };
    (0..count.min(permitted)).map(connect).collect()
}

/// Hostile clients, each in a thread that repeats its step.
pub struct Attack {
    must_stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Attack {
    /// Starts the clients. Each has made its step once when this function returns.
    pub fn start(clients: Vec<Step>) -> Self {
        let must_stop = Arc::<AtomicBool>::default();
        let (sender, steps) = channel();
        let count = clients.len();
        let clients = clients.into_iter().map(|mut step| {
            let (must_stop, sender) = (Arc::clone(&must_stop), sender.clone());
            spawn(move || {
                step();
                sender.send(()).unwrap();
                while !must_stop.load(Ordering::Relaxed) {
                    step();
                }
            })
        });
        let clients = clients.collect();
        for _ in 0..count {
            steps.recv_timeout(WAIT_LIMIT).unwrap();
        }
        Self { must_stop, clients }
    }

    /// Ends the clients. Fails if a client has failed.
    pub fn stop(mut self) {
        self.must_stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.join().unwrap();
        }
    }
}

impl Drop for Attack {
    /// Ends the clients of a test that has failed.
    fn drop(&mut self) {
        self.must_stop.store(true, Ordering::Relaxed);
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    let limit = Some(Duration::from_millis(100));
    stream.set_write_timeout(limit).unwrap();
    stream
}

/// A client with 300 connections. In each step it sends one more byte of each head. It replaces closed connections.
pub fn slow_heads(address: SocketAddr) -> Step {
    let mut connections = Vec::new();
    Box::new(move || {
        connections.retain_mut(|stream: &mut TcpStream| stream.write_all(b"x").is_ok());
        while connections.len() < 300 {
            let mut stream = connect(address);
            // The service may already have closed the connection.
            let _ = stream.write_all(b"GET /health/live HTTP/1.1\r\nX-Slow: ");
            connections.push(stream);
        }
        // The pace of the client.
        park_timeout(Duration::from_millis(10));
    })
}

/// A client that sends `start` and then `more` until the server closes the connection. It reads nothing. It fails if it has sent
/// `max_bytes` on one connection.
fn flood(address: SocketAddr, max_bytes: Option<usize>, start: String, more: String) -> Step {
    Box::new(move || {
        let mut stream = connect(address);
        let mut sent = stream.write(start.as_bytes()).unwrap_or_default();
        loop {
            match stream.write(more.as_bytes()) {
                Ok(bytes) => sent += bytes,
                // The service has closed the connection, or reads no further.
                Err(_) => return,
            }
            assert!(
                max_bytes.is_none_or(|max| sent < max),
                "{start}: the server has read {sent} bytes"
            );
        }
    })
}

/// A client that sends requests and does not read the answers. It keeps its last 50 connections.
fn unread(address: SocketAddr, requests: String) -> Step {
    let mut connections = Vec::new();
    Box::new(move || {
        let mut stream = connect(address);
        while stream.write_all(requests.as_bytes()).is_ok() {}
        connections.push(stream);
        if connections.len() > 50 {
            connections.remove(0);
        }
    })
}

/// All floods. Some clients send as much as they can, others do not read the answers. A client fails if it could send `max_bytes` on one
/// connection.
pub fn floods(address: SocketAddr, max_bytes: Option<usize>) -> Vec<Step> {
    let live = "GET /health/live HTTP/1.1\r\nHost: x\r\n";
    let post = "POST /mysfits/x/like HTTP/1.1\r\nHost: x\r\n";
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let pipelined = format!("{live}\r\n").repeat(1000);
    vec![
        slow_heads(address),
        flood(
            address,
            max_bytes,
            format!("{post}Transfer-Encoding: chunked\r\n\r\n"),
            chunk,
        ),
        flood(
            address,
            max_bytes,
            live.to_owned(),
            "X-More: x\r\n".repeat(1000),
        ),
        flood(address, max_bytes, "GET /".to_owned(), "x".repeat(0x8000)),
        flood(
            address,
            max_bytes,
            format!("{live}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
            "x".repeat(0x8000),
        ),
        unread(address, pipelined),
    ]
}

/// How often [`until_answered`] sends a request.
const MAX_ATTEMPTS: usize = 20;

/// Sends a request until it is answered. At its limit of connections a server closes one that waits for a request. While clients connect without
/// end, that can be a new one whose request is on its way. Returns an empty answer if no attempt was answered.
pub fn until_answered(mut send: impl FnMut() -> String) -> String {
    let mut answers = (0..MAX_ATTEMPTS).map(|_| send());
    answers
        .find(|answer| !answer.is_empty())
        .unwrap_or_default()
}
