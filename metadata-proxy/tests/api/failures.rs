//! Tests with an endpoint that cannot be reached, does not answer, or sends an invalid response.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::endpoint::{Endpoint, Reply, TASK, container_id};
use crate::{BINARY, METADATA_URI_VARIABLE, error_code, get, start_proxy};
use test_support::service::{Service, WAIT_LIMIT, reserve_port};

/// The size of a response body that exceeds the proxy's limit for responses of the endpoint.
const OVERSIZED_BODY_BYTES: usize = 2 * 1024 * 1024;

const CHUNKED_HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const THROTTLED_MESSAGE: &str =
    "the metadata endpoint limits the rate of requests: try again later";
const TIMEOUT_MESSAGE: &str = "the metadata endpoint did not answer in time";
const UNREACHABLE_MESSAGE: &str = "the metadata endpoint cannot be reached";
const INVALID_RESPONSE_MESSAGE: &str = "the metadata endpoint sent an invalid response";

/// Asserts that the response to `GET path` has the expected status, code and message, and no cause.
fn assert_error(proxy: &Service, path: &str, expected: (u16, &str, &str)) {
    let (status, body) = get(proxy, path);
    assert_eq!(
        (status, &*error_code(&body)),
        (expected.0, expected.1),
        "{body}"
    );
    let message = format!(r#""message":"{}"}}"#, expected.2);
    assert!(body.contains(&message), "{body}");
}

fn assert_bad_gateway(proxy: &Service, path: &str, message: &str) {
    assert_error(proxy, path, (502, "bad_gateway", message));
}

#[test]
fn an_endpoint_that_does_not_answer_is_a_504_and_later_requests_succeed() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[("METADATA_TIMEOUT_MS", "300")]);
    for reply in [
        Reply::Delayed,
        Reply::Stall(b"HTTP/1.1 200 OK\r\nConte".to_vec()),
        Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec()),
        Reply::Stall(format!("{CHUNKED_HEAD}1\r\n{{\r\n").into()),
    ] {
        endpoint.set_reply(reply);
        let start = Instant::now();
        assert_error(
            &proxy,
            "/v2/metadata",
            (504, "gateway_timeout", TIMEOUT_MESSAGE),
        );
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{:?}",
            start.elapsed()
        );
        endpoint.set_reply(Reply::Document);
        assert_eq!(get(&proxy, "/v2/metadata"), (200, TASK.to_owned()));
    }
}

#[test]
fn an_endpoint_that_does_not_answer_fails_readiness_but_not_liveness() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[("METADATA_TIMEOUT_MS", "300")]);
    assert_eq!(get(&proxy, "/health/ready").0, 200);
    assert_eq!(endpoint.take_request_heads(), [endpoint.expected_head("")]);
    endpoint.set_reply(Reply::Delayed);
    assert_eq!(get(&proxy, "/health/live").0, 200);
    assert_eq!(get(&proxy, "/").0, 200);
    assert!(endpoint.take_request_heads().is_empty());
    assert_eq!(get(&proxy, "/health/ready").0, 503);
}

#[test]
fn an_unreachable_endpoint_is_a_502_and_the_cause_is_logged() {
    let (port, _reservation) = reserve_port();
    let unused_uri = format!("http://127.0.0.1:{port}/v4/a");
    let proxy = Service::start(BINARY, &[(METADATA_URI_VARIABLE, &unused_uri)]);
    for path in ["/v4/stats", "/v2/stats/a"] {
        assert_bad_gateway(&proxy, path, UNREACHABLE_MESSAGE);
        let line = proxy.wait_for_line(|line| line.contains(r#""level":"ERROR""#));
        assert!(line.contains("Connection refused"), "{line}");
    }
}

#[test]
fn a_response_of_more_than_one_mebibyte_is_a_502() {
    let endpoint = Endpoint::start();
    // The long deadline ensures that the size limit, and not the deadline, ends the call.
    let proxy = start_proxy(&endpoint, &[("METADATA_TIMEOUT_MS", "60000")]);
    let large_document = format!(r#"{{"a": "{}"}}"#, "x".repeat(OVERSIZED_BODY_BYTES));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for reply in [
        Reply::from_parts("200 OK", "", &large_document),
        Reply::Stall(
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {OVERSIZED_BODY_BYTES}\r\n\r\n{large_document}"
            )
            .into(),
        ),
        Reply::Endless(CHUNKED_HEAD, chunk.into()),
        Reply::Endless("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 0x10000]),
        Reply::Endless("HTTP/1.1 200 OK\r\n", b"X-More: x\r\n".to_vec()),
    ] {
        endpoint.set_reply(reply);
        let start = Instant::now();
        assert_bad_gateway(&proxy, "/v4/task", INVALID_RESPONSE_MESSAGE);
        assert!(start.elapsed() < WAIT_LIMIT, "{:?}", start.elapsed());
    }
}

#[test]
fn a_document_of_half_a_mebibyte_is_returned_to_the_client() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let large_document = format!(r#"{{"a": "{}"}}"#, "x".repeat(OVERSIZED_BODY_BYTES / 4));
    endpoint.set_reply(Reply::from_parts("200 OK", "", &large_document));
    assert_eq!(get(&proxy, "/v4/task/stats"), (200, large_document));
}

#[test]
fn an_invalid_response_is_a_502_without_the_text_of_the_endpoint() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let text = r#"{"error": "upstream text"}"#;
    for reply in [
        Reply::from_parts("400 Bad Request", "", text),
        Reply::from_parts("403 Forbidden", "", text),
        Reply::from_parts("500 Internal Server Error", "", text),
        Reply::from_parts("503 Service Unavailable", "", text),
        Reply::from_parts("504 Gateway Timeout", "", text),
        Reply::from_parts("304 Not Modified", "", ""),
        Reply::from_parts("204 No Content", "", ""),
        Reply::from_parts("200 OK", "", ""),
        Reply::from_parts("200 OK", "", "upstream text"),
        Reply::from_parts("200 OK", "", r#"{"upstream text": 1"#),
        Reply::from_parts("200 OK", "", "{} upstream text"),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}".to_vec()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\"\xff\"".to_vec()),
        Reply::Bytes(b"upstream text".to_vec()),
        Reply::Bytes(Vec::new()),
    ] {
        endpoint.set_reply(reply);
        assert_bad_gateway(&proxy, "/v2/metadata", INVALID_RESPONSE_MESSAGE);
        assert_eq!(endpoint.take_request_heads().len(), 1);
    }
    endpoint.set_reply(Reply::from_parts("200 OK", "", r#"["upstream text"]"#));
    let id = container_id("like-service");
    assert_bad_gateway(&proxy, &format!("/v2/stats/{id}"), INVALID_RESPONSE_MESSAGE);
}

#[test]
fn a_429_of_the_endpoint_is_answered_with_429_and_without_the_endpoints_text() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    for text in [
        "You have reached maximum request limit.",
        r#"{"error": "text"}"#,
        "",
    ] {
        endpoint.set_reply(Reply::from_parts("429 Too Many Requests", "", text));
        for path in ["/v4", "/v4/task/stats", "/v2/metadata/a", "/v2/stats/a"] {
            assert_error(&proxy, path, (429, "too_many_requests", THROTTLED_MESSAGE));
        }
        assert_eq!(endpoint.take_request_heads().len(), 4);
    }
    // A load balancer sends no requests to a target whose health check returns 503.
    assert_eq!(get(&proxy, "/health/ready").0, 503);
    endpoint.set_reply(Reply::Document);
    assert_eq!(get(&proxy, "/v2/metadata"), (200, TASK.to_owned()));
}

#[test]
fn the_proxy_opens_a_new_connection_for_each_request() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    // The endpoint keeps each connection open after its response, so that the proxy could reuse the
    // connection.
    endpoint.set_reply(Reply::Stall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
    ));
    for _ in 0..10 {
        assert_eq!(get(&proxy, "/v4"), (200, "{}".to_owned()));
        assert_eq!(endpoint.take_request_heads(), [endpoint.expected_head("")]);
    }
}

#[test]
fn a_404_of_the_endpoint_is_answered_with_404_and_without_the_endpoints_text() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    endpoint.set_reply(Reply::from_parts("404 Not Found", "", "upstream text"));
    let (status, body) = get(&proxy, "/v4/stats");
    assert_eq!((status, &*error_code(&body)), (404, "not_found"));
    assert!(!body.contains("upstream text"), "{body}");
}

#[test]
fn a_redirect_is_not_followed() {
    let endpoint = Endpoint::start();
    let redirect_target = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    for target in [
        redirect_target.uri(),
        endpoint.uri(),
        "/v2/credentials/a".to_owned(),
    ] {
        for status in [
            "301 Moved",
            "302 Found",
            "303 See Other",
            "307 Same",
            "308 Same",
        ] {
            let location = format!("Location: {target}\r\n");
            endpoint.set_reply(Reply::from_parts(status, &location, "{}"));
            assert_bad_gateway(&proxy, "/v4/task", INVALID_RESPONSE_MESSAGE);
            assert_eq!(
                endpoint.take_request_heads(),
                [endpoint.expected_head("/task")]
            );
        }
    }
    assert!(redirect_target.take_request_heads().is_empty());
}

#[test]
fn the_proxy_sends_at_most_eight_requests_at_once_and_queues_the_others() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[("METADATA_TIMEOUT_MS", "60000")]);
    endpoint.set_reply(Reply::Delayed);
    let request = b"GET /v2/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let streams: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = proxy.connect();
            stream.write_all(request).unwrap();
            stream
        })
        .collect();
    endpoint.wait_for_pending_requests(8);
    // A proxy without the limit of eight calls would send a ninth request while the loop runs.
    for _ in 0..100 {
        assert_eq!(get(&proxy, "/").0, 200);
    }
    endpoint.set_reply(Reply::Document);
    for mut stream in streams {
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.ends_with(TASK), "{response}");
    }
    assert_eq!(endpoint.max_pending_requests(), 8);
    assert_eq!(endpoint.take_request_heads().len(), 40);
}
