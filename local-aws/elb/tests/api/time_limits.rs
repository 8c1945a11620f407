//! The time limits of client connections.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::access_log::{Line, answers};
use crate::found;
use crate::target::{Act, OK, Target, logging_balancer, quick_group, registered};

#[tokio::test]
async fn an_incomplete_request_is_a_408_and_a_connection_without_a_request_is_closed() {
    let group = quick_group();
    let target = Target::start(Act::Hang).await;
    let _registered = registered(&group, &[&target]).await;
    for (bytes, answered) in [
        ("", ""),
        ("\r\n", ""),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nX-A",
            "HTTP/1.1 408 Request Time-out\r\n",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
            "HTTP/1.1 408 Request Time-out\r\n",
        ),
    ] {
        let idle = Duration::from_millis(300);
        let (alb, lines) = logging_balancer(Vec::new(), group.clone(), idle).await;
        let answer = answers(alb, bytes.to_owned()).await;
        assert_eq!(
            answer.get(..answered.len()),
            Some(answered),
            "{bytes:?}: {answer}"
        );
        match answered {
            "" => assert_eq!((answer.len(), lines.count()), (0, 0), "{bytes:?}"),
            _ => assert_eq!(Line::first(&lines).await.get("elb_status_code"), "408"),
        }
    }
}

#[tokio::test]
async fn a_connection_that_waits_for_a_slow_target_is_not_idle() {
    let group = quick_group();
    let target = Target::start(Act::Late(Duration::from_millis(900), OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let idle = Duration::from_millis(300);
    let (alb, _) = logging_balancer(Vec::new(), group, idle).await;
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    let answer = answers(alb, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn the_idle_timeout_begins_when_the_answer_was_sent() {
    let group = quick_group();
    let target = Target::start(Act::Late(Duration::from_millis(1900), OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let idle = Duration::from_secs(1);
    let (alb, _) = logging_balancer(Vec::new(), group, idle).await;
    let mut stream = TcpStream::connect(alb).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; 1024];
    assert_ne!(stream.read(&mut answer).await.unwrap(), 0);
    let answered = Instant::now();
    while stream.read(&mut answer).await.unwrap() > 0 {}
    assert!(answered.elapsed() > idle / 2, "{:?}", answered.elapsed());
}

#[tokio::test]
async fn a_head_that_arrives_byte_by_byte_has_a_time_limit() {
    let idle = Duration::from_millis(300);
    let (alb, _) = logging_balancer(Vec::new(), quick_group(), idle).await;
    let mut stream = TcpStream::connect(alb).await.unwrap();
    let head = b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ";
    stream.write_all(head).await.unwrap();
    let mut answer = vec![0; 1024];
    let length = found("an answer", async || {
        stream.write_all(b"a").await.unwrap();
        stream.try_read(&mut answer).ok()
    })
    .await;
    assert!(answer[..length].starts_with(b"HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_line_without_an_end_is_refused_at_the_limit() {
    let (alb, _) = logging_balancer(Vec::new(), quick_group(), Duration::from_secs(60)).await;
    let target = "x".repeat(16 * 1024);
    let answer = answers(alb, format!("GET /{target}")).await;
    assert!(answer.starts_with("HTTP/1.1 414 "), "{answer}");
}
