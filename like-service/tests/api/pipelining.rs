//! Pipelining: requests that a client sends before it has received the previous answer.

use crate::start;
use test_support::answer::parse_answer;

const LIVE_BODY: &str = r#"{"status":"live"}"#;

/// Formats the head of a request with the request line `line` and the headers `headers`.
fn request_head(line: &str, headers: &str) -> String {
    format!("{line}\r\nHost: x\r\n{headers}\r\n")
}

#[test]
fn a_pipelined_head_request_is_answered_without_a_body_and_a_get_with_its_body() {
    let service = start();
    // The answer to the first request depends on the monolith, so the second request arrives before this
    // answer.
    let close = "Connection: close\r\n";
    let requests =
        request_head("HEAD / HTTP/1.1", "") + &request_head("GET /health/live HTTP/1.1", close);
    let answers = service.send_raw(requests.as_bytes());
    let (status, _, rest) = parse_answer(&answers);
    assert_eq!(status, 503, "{answers}");
    let (status, _, body) = parse_answer(rest);
    assert_eq!((status, body), (200, LIVE_BODY), "{answers}");

    let requests =
        request_head("GET / HTTP/1.1", "") + &request_head("HEAD /health/live HTTP/1.1", close);
    let answers = service.send_raw(requests.as_bytes());
    let (status, _, rest) = parse_answer(&answers);
    assert_eq!(status, 503, "{answers}");
    let (body, rest) = rest.split_once("HTTP/1.1").expect(&answers);
    assert!(body.contains("error"), "{answers}");
    assert!(rest.starts_with(" 200"), "{answers}");
}

#[test]
fn pipelined_requests_with_bodies_are_all_answered() {
    let service = start();
    let body = "GET /nothing HTTP/1.1\r\n\r\n\n".repeat(100);
    let length = format!("Content-Length: {}\r\n", body.len());
    let chunked = request_head("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n")
        + &format!("{:x};a=b\r\n{body}\r\n0\r\nA: b\r\n\r\n", body.len());
    let requests = chunked.clone()
        + &request_head("POST / HTTP/1.1", &length)
        + &body
        + "\r\n"
        + &chunked
        + &request_head("GET /health/live HTTP/1.1", "Connection: close\r\n");
    let answers = service.send_raw(requests.as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 405").count(), 3, "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 4, "{answers}");
    assert!(answers.ends_with(LIVE_BODY), "{answers}");
}

#[test]
fn a_request_after_an_answer_that_closes_the_connection_is_not_handled() {
    let service = start();
    let large_body = "x".repeat(70_000);
    let large_chunk = format!("{:x}\r\n{large_body}\r\n0\r\n\r\n", large_body.len());
    for (line, headers, body) in [
        ("GET / HTTP/1.1", "Connection: close\r\n", ""),
        ("GET / HTTP/1.0", "", ""),
        (
            "GET / HTTP/1.1",
            "Connection: upgrade\r\nUpgrade: x\r\n",
            "",
        ),
        ("POST / HTTP/1.1", "Content-Length: 70000\r\n", &*large_body),
        (
            "POST / HTTP/1.1",
            "Transfer-Encoding: chunked\r\n",
            &*large_chunk,
        ),
    ] {
        let next_request = request_head("GET /health/live HTTP/1.1", "");
        let requests = request_head(line, headers) + body + &next_request;
        let answers = service.send_raw(requests.as_bytes());
        assert_eq!(
            answers.matches("HTTP/1.").count(),
            1,
            "{line} {headers}: {answers}"
        );
    }
}
