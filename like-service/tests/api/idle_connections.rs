//! Idle connections. These tests wait for the real time limits, so they run with the slow tests.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::BINARY;
use test_support::service::Service;

#[test]
#[ignore = "waits 75 s for the keep-alive to end"]
fn the_server_closes_an_idle_connection_after_75_seconds() {
    let service = crate::start();
    let mut stream = service.connect();
    stream
        .set_read_timeout(Some(Duration::from_secs(90)))
        .unwrap();
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let start = Instant::now();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"));
    let kept = start.elapsed();
    assert!(
        (Duration::from_secs(70)..Duration::from_secs(80)).contains(&kept),
        "{kept:?}"
    );
}

#[tokio::test]
#[ignore = "waits 30 s for the pool to close"]
async fn an_idle_connection_to_the_monolith_is_closed_and_the_next_like_reconnects() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let service = Service::start(BINARY, &[("MONOLITH_URL", &address)]);
    let like = tokio::spawn(Client::new().post(service.url("/mysfits/one/like")).send());
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = [0; 1024];
    assert!(stream.read(&mut head).await.unwrap() > 0);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    stream.write_all(answer).await.unwrap();
    assert_eq!(like.await.unwrap().unwrap().status(), 200);
    let start = Instant::now();
    assert_eq!(stream.read(&mut head).await.unwrap(), 0);
    let kept = start.elapsed();
    assert!(kept < Duration::from_secs(59), "{kept:?}");
    drop(stream);
    let like = tokio::spawn(Client::new().post(service.url("/mysfits/one/like")).send());
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(stream.read(&mut head).await.unwrap() > 0);
    stream.write_all(answer).await.unwrap();
    assert_eq!(like.await.unwrap().unwrap().status(), 200);
}

#[test]
#[ignore = "waits 80 s for the bound on idle connections"]
fn a_connection_that_stalls_within_a_later_request_head_is_closed() {
    let service = crate::start();
    let mut stream = service.connect();
    stream
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    stream.write_all(b"GET / HT").unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}
