//! Tests of endless request bodies: a service closes the connection before a client has sent much more than
//! the body limit.

use std::io::{ErrorKind, Read, Write};
use std::thread;

use super::bodies::{CHUNKED_HEADER, H2C_UPGRADE_HEADERS};
use crate::program::Program;
use crate::service::{Service, WAIT_LIMIT};

suite! {
    $ endless_bodies_tests, endless_bodies:
    no_request_can_send_more_than_the_body_limit,
}

/// A service that accepts this number of bytes has no body limit: the socket buffers of both sides can
/// store far fewer bytes.
const FLOOD_BYTES: usize = 96 * 1024 * 1024;

const HUGE_LENGTH_HEADER: &str = "Content-Length: 1000000000000";

/// The endless part of a request.
#[derive(Clone, Copy, Debug)]
enum Flood {
    Bytes,
    Chunks,
    ChunkExtension,
    ChunkSize,
    Trailers,
}

impl Flood {
    /// Returns the first bytes of the endless part, and the bytes that the client sends repeatedly after
    /// the first bytes.
    fn bytes(self) -> (&'static str, String) {
        match self {
            Self::Bytes => ("", "x".repeat(0x10000)),
            Self::Chunks => ("", format!("8000\r\n{}\r\n", "x".repeat(0x8000)).repeat(2)),
            Self::ChunkExtension => ("1;", "x".repeat(0x10000)),
            Self::ChunkSize => ("", "0".repeat(0x10000)),
            Self::Trailers => ("1\r\nx\r\n0\r\n", "X-More: x\r\n".repeat(0x1000)),
        }
    }
}

/// Returns the heads of requests, and for each head the kind of the request's endless part.
fn requests_with_endless_bodies() -> Vec<(String, Flood)> {
    use Flood::*;
    let request =
        |line: &str, headers: &[&str], flood| ([&[line], headers].concat().join("\r\n"), flood);
    let live_request_line = "POST /health/live HTTP/1.1";
    let preflight = "OPTIONS /health/live HTTP/1.1";
    let connect = "CONNECT health:80 HTTP/1.1";
    let mut requests = vec![
        request(live_request_line, &[HUGE_LENGTH_HEADER], Bytes),
        request("PUT /nothing HTTP/1.1", &[HUGE_LENGTH_HEADER], Bytes),
        request("POST /health/live HTTP/1.0", &[HUGE_LENGTH_HEADER], Bytes),
        request(preflight, &[HUGE_LENGTH_HEADER], Bytes),
        request(connect, &[HUGE_LENGTH_HEADER], Bytes),
        request(connect, &[], Bytes),
        request(connect, &["Upgrade: websocket"], Bytes),
        request(live_request_line, &["Upgrade: websocket"], Bytes),
        request(
            live_request_line,
            &["Upgrade: websocket", "Connection: upgrade"],
            Bytes,
        ),
        request(
            live_request_line,
            &["Upgrade: WebSocket", "Connection: keep-alive"],
            Bytes,
        ),
        request(
            live_request_line,
            &["Upgrade: websocket", "Content-Length: 4"],
            Bytes,
        ),
        request(preflight, &["Upgrade: websocket"], Bytes),
        request("GET /health/live HTTP/1.0", &["Upgrade: websocket"], Bytes),
        request(
            live_request_line,
            &["Upgrade: nothing", HUGE_LENGTH_HEADER],
            Bytes,
        ),
        request(
            live_request_line,
            &[H2C_UPGRADE_HEADERS, HUGE_LENGTH_HEADER],
            Bytes,
        ),
        request(
            live_request_line,
            &["Expect: 100-continue", HUGE_LENGTH_HEADER],
            Bytes,
        ),
        request(
            live_request_line,
            &["Expect: 100-continue", "Upgrade: websocket"],
            Bytes,
        ),
    ];
    for flood in [Chunks, ChunkExtension, ChunkSize, Trailers] {
        for line in [
            live_request_line,
            preflight,
            connect,
            "GET / HTTP/1.1",
            "HEAD / HTTP/1.1",
        ] {
            requests.push(request(line, &[CHUNKED_HEADER], flood));
        }
        for header in [
            "Upgrade: websocket",
            "Upgrade: nothing",
            "Upgrade: nothing\r\nConnection: keep-alive",
            "Upgrade: nothing\r\nConnection: upgrade, keep-alive",
            "Connection: upgrade",
            "Connection: close",
            "Expect: 100-continue",
            H2C_UPGRADE_HEADERS,
        ] {
            requests.push(request(live_request_line, &[header, CHUNKED_HEADER], flood));
        }
    }
    requests
}

/// Sends a request with an endless part until the service closes the connection. Returns the number of sent
/// bytes and the answer.
fn send_flood(service: &Service, head: &str, flood: Flood) -> (usize, String) {
    let mut stream = service.connect();
    stream.set_write_timeout(Some(WAIT_LIMIT)).unwrap();
    let mut answer_stream = stream.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut answer = Vec::new();
        let _ = answer_stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    });
    let (first_bytes, repeated_bytes) = flood.bytes();
    let first_bytes = format!("{head}\r\nHost: x\r\n\r\n{first_bytes}");
    let mut sent = 0;
    while sent < FLOOD_BYTES {
        let next_bytes = if sent == 0 {
            &first_bytes
        } else {
            &repeated_bytes
        };
        match stream.write(next_bytes.as_bytes()) {
            Ok(bytes) => sent += bytes,
            Err(error) => {
                let close_errors = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                assert!(close_errors.contains(&error.kind()), "{head}: {error}");
                break;
            }
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
    (sent, reader.join().unwrap())
}

fn no_request_can_send_more_than_the_body_limit(program: &Program) {
    let service = program.start();
    let mut max_sent = 0;
    for (head, flood) in requests_with_endless_bodies() {
        let (sent, answer) = send_flood(&service, &head, flood);
        assert!(
            sent < FLOOD_BYTES,
            "{sent} bytes of {flood:?} were accepted: {head}"
        );
        let answers = answer.matches("HTTP/1.").count() - answer.matches("100 Continue").count();
        assert_eq!(answers, 1, "{head} {flood:?}: {answer}");
        max_sent = max_sent.max(sent);
    }
    println!("at most {max_sent} bytes were sent");
}
