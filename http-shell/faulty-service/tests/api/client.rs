//! Clients on raw sockets.

use std::io::{Read, Write};
use std::net::TcpStream;

use test_support::service::Service;

/// Sends a request for `path` on a connection of its own, which the service closes after the answer.
pub fn send(service: &Service, path: &str) -> TcpStream {
    let mut stream = service.connect();
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// The answer to `GET path`.
pub fn get(service: &Service, path: &str) -> String {
    let mut answer = String::new();
    send(service, path).read_to_string(&mut answer).unwrap();
    answer
}

/// Reads the first bytes of the answer.
pub fn begin_to_read(stream: &mut TcpStream) {
    stream.read_exact(&mut [0; 100]).unwrap();
}
