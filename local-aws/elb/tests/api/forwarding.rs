//! The head of a request as a target receives it, on a raw socket.

use std::net::SocketAddr;

use crate::client::raw;
use crate::target::{Act, OK, Target, balancer, quick_group, registered};

/// The head that the target receives when a client sends `request`, a head without its last line.
async fn seen(request: &str) -> (String, SocketAddr) {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let request = format!("{request}\r\nConnection: close\r\n\r\n");
    let answer = tokio::task::spawn_blocking(move || raw(alb, request.as_bytes()));
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    (target.requests().remove(0), alb)
}

/// The values of a header, in order.
fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields
        .filter(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

fn is_trace_id(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let hex = |part: &str| part.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    matches!(parts[..], ["1", time, chance]
        if time.len() == 8 && chance.len() == 24 && hex(time) && hex(chance))
}

#[tokio::test]
async fn a_request_without_a_trace_header_gets_a_root() {
    let (head, _) = seen("GET / HTTP/1.1\r\nHost: x").await;
    let [header] = values(&head, "X-Amzn-Trace-Id")[..] else {
        panic!("{head}");
    };
    assert!(
        is_trace_id(header.strip_prefix("Root=").unwrap()),
        "{header}"
    );
}

#[tokio::test]
async fn a_root_is_kept_behind_a_self_of_the_load_balancer() {
    let root = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    for sent in [root.to_owned(), format!("Self=1-1-1;{root}")] {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Amzn-Trace-Id: {sent}");
        let (head, _) = seen(&request).await;
        let [header] = values(&head, "X-Amzn-Trace-Id")[..] else {
            panic!("{head}");
        };
        let (own, rest) = header.split_once(';').unwrap();
        assert!(is_trace_id(own.strip_prefix("Self=").unwrap()), "{header}");
        assert_eq!(rest, root);
    }
}

#[tokio::test]
async fn the_target_receives_the_address_of_the_client_and_the_port() {
    let (head, alb) = seen("GET / HTTP/1.1\r\nHost: mysfits.example").await;
    assert_eq!(values(&head, "Host"), ["mysfits.example"]);
    assert_eq!(values(&head, "X-Forwarded-For"), ["127.0.0.1"]);
    assert_eq!(values(&head, "X-Forwarded-Proto"), ["http"]);
    assert_eq!(values(&head, "X-Forwarded-Port"), [alb.port().to_string()]);
    // An ALB sets neither.
    assert!(values(&head, "Forwarded").is_empty());
    assert!(values(&head, "X-Forwarded-Host").is_empty());
}

#[tokio::test]
async fn forwarding_headers_of_a_client_are_extended_or_replaced() {
    let (head, alb) = seen(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443",
    )
    .await;
    assert_eq!(values(&head, "X-Forwarded-For"), ["203.0.113.7, 127.0.0.1"]);
    assert_eq!(values(&head, "X-Forwarded-Proto"), ["http"]);
    assert_eq!(values(&head, "X-Forwarded-Port"), [alb.port().to_string()]);
}

#[tokio::test]
async fn headers_of_one_hop_end_at_the_load_balancer() {
    let (head, _) = seen("GET / HTTP/1.1\r\nHost: x\r\nKeep-Alive: timeout=5\r\nTE: gzip").await;
    for name in ["Connection", "Keep-Alive", "TE"] {
        assert!(values(&head, name).is_empty(), "{head}");
    }
}

#[tokio::test]
async fn a_client_can_neither_remove_forwarding_headers_nor_upgrade() {
    let (head, _) = seen(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, X-Amzn-Trace-Id, X-Forwarded-For, Host, x-own\r\nX-Own: 1\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    .await;
    assert_eq!(values(&head, "X-Forwarded-For"), ["127.0.0.1"]);
    assert_eq!(values(&head, "X-Amzn-Trace-Id").len(), 1);
    assert!(values(&head, "Connection").is_empty(), "{head}");
    assert!(values(&head, "Upgrade").is_empty(), "{head}");
    assert!(values(&head, "X-Own").is_empty(), "{head}");
    assert_eq!(values(&head, "Host"), ["x"]);
}

#[tokio::test]
async fn the_request_target_arrives_as_it_was_sent() {
    for target in [
        "/mysfits?filter=GoodEvil&value=Good%20",
        "/mysfits/a%2Fb/like",
        "//double//slashes/",
        "/%2e%2e/./x/../y",
        "/?",
        "/mysfits/%ff?a=b?c=d",
    ] {
        let (head, _) = seen(&format!("POST {target} HTTP/1.1\r\nHost: x")).await;
        let line = head.lines().next().unwrap();
        assert_eq!(line, format!("POST {target} HTTP/1.1"));
    }
}

#[tokio::test]
async fn the_host_of_a_target_in_absolute_form_replaces_the_header() {
    let (head, _) = seen("GET http://right.example/a?b HTTP/1.1\r\nHost: wrong.example").await;
    assert!(head.starts_with("GET /a?b HTTP/1.1\r\n"), "{head}");
    assert_eq!(values(&head, "Host"), ["right.example"]);
}

#[tokio::test]
async fn a_body_arrives_with_its_length() {
    let (head, _) = seen("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0").await;
    assert_eq!(values(&head, "Content-Length"), ["0"]);
    assert!(values(&head, "Transfer-Encoding").is_empty());
}
