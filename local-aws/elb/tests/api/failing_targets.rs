//! The pages that the load balancer itself sends if no target responds.

use reqwest::Response;

use crate::client::{client, raw};
use crate::target::{Act, Target, balancer, impatient_group, quick_group, registered};

async fn assert_own(answer: Response, status: u16) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["content-type"], "text/html");
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let page = answer.text().await.unwrap();
    assert!(page.contains(&format!("<h1>{status} ")), "{page}");
}

async fn answer_of(act: Act) -> Response {
    let group = impatient_group();
    let target = Target::start(act).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    client().get(format!("http://{alb}/")).send().await.unwrap()
}

#[tokio::test]
async fn a_target_that_closes_the_connection_is_a_502() {
    assert_own(answer_of(Act::Reset).await, 502).await;
}

#[tokio::test]
async fn an_invalid_response_of_a_target_is_a_502() {
    assert_own(answer_of(Act::Answer("what?\r\n\r\n")).await, 502).await;
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_a_504() {
    assert_own(answer_of(Act::Hang).await, 504).await;
}

#[tokio::test]
async fn a_target_that_refuses_the_connection_is_a_502() {
    let group = quick_group();
    // The port was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let _registered = group.register(closed.local_addr().unwrap());
    drop(closed);
    let alb = balancer(Vec::new(), group).await;
    let answer = client().get(format!("http://{alb}/")).send().await.unwrap();
    assert_own(answer, 502).await;
}

#[tokio::test]
async fn a_group_without_targets_is_a_503() {
    let alb = balancer(Vec::new(), quick_group()).await;
    let answer = client().get(format!("http://{alb}/")).send().await.unwrap();
    assert_own(answer, 503).await;
}

#[tokio::test]
async fn an_error_response_of_a_target_is_forwarded_unchanged() {
    let error = "HTTP/1.1 503 Service Unavailable\r\nAccess-Control-Allow-Origin: *\r\n\
                 Content-Length: 4\r\n\r\nmine";
    let answer = answer_of(Act::Answer(error)).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.text().await.unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_cannot_be_read_are_refused_without_a_target() {
    let group = quick_group();
    let target = Target::start(Act::Answer(crate::target::OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let huge = "x".repeat(100_000);
    for (head, status) in [
        ("nonsense".to_owned(), "400"),
        (
            "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close".to_owned(),
            "400",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: x\r\nX-Huge: {huge}"),
            "400",
        ),
    ] {
        let answer = raw(alb, format!("{head}\r\n\r\n").as_bytes());
        assert_eq!(answer.get(9..12), Some(status), "{answer}");
    }
    assert!(target.requests().is_empty());
}
