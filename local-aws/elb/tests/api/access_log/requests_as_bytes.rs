//! Requests that HTTP clients do not send: refused, ambiguous, and with invalid headers.

use std::time::Duration;

use super::{Line, answers};
use crate::client::raw;
use crate::target::{Act, OK, Target, balancer, logging_balancer, quick_group, registered};

async fn refused(bytes: &str) -> (String, Line) {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
    let bytes = bytes.to_owned();
    let answer = tokio::task::spawn_blocking(move || raw(alb, bytes.as_bytes()));
    let (answer, line) = (answer.await.unwrap(), Line::first(&lines).await);
    assert!(target.requests().is_empty());
    assert_eq!(line.get("sent_bytes"), answer.len().to_string());
    assert_eq!(line.get("target"), "-");
    assert_eq!(line.get("actions_executed"), "-");
    (answer, line)
}

#[tokio::test]
async fn a_refused_request_has_a_line_and_the_page_of_an_alb() {
    let long = "x".repeat(20_000);
    for (bytes, status, request) in [
        (
            "nonsense\r\n\r\n".to_owned(),
            "400 Bad Request",
            "- http://",
        ),
        (
            "GET /a HTTP/1.1\r\nUser-Agent: me\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {long}\r\n\r\n"),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            "405 Not Allowed",
            "TRACE http://",
        ),
        (
            format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
            "414 Request-URI Too Large",
            "- http://",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {}1\r\n\r\n",
                "1,".repeat(30)
            ),
            "463 ",
            "GET http://",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(),
            "501 Not Implemented",
            "POST http://",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
                .to_owned(),
            "400 Bad Request",
            "POST http://",
        ),
    ] {
        let (answer, line) = refused(&bytes).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\nServer: awselb/2.0\r\n")),
            "{answer}"
        );
        assert!(answer.contains(&format!("<h1>{status}</h1>")), "{answer}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        assert_eq!(line.get("elb_status_code"), &status[..3]);
        let received = if request.starts_with('-') {
            0
        } else {
            bytes.len()
        };
        assert_eq!(line.get("received_bytes"), received.to_string());
        let version = if request.starts_with('-') {
            "- -"
        } else {
            " HTTP/1.1"
        };
        assert!(
            line.get("request").ends_with(version),
            "{}",
            line.get("request")
        );
        assert!(
            line.get("request").starts_with(request),
            "{}",
            line.get("request")
        );
    }
    let (_, line) = refused("GET /a HTTP/1.1\r\nUser-Agent: me\r\n\r\n").await;
    assert_eq!(line.get("user_agent"), "me");
    let severe = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    let (_, line) = refused(severe).await;
    assert_eq!(line.get("classification"), "Severe");
    assert_eq!(line.get("classification_reason"), "MultipleContentLength");
    let (answer, _) = refused("HEAD / HTTP/1.1\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn requests_before_a_refused_one_on_the_same_connection_are_answered_first() {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let plain = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
    let sized = "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nGET /no HTTP/1.1\r\nHost:\r\n\r\n";
    let chunked = "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        1b;a=b\r\nGET /no HTTP/1.1\r\nHost:\r\n\r\n\r\n0\r\nA: b\r\n\r\n";
    let bad = "GET /4 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n";
    let answer = answers(alb, format!("{plain}{sized}{chunked}{bad}{plain}")).await;
    let statuses: Vec<_> = answer
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answer[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "200", "200", "400"], "{answer}");
    let paths = target.requests();
    let paths: Vec<_> = paths
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(paths, ["/1", "/2", "/3"]);
}

#[tokio::test]
async fn an_ambiguous_request_is_forwarded_once_and_both_connections_are_closed() {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
    let both = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = answers(alb, format!("{both}GET / HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let head = target.requests().remove(0).to_lowercase();
    assert!(!head.contains("content-length: 3"), "{head}");
    let line = Line::first(&lines).await;
    assert_eq!(line.get("classification"), "Ambiguous");
    assert_eq!(line.get("classification_reason"), "BothTeClPresent");
}

#[tokio::test]
async fn headers_with_invalid_names_are_dropped_as_the_template_wants() {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let request =
        "GET / HTTP/1.1\r\nHost: x\r\nX_A: 1\r\nX-B: 2\r\nX.C: 3\r\nConnection: close\r\n\r\n";
    answers(alb, request.to_owned()).await;
    let head = target.requests().remove(0).to_lowercase();
    assert!(
        head.contains("x-b: 2") && !head.contains("x_a") && !head.contains("x.c"),
        "{head}"
    );
}
