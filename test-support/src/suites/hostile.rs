//! Tests of hostile clients: health checks are answered while the clients are connected, and memory stays bounded.
//!
//! The tests print the longest time of a health check. They do not compare it with a limit shorter than [`WAIT_LIMIT`], because other
//! programs may use the processors. Without its defences a service answers only after its idle timeout of 75 s.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, park_timeout, spawn};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::answer::{parse_answer, send_head};
use crate::memory::peak_memory_bytes;
use crate::program::Program;
use crate::service::{Service, WAIT_LIMIT};

suite! {
    $ hostile_tests, hostile:
    health_checks_are_answered_while_10_000_connections_are_idle,
    health_checks_are_answered_while_idle_clients_exceed_a_limit_of_256_or_1_024_open_files,
    health_checks_are_answered_while_slow_heads_exceed_a_limit_of_256_open_files,
    health_checks_are_answered_and_memory_is_bounded_during_floods,
    health_checks_are_answered_during_floods_on_one_processor,
}

/// Maximum of a service's memory in all tests. 10,000 connections need about 80 MiB.
const MAX_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// The number of health checks of a test.
const HEALTH_CHECKS: usize = 50;

/// Files of the test's process that are no connections of clients.
const OTHER_FILES: u64 = 200;

/// Sends health checks on new connections. Prints the longest time, and checks the memory of the service.
fn assert_healthy(service: &Service, situation: &str) {
    let longest = (0..HEALTH_CHECKS).map(|_| {
        let start = Instant::now();
        let answer = send_head(service, "GET /health/live HTTP/1.1");
        assert_eq!(parse_answer(&answer).0, 200, "{situation}: {answer}");
        start.elapsed()
    });
    let longest = longest.max().unwrap_or_default();
    assert!(longest < WAIT_LIMIT, "{situation}: {longest:?}");
    let memory = peak_memory_bytes(service.child.id());
    println!("{situation}: a health check took at most {longest:?}, memory {memory:?}");
    assert!(
        memory.is_none_or(|bytes| bytes < MAX_MEMORY_BYTES),
        "{memory:?}"
    );
}

/// Opens `count` connections, or fewer if this process may not open as many files.
fn connect(service: &Service, count: usize) -> Vec<TcpStream> {
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
            send_head(service, "GET /health/live HTTP/1.1");
        }
        service.connect()
    };
    (0..count.min(permitted)).map(connect).collect()
}

fn health_checks_are_answered_while_10_000_connections_are_idle(program: &Program) {
    let service = program.start();
    // The limit of connections is 10,000.
    let idle = connect(&service, 10_100);
    assert_healthy(&service, &format!("{} idle connections", idle.len()));
}

/// Starts the service with a limit of open files.
fn start_with_open_files(program: &Program, files: u32) -> Service {
    let script = format!("ulimit -n {files} && exec \"$0\"");
    Service::start_by_shell(&script, program.binary, program.required)
}

fn health_checks_are_answered_while_idle_clients_exceed_a_limit_of_256_or_1_024_open_files(
    program: &Program,
) {
    for files in [256, 1024] {
        let service = start_with_open_files(program, files);
        let mut idle = connect(&service, 2 * files as usize);
        assert_healthy(
            &service,
            &format!("{files} files, {} idle clients", idle.len()),
        );
        // The connections that had no request were closed, the oldest first.
        assert_eq!(idle[0].read(&mut [0]).unwrap(), 0);
        let last = idle.last_mut().unwrap();
        last.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut status = [0; 12];
        last.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}

fn health_checks_are_answered_while_slow_heads_exceed_a_limit_of_256_open_files(program: &Program) {
    let service = start_with_open_files(program, 256);
    let attack = Attack::start(vec![slow_heads(service.port)]);
    assert_healthy(&service, "256 files, slow heads");
    attack.stop();
}

/// All floods. Some clients send as much as they can, others do not read the answers.
fn floods(port: u16) -> Vec<Box<dyn FnMut() + Send>> {
    let live = "GET /health/live HTTP/1.1\r\nHost: x\r\n";
    let post = "POST /mysfits/x/like HTTP/1.1\r\nHost: x\r\n";
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let pipelined = format!("{live}\r\n").repeat(1000);
    vec![
        slow_heads(port),
        flood(
            port,
            format!("{post}Transfer-Encoding: chunked\r\n\r\n"),
            chunk,
        ),
        flood(port, live.to_owned(), "X-More: x\r\n".repeat(1000)),
        flood(port, "GET /".to_owned(), "x".repeat(0x8000)),
        flood(
            port,
            format!("{live}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
            "x".repeat(0x8000),
        ),
        unread(port, pipelined),
    ]
}

fn health_checks_are_answered_and_memory_is_bounded_during_floods(program: &Program) {
    let service = program.start();
    let attack = Attack::start(floods(service.port));
    assert_healthy(&service, "floods");
    attack.stop();
}

fn health_checks_are_answered_during_floods_on_one_processor(program: &Program) {
    if !has_taskset() {
        println!("SKIPPED: taskset is not available");
        return;
    }
    let script = r#"exec taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')" "$0""#;
    let service = Service::start_by_shell(script, program.binary, program.required);
    let attack = Attack::start(floods(service.port));
    assert_healthy(&service, "floods, one processor");
    attack.stop();
}

fn has_taskset() -> bool {
    let mut command = Command::new("taskset");
    let command = command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Hostile clients, each in a thread that repeats its step.
struct Attack {
    must_stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Attack {
    /// Starts the clients. Each has made its step once when this function returns.
    fn start(clients: Vec<Box<dyn FnMut() + Send>>) -> Self {
        let must_stop = Arc::<AtomicBool>::default();
        let (sender, steps) = std::sync::mpsc::channel();
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
    fn stop(self) {
        self.must_stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
    }
}

fn connect_to(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let limit = Some(Duration::from_millis(100));
    stream.set_write_timeout(limit).unwrap();
    stream
}

/// A client with 300 connections. In each step it sends one more byte of each head. It replaces closed connections.
fn slow_heads(port: u16) -> Box<dyn FnMut() + Send> {
    let mut connections = Vec::new();
    Box::new(move || {
        connections.retain_mut(|stream: &mut TcpStream| stream.write_all(b"x").is_ok());
        while connections.len() < 300 {
            let mut stream = connect_to(port);
            // The service may already have closed the connection.
            let _ = stream.write_all(b"GET /health/live HTTP/1.1\r\nX-Slow: ");
            connections.push(stream);
        }
        // The pace of the client.
        park_timeout(Duration::from_millis(10));
    })
}

/// A client that sends `start` and then `more` until the service closes the connection. It reads nothing.
fn flood(port: u16, start: String, more: String) -> Box<dyn FnMut() + Send> {
    const MAX_BYTES: usize = 96 * 1024 * 1024;
    Box::new(move || {
        let mut stream = connect_to(port);
        let mut sent = stream.write(start.as_bytes()).unwrap_or_default();
        loop {
            match stream.write(more.as_bytes()) {
                Ok(bytes) => sent += bytes,
                // The service has closed the connection, or reads no further.
                Err(_) => return,
            }
            assert!(
                sent < MAX_BYTES,
                "{start}: the service has read {sent} bytes"
            );
        }
    })
}

/// A client that sends requests and does not read the answers. It keeps its last 50 connections.
fn unread(port: u16, requests: String) -> Box<dyn FnMut() + Send> {
    let mut connections = Vec::new();
    Box::new(move || {
        let mut stream = connect_to(port);
        while stream.write_all(requests.as_bytes()).is_ok() {}
        connections.push(stream);
        if connections.len() > 50 {
            connections.remove(0);
        }
    })
}
