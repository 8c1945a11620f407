//! Functions that send requests on raw sockets.

use std::io::{Read, Write};
use std::net::TcpStream;

use test_support::service::Service;

/// Opens a connection and sends `GET path` with `Connection: close`.
pub fn send_get(service: &Service, path: &str) -> TcpStream {
    let mut stream = service.connect();
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Sends `GET path` and returns the whole response.
pub fn get_response(service: &Service, path: &str) -> String {
    let mut response = String::new();
    send_get(service, path)
        .read_to_string(&mut response)
        .unwrap();
    response
}

/// Reads the first 100 bytes of the response.
pub fn read_first_bytes(stream: &mut TcpStream) {
    stream.read_exact(&mut [0; 100]).unwrap();
}
