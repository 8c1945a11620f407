//! The segments, access lines and metrics of likes with different outcomes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::json;

use crate::BINARY;
use crate::monolith_stub::FULFILLED_BODY;
use test_support::daemon::{assert_child_within, error_flags};
use test_support::records::{RecordedService, reset_connection};
use test_support::service::Service;

/// Binds a listener that stands in for the monolith. The test itself accepts and answers the connections.
fn bind_monolith() -> (TcpListener, String) {
    let monolith = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = monolith.local_addr().unwrap().to_string();
    (monolith, address)
}

/// Accepts the next call to the monolith, and reads the head of the request.
fn accept_call(monolith: &TcpListener) -> TcpStream {
    let mut call = BufReader::new(monolith.accept().unwrap().0);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        call.read_line(&mut line).unwrap();
    }
    call.into_inner()
}

fn start(monolith: &str, more: &[(&str, &str)]) -> RecordedService {
    let mut variables = vec![("MONOLITH_URL", monolith), ("MONOLITH_TIMEOUT_MS", "60000")];
    variables.extend(more);
    RecordedService::start(BINARY, &variables)
}

/// Sends a like on a new connection.
fn send_like(service: &Service) -> TcpStream {
    send(
        service,
        "POST /mysfits/one/like HTTP/1.1\r\nHost: x\r\n\r\n",
    )
}

fn send(service: &Service, request: &str) -> TcpStream {
    let mut stream = service.connect();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

#[test]
fn a_client_reset_during_the_call_of_the_monolith_ends_both_spans() {
    let (monolith, address) = bind_monolith();
    let mut recorded = start(&address, &[]);
    let client = send_like(&recorded.service);
    let call = accept_call(&monolith);
    reset_connection(client);
    recorded.wait_for_lines(1, "client_disconnected");
    let records = recorded.stop();
    drop(call);
    records.assert_each_request_is_recorded_once(1);
    records.assert_outcome_count(1, 499, Some("client_disconnected"), &["error"]);
    let [call] = &records.calls[..] else {
        panic!("{records:#?}");
    };
    assert_child_within(call, &records.segments[0]);
    assert_eq!(error_flags(call), ["error"]);
    assert_eq!(call["annotations"]["error_type"], "cancelled");
    let cause = &call["cause"]["exceptions"][0];
    assert_eq!(
        cause["message"],
        "the request was cancelled before the monolith answered"
    );
    assert_eq!(
        records.sum_metric("mysfits.likes", &[("outcome", json!("abandoned"))]),
        1
    );
}

#[test]
fn a_client_reset_while_the_monolith_answers_ends_both_spans() {
    let (monolith, address) = bind_monolith();
    let mut recorded = start(&address, &[]);
    let client = send_like(&recorded.service);
    let mut call = accept_call(&monolith);
    let incomplete_answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    call.write_all(incomplete_answer).unwrap();
    reset_connection(client);
    recorded.wait_for_lines(1, "client_disconnected");
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(1);
    assert_eq!(records.calls.len(), 1);
    assert_eq!(error_flags(&records.calls[0]), ["error"]);
}

#[test]
fn a_like_is_fulfilled_even_if_its_client_closes_the_connection() {
    let (monolith, address) = bind_monolith();
    let mut recorded = start(&address, &[]);
    drop(send_like(&recorded.service));
    let mut call = accept_call(&monolith);
    let length = FULFILLED_BODY.len();
    write!(
        call,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{FULFILLED_BODY}"
    )
    .unwrap();
    recorded.wait_for_lines(1, r#""target":"access""#);
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(1);
    records.assert_outcome_count(1, 200, None, &[]);
    assert_eq!(records.calls.len(), 1);
    assert_eq!(
        records.sum_metric("mysfits.likes", &[("outcome", json!("liked"))]),
        1
    );
}

#[test]
fn burning_and_waiting_likes_are_recorded_when_their_clients_reset() {
    let (_monolith, address) = bind_monolith();
    let mut recorded = start(
        &address,
        &[
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
            ("CHAOS_STRESS_CPU_MS", "60000-60000"),
            ("CHAOS_MAX_CONCURRENT", "1"),
        ],
    );
    let clients: Vec<_> = (0..5).map(|_| send_like(&recorded.service)).collect();
    recorded.wait_for_lines(5, "stress function activated");
    clients.into_iter().for_each(reset_connection);
    recorded.wait_for_lines(5, "client_disconnected");
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(5);
    records.assert_outcome_count(5, 499, Some("client_disconnected"), &["error"]);
    for segment in &records.segments {
        assert_eq!(segment["annotations"]["chaos_fault"], "stress");
    }
    assert_eq!(
        records.sum_metric("mysfits.likes", &[("outcome", json!("abandoned"))]),
        5
    );
    assert_eq!(
        records.sum_metric("chaos.faults", &[("chaos.fault", json!("stress"))]),
        5
    );
}

#[test]
fn likes_aborted_at_the_end_of_the_grace_period_are_recorded_as_faults() {
    let (monolith, address) = bind_monolith();
    let recorded = start(&address, &[("SHUTDOWN_GRACE_SECONDS", "1")]);
    let clients: Vec<_> = (0..20).map(|_| send_like(&recorded.service)).collect();
    let calls: Vec<_> = (0..20).map(|_| accept_call(&monolith)).collect();
    let records = recorded.stop();
    drop((clients, calls));
    records.assert_each_request_is_recorded_once(20);
    records.assert_outcome_count(20, 503, Some("shutdown"), &["fault"]);
    assert_eq!(records.calls.len(), 20);
    for call in &records.calls {
        assert_eq!(error_flags(call), ["error"]);
        let parent_segment = records
            .segments
            .iter()
            .find(|segment| segment["id"] == call["parent_id"]);
        assert_child_within(call, parent_segment.unwrap());
    }
    assert_eq!(
        records.sum_metric("mysfits.likes", &[("outcome", json!("abandoned"))]),
        20
    );
}

#[test]
fn each_like_is_counted_once_under_its_outcome() {
    let (_monolith, address) = bind_monolith();
    let mut recorded = start(&address, &[("MONOLITH_TIMEOUT_MS", "300")]);
    let service = &recorded.service;
    let too_long_id = "x".repeat(2049);
    let head = |id: &str, more: &str| {
        format!("POST /mysfits/{id}/like HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n")
    };
    for (request, status) in [
        (head("one", ""), 504),
        (head("%ff", ""), 400),
        (head(&too_long_id, ""), 400),
        (head("a%2Fb", ""), 404),
        (head("..", ""), 404),
        (head("one", "Content-Length: 1000000\r\n"), 413),
        (
            head("one", "Transfer-Encoding: chunked\r\n") + "zz\r\n",
            400,
        ),
        // A GET request and a request with a longer path are not likes.
        (head("one", "").replacen("POST", "GET", 1), 405),
        (head("one/two", ""), 404),
    ] {
        let mut answer = [0; 12];
        send(service, &request).read_exact(&mut answer).unwrap();
        let expected = format!("HTTP/1.1 {status}");
        assert_eq!(String::from_utf8_lossy(&answer), expected, "{request}");
    }
    let client_of_incomplete_request = send(service, &head("one", "Content-Length: 2\r\n"));
    // The worker thread of the incomplete request also handles at least one of the next eight requests. When
    // all eight requests are answered, the worker has read the head of the incomplete request.
    recorded.wait_for_lines(9, r#""target":"access""#);
    for _ in 0..8 {
        let mut answer = [0; 12];
        let live_request = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
        send(&recorded.service, live_request)
            .read_exact(&mut answer)
            .unwrap();
    }
    reset_connection(client_of_incomplete_request);
    recorded.wait_for_lines(1, "client_disconnected");

    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(18);
    for (outcome, count) in [
        ("timeout", 1),
        ("bad_id", 3),
        ("not_found", 1),
        ("refused", 2),
        ("abandoned", 1),
        ("liked", 0),
    ] {
        let counted_likes = records.sum_metric("mysfits.likes", &[("outcome", json!(outcome))]);
        assert_eq!(counted_likes, count, "{outcome}: {records:#?}");
    }
    let likes = [
        ("http.route", json!("/mysfits/{id}/like")),
        ("http.request.method", json!("POST")),
    ];
    let requests = records.sum_metric("http.server.request.duration", &likes);
    assert_eq!(records.sum_metric("mysfits.likes", &[]), requests);
}
