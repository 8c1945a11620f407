//! The limit of client connections: idle connections are closed, the oldest first.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::target::{Act, MAX_CONNECTIONS, OK, Target, balancer, quick_group, registered};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

async fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    let length = stream.read(&mut bytes).await.unwrap();
    bytes.truncate(length);
    bytes
}

#[tokio::test]
async fn at_the_limit_idle_connections_are_closed_oldest_first_and_those_with_a_request_stay_open()
{
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let mut used = TcpStream::connect(alb).await.unwrap();
    used.write_all(REQUEST).await.unwrap();
    assert!(read(&mut used).await.starts_with(b"HTTP/1.1 200"));
    let mut unused = Vec::new();
    for number in 1..MAX_CONNECTIONS {
        let mut stream = TcpStream::connect(alb).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET / HT").await.unwrap();
        }
        unused.push(stream);
    }
    // These replace half of the connections that had no request.
    let mut new = Vec::new();
    for _ in 0..MAX_CONNECTIONS / 2 {
        let mut stream = TcpStream::connect(alb).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        assert!(read(&mut stream).await.starts_with(b"HTTP/1.1 200"));
        new.push(stream);
    }
    let (closed, open) = unused.split_at_mut(MAX_CONNECTIONS / 2);
    for stream in closed {
        assert_eq!(read(stream).await, b"");
    }
    used.write_all(REQUEST).await.unwrap();
    assert!(read(&mut used).await.starts_with(b"HTTP/1.1 200"));
    let last = open.last_mut().unwrap();
    last.write_all(REQUEST).await.unwrap();
    assert!(read(last).await.starts_with(b"HTTP/1.1 200"));
}
