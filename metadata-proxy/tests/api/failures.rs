//! An endpoint that is away, silent, or makes no sense.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::endpoint::{Endpoint, Reply, TASK, id_of};
use crate::{BINARY, METADATA_URI, code, get, start_before};
use test_support::service::{Service, WAIT_LIMIT, free_port};

/// More than the proxy reads.
const MANY: usize = 2 * 1024 * 1024;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const THROTTLED: &str = "the metadata endpoint has too many requests at the moment";
const SILENT: &str = "the metadata endpoint did not answer in time";
const AWAY: &str = "the metadata endpoint cannot be reached";
const ODD: &str = "the metadata endpoint sent an invalid response";

/// Asserts that the path is answered with this error, which says nothing of the cause.
fn assert_error(proxy: &Service, path: &str, error: (u16, &str, &str)) {
    let (status, body) = get(proxy, path);
    assert_eq!((status, &*code(&body)), (error.0, error.1), "{body}");
    let expected = format!(r#""message":"{}"}}"#, error.2);
    assert!(body.contains(&expected), "{body}");
}

fn assert_bad_gateway(proxy: &Service, path: &str, message: &str) {
    assert_error(proxy, path, (502, "bad_gateway", message));
}

#[test]
fn an_endpoint_that_hangs_is_a_504_at_the_deadline_and_the_proxy_goes_on() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[("METADATA_TIMEOUT_MS", "300")]);
    for reply in [
        Reply::Held,
        Reply::Stall(b"HTTP/1.1 200 OK\r\nConte".to_vec()),
        Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec()),
        Reply::Stall(format!("{CHUNKED}1\r\n{{\r\n").into()),
    ] {
        endpoint.reply(reply);
        let begin = Instant::now();
        assert_error(&proxy, "/v2/metadata", (504, "gateway_timeout", SILENT));
        assert!(
            begin.elapsed() < Duration::from_secs(3),
            "{:?}",
            begin.elapsed()
        );
        endpoint.reply(Reply::Document);
        assert_eq!(get(&proxy, "/v2/metadata"), (200, TASK.to_owned()));
    }
}

#[test]
fn an_endpoint_that_hangs_hangs_no_health_check() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[("METADATA_TIMEOUT_MS", "300")]);
    assert_eq!(get(&proxy, "/health/ready").0, 200);
    assert_eq!(endpoint.take_heads(), [endpoint.head("")]);
    endpoint.reply(Reply::Held);
    assert_eq!(get(&proxy, "/health/live").0, 200);
    assert_eq!(get(&proxy, "/").0, 200);
    assert!(endpoint.take_heads().is_empty());
    assert_eq!(get(&proxy, "/health/ready").0, 503);
}

#[test]
fn an_endpoint_that_is_away_is_a_502_and_the_cause_is_in_the_log() {
    let nowhere = format!("http://127.0.0.1:{}/v4/a", free_port());
    let proxy = Service::start(BINARY, &[(METADATA_URI, &nowhere)]);
    for path in ["/v4/stats", "/v2/stats/a"] {
        assert_bad_gateway(&proxy, path, AWAY);
        let line = proxy.wait_for_line(|line| line.contains(r#""level":"ERROR""#));
        assert!(line.contains("Connection refused"), "{line}");
    }
}

#[test]
fn an_answer_that_is_too_large_is_a_502_declared_or_not() {
    let endpoint = Endpoint::start();
    // A deadline that does not come before the bound.
    let proxy = start_before(&endpoint, &[("METADATA_TIMEOUT_MS", "60000")]);
    let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(MANY));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for reply in [
        Reply::with("200 OK", "", &large),
        Reply::Stall(format!("HTTP/1.1 200 OK\r\nContent-Length: {MANY}\r\n\r\n{large}").into()),
        Reply::Endless(CHUNKED, chunk.into()),
        Reply::Endless("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 0x10000]),
        Reply::Endless("HTTP/1.1 200 OK\r\n", b"X-More: x\r\n".to_vec()),
    ] {
        endpoint.reply(reply);
        let begin = Instant::now();
        assert_bad_gateway(&proxy, "/v4/task", ODD);
        assert!(begin.elapsed() < WAIT_LIMIT, "{:?}", begin.elapsed());
    }
}

#[test]
fn a_document_of_a_hundred_containers_is_not_too_large() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[]);
    let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(MANY / 4));
    endpoint.reply(Reply::with("200 OK", "", &large));
    assert_eq!(get(&proxy, "/v4/task/stats"), (200, large));
}

#[test]
fn an_answer_that_makes_no_sense_is_a_502_without_its_text() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[]);
    let text = r#"{"error": "upstream text"}"#;
    for reply in [
        Reply::with("400 Bad Request", "", text),
        Reply::with("403 Forbidden", "", text),
        Reply::with("500 Internal Server Error", "", text),
        Reply::with("503 Service Unavailable", "", text),
        Reply::with("504 Gateway Timeout", "", text),
        Reply::with("304 Not Modified", "", ""),
        Reply::with("204 No Content", "", ""),
        Reply::with("200 OK", "", ""),
        Reply::with("200 OK", "", "upstream text"),
        Reply::with("200 OK", "", r#"{"upstream text": 1"#),
        Reply::with("200 OK", "", "{} upstream text"),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}".to_vec()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\"\xff\"".to_vec()),
        Reply::Bytes(b"upstream text".to_vec()),
        Reply::Bytes(Vec::new()),
    ] {
        endpoint.reply(reply);
        assert_bad_gateway(&proxy, "/v2/metadata", ODD);
        assert_eq!(endpoint.take_heads().len(), 1);
    }
    endpoint.reply(Reply::with("200 OK", "", r#"["upstream text"]"#));
    let id = id_of("like-service");
    assert_bad_gateway(&proxy, &format!("/v2/stats/{id}"), ODD);
}

#[test]
fn a_429_of_the_endpoint_is_passed_on_without_its_text() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[]);
    for text in [
        "You have reached maximum request limit.",
        r#"{"error": "text"}"#,
        "",
    ] {
        endpoint.reply(Reply::with("429 Too Many Requests", "", text));
        for path in ["/v4", "/v4/task/stats", "/v2/metadata/a", "/v2/stats/a"] {
            assert_error(&proxy, path, (429, "too_many_requests", THROTTLED));
        }
        assert_eq!(endpoint.take_heads().len(), 4);
    }
    // Whoever balances load sends requests elsewhere meanwhile.
    assert_eq!(get(&proxy, "/health/ready").0, 503);
    endpoint.reply(Reply::Document);
    assert_eq!(get(&proxy, "/v2/metadata"), (200, TASK.to_owned()));
}

#[test]
fn a_connection_that_the_endpoint_closes_when_it_likes_costs_no_answer() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[]);
    // It would keep this one, until a second request comes.
    endpoint.reply(Reply::Stall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
    ));
    for _ in 0..10 {
        assert_eq!(get(&proxy, "/v4"), (200, "{}".to_owned()));
        assert_eq!(endpoint.take_heads(), [endpoint.head("")]);
    }
}

#[test]
fn a_document_that_the_endpoint_does_not_have_is_a_404_in_our_own_words() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[]);
    endpoint.reply(Reply::with("404 Not Found", "", "upstream text"));
    let (status, body) = get(&proxy, "/v4/stats");
    assert_eq!((status, &*code(&body)), (404, "not_found"));
    assert!(!body.contains("upstream text"), "{body}");
}

#[test]
fn a_redirect_is_not_followed() {
    let endpoint = Endpoint::start();
    let elsewhere = Endpoint::start();
    let proxy = start_before(&endpoint, &[]);
    for target in [
        elsewhere.uri(),
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
            endpoint.reply(Reply::with(status, &location, "{}"));
            assert_bad_gateway(&proxy, "/v4/task", ODD);
            assert_eq!(endpoint.take_heads(), [endpoint.head("/task")]);
        }
    }
    assert!(elsewhere.take_heads().is_empty());
}

#[test]
fn the_endpoint_is_asked_no_more_than_eight_things_at_once_and_nobody_is_turned_away() {
    let endpoint = Endpoint::start();
    let proxy = start_before(&endpoint, &[("METADATA_TIMEOUT_MS", "60000")]);
    endpoint.reply(Reply::Held);
    let request = b"GET /v2/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let asked: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = proxy.connect();
            stream.write_all(request).unwrap();
            stream
        })
        .collect();
    endpoint.wait_for(8);
    // While these are answered, a ninth has all the time that it needs.
    for _ in 0..100 {
        assert_eq!(get(&proxy, "/").0, 200);
    }
    endpoint.reply(Reply::Document);
    for mut stream in asked {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with(TASK), "{answer}");
    }
    assert_eq!(endpoint.most_under_way(), 8);
    assert_eq!(endpoint.take_heads().len(), 40);
}
