use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;

use crate::monolith_stub::{FULFILLED_BODY, MonolithStub, Reply};
use crate::{BINARY, start_with_monolith};
use test_support::service::{Service, reserve_port};

async fn post_like(service: &Service) -> (u16, Value) {
    let answer = Client::new().post(service.url("/mysfits/one/like")).send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.headers()["content-type"], "application/json");
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_like_returns_the_json_of_the_monolith_byte_for_byte() {
    let json = r#"{ "Update":"Success",  "more": [1.0, "\u00e9"] }"#;
    for status in ["200 OK", "201 Created"] {
        let monolith = MonolithStub::start(Reply::json(status, json)).await;
        let service = start_with_monolith(&monolith, &[]);
        let answer = Client::new().post(service.url("/mysfits/one/like")).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_of_the_monolith_contains_only_the_trace_header_of_the_client() {
    let monolith = MonolithStub::start_fulfilling().await;
    let service = start_with_monolith(&monolith, &[]);
    let answer = service.send_raw(
        b"POST /mysfits/one/like?query=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
          Cookie: secret\r\nAuthorization: secret\r\nX-Forwarded-For: 1.2.3.4\r\n\
          User-Agent: me\r\nContent-Length: 4\r\n\
          X-Amzn-Trace-Id: Self=1-67891234-12456789abcdef0123456789;\
          Root=1-58406520-a006649127e371903a2de979;Secret=1\r\n\r\nbody",
    );
    assert!(answer.ends_with(FULFILLED_BODY), "{answer}");
    let address = monolith.address;
    let expected_head = format!(
        "POST /mysfits/one/fulfill-like HTTP/1.1\r\ncontent-length: 0\r\n\
         x-amzn-trace-id: Root=1-58406520-a006649127e371903a2de979\r\n\
         host: {address}\r\n\r\n"
    );
    assert_eq!(monolith.requests(), [expected_head]);
}

#[tokio::test(flavor = "multi_thread")]
async fn special_characters_in_an_id_reach_no_other_route_of_the_monolith() {
    let monolith = MonolithStub::start_fulfilling().await;
    let service = start_with_monolith(&monolith, &[]);
    for (id, encoded_id) in [
        ("a%3Fb", "a%3Fb"),
        ("a%23b", "a%23b"),
        ("a%252Fb", "a%252Fb"),
        ("a%0d%0aX:y", "a%0D%0AX%3Ay"),
        ("...", "..."),
        ("%c3%a9", "%C3%A9"),
        ("a;b@c", "a%3Bb%40c"),
    ] {
        let request =
            format!("POST /mysfits/{id}/like HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = service.send_raw(request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200"), "{id}: {answer}");
        let line = format!("POST /mysfits/{encoded_id}/fulfill-like HTTP/1.1\r\n");
        let last_head = monolith.requests().pop().unwrap();
        assert!(last_head.starts_with(&line), "{id}: {last_head}");
    }
    let calls = monolith.requests().len();
    let too_long_id = "x".repeat(2049);
    for (id, status) in [
        (".", 404),
        ("..", 404),
        ("%2e%2E", 404),
        (".%2e", 404),
        ("a%2Fb", 404),
        ("%2F", 404),
        ("a/b", 404),
        ("%ff", 400),
        (&too_long_id, 400),
    ] {
        let request =
            format!("POST /mysfits/{id}/like HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = service.send_raw(request.as_bytes());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{id}: {answer}"
        );
        assert!(answer.contains(r#"{"error":{"code":"#), "{id}: {answer}");
    }
    assert_eq!(monolith.requests().len(), calls);
}

#[tokio::test]
async fn each_answer_of_the_monolith_becomes_its_documented_status() {
    let html = "<html>upstream text</html>";
    let redirect = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    let too_large_json = format!("{{\"x\": \"{}\"}}", "x".repeat(100_000));
    for (reply, status, code) in [
        (Reply::json("200 OK", html), 502, "bad_gateway"),
        (Reply::json("200 OK", "[1]"), 502, "bad_gateway"),
        (Reply::json("200 OK", ""), 502, "bad_gateway"),
        (Reply::json("200 OK", &too_large_json), 502, "bad_gateway"),
        (Reply::KeepOpen(redirect.to_owned()), 502, "bad_gateway"),
        (Reply::json("400 Bad Request", html), 502, "bad_gateway"),
        (Reply::json("404 Not Found", html), 404, "not_found"),
        (
            Reply::json("429 Too Many Requests", html),
            502,
            "bad_gateway",
        ),
        (
            Reply::json("500 Internal Server Error", html),
            502,
            "bad_gateway",
        ),
        (Reply::json("502 Bad Gateway", html), 502, "bad_gateway"),
        (
            Reply::json("503 Service Unavailable", html),
            503,
            "service_unavailable",
        ),
        (
            Reply::json("504 Gateway Timeout", html),
            504,
            "gateway_timeout",
        ),
        // The Like service does not read the body of an error answer of the monolith.
        (
            Reply::json("503 Service Unavailable", &too_large_json),
            503,
            "service_unavailable",
        ),
        (
            Reply::Close("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\ncut".to_owned()),
            404,
            "not_found",
        ),
        (
            Reply::KeepOpen("HTTP/1.1 504 Late\r\nContent-Length: 100\r\n\r\nstalled".to_owned()),
            504,
            "gateway_timeout",
        ),
        (
            Reply::KeepOpen("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned()),
            504,
            "gateway_timeout",
        ),
        (Reply::Close("not http".to_owned()), 502, "bad_gateway"),
        (Reply::Close(String::new()), 502, "bad_gateway"),
    ] {
        let reply_start = match &reply {
            Reply::KeepOpen(bytes) | Reply::Close(bytes) => bytes.chars().take(60).collect(),
            Reply::Silence => String::new(),
        };
        let monolith = MonolithStub::start(reply).await;
        let service = start_with_monolith(&monolith, &[]);
        let (actual_status, body) = post_like(&service).await;
        assert_eq!(actual_status, status, "{reply_start}");
        assert_eq!(body["error"]["code"], code, "{reply_start}");
        assert!(!body.to_string().contains("upstream text"), "{reply_start}");
        assert_eq!(monolith.requests().len(), 1, "{reply_start}");
    }
}

#[tokio::test]
async fn a_silent_monolith_is_a_504_at_the_deadline_without_a_second_call() {
    let monolith = MonolithStub::start(Reply::Silence).await;
    let service = start_with_monolith(&monolith, &[("MONOLITH_TIMEOUT_MS", "300")]);
    let start = Instant::now();
    let (status, body) = post_like(&service).await;
    assert_eq!(status, 504);
    assert_eq!(body["error"]["code"], "gateway_timeout");
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_eq!(monolith.requests().len(), 1);
}

#[tokio::test]
async fn an_unreachable_monolith_is_a_503_with_the_cause_in_the_log() {
    let (port, _reservation) = reserve_port();
    let unreachable_address = format!("{}:{port}", Ipv4Addr::LOCALHOST);
    let service = Service::start(BINARY, &[("MONOLITH_URL", &unreachable_address)]);
    let (status, body) = post_like(&service).await;
    assert_eq!(status, 503);
    assert_eq!(body["error"]["code"], "service_unavailable");
    let line = service.wait_for_line(|line| line.contains(r#""level":"ERROR""#));
    assert!(line.contains("Connection refused"), "{line}");
}

#[tokio::test]
async fn a_closed_connection_to_the_monolith_does_not_fail_a_like() {
    let open_monolith = MonolithStub::start_fulfilling().await;
    let service = start_with_monolith(&open_monolith, &[]);
    for _ in 0..5 {
        assert_eq!(post_like(&service).await.0, 200);
    }
    let length = FULFILLED_BODY.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{FULFILLED_BODY}");
    let closing_monolith = MonolithStub::start(Reply::Close(answer)).await;
    let service = start_with_monolith(&closing_monolith, &[]);
    for _ in 0..20 {
        assert_eq!(post_like(&service).await.0, 200);
    }
    assert_eq!(closing_monolith.requests().len(), 20);
}

#[tokio::test]
async fn a_like_by_get_is_405() {
    let service = crate::start();
    let answer = reqwest::get(service.url("/mysfits/one/like"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
}
