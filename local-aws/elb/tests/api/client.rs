//! The HTTP clients of the tests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use reqwest::Client;

use crate::PATIENCE;

/// A client that ignores the machine's proxy.
pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// The body of `GET url`, which must answer 200.
pub async fn get(url: &str) -> String {
    let answer = client().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.unwrap()
}

/// Sends these bytes on a new connection, and reads until the other side closes it.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The other side may answer and close before it has read all bytes.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
