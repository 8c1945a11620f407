//! Tests of requests whose client closes or resets the connection.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{get_response, read_first_bytes, send_get};
use crate::start_service;
use test_support::records::reset_connection;

const CLIENT_DISCONNECTED: Option<&str> = Some("client_disconnected");

#[test]
fn a_reset_before_the_response_is_recorded_as_499_and_as_an_error() {
    let mut recorded_service = start_service();
    let streams: Vec<_> = (0..10)
        .map(|_| send_get(&recorded_service.service, "/never"))
        .collect();
    recorded_service.wait_for_lines(10, "begun");
    streams.into_iter().for_each(reset_connection);
    recorded_service.wait_for_lines(10, r#""error_type":"client_disconnected""#);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(10);
    records.assert_outcome_count(10, 499, CLIENT_DISCONNECTED, &["error"]);
    let segment = &records.segments[0];
    assert_eq!(
        segment["http"]["response"]["status"],
        serde_json::Value::Null
    );
    let cause = &segment["cause"]["exceptions"][0];
    assert_eq!(cause["type"], "client_disconnected", "{segment:#}");
}

#[test]
fn a_reset_that_is_read_together_with_a_request_ends_that_request() {
    let mut recorded_service = start_service();
    let keep_alive_request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let paths = ["/fine", "/slow", "/large", "/stream-stops", "/never"];
    let streams = paths.map(|path| {
        let mut stream = recorded_service.service.connect();
        stream
            .write_all(keep_alive_request("/fine").as_bytes())
            .unwrap();
        read_first_bytes(&mut stream);
        (stream, path)
    });
    // The request and the reset arrive while the service is stopped by SIGSTOP. After SIGCONT, the service
    // reads the request and the reset together.
    recorded_service.service.signal(Signal::STOP);
    for (mut stream, path) in streams {
        stream
            .write_all(keep_alive_request(path).as_bytes())
            .unwrap();
        reset_connection(stream);
    }
    recorded_service.service.signal(Signal::CONT);
    recorded_service.wait_for_lines(5, "client_disconnected");
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(10);
    records.assert_outcome_count(5, 200, None, &[]);
    // The handlers of `/fine`, `/large` and `/stream-stops` set the status before the reset is handled.
    records.assert_outcome_count(3, 200, CLIENT_DISCONNECTED, &["error"]);
    records.assert_outcome_count(2, 499, CLIENT_DISCONNECTED, &["error"]);
}

#[test]
fn a_client_that_closes_its_sending_side_still_gets_its_response() {
    let mut recorded_service = start_service();
    let mut stream = send_get(&recorded_service.service, "/slow");
    recorded_service.wait_for_lines(1, "begun");
    stream.shutdown(Shutdown::Write).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.ends_with("slow"), "{response}");
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(1);
    records.assert_outcome_count(1, 200, None, &[]);
}

#[test]
fn a_request_whose_client_closes_the_connection_is_recorded_once_with_its_status() {
    let mut recorded_service = start_service();
    let stream = send_get(&recorded_service.service, "/slow");
    recorded_service.wait_for_lines(1, "begun");
    drop(stream);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(1);
    // The service sends the response, because a client may read after sending a FIN.
    records.assert_outcome_count(1, 200, None, &[]);
}

#[test]
fn a_reset_during_the_response_is_recorded_with_its_status_and_client_disconnected() {
    let mut recorded_service = start_service();
    for path in ["/large", "/stream", "/stream-stops"] {
        let mut stream = send_get(&recorded_service.service, path);
        read_first_bytes(&mut stream);
        reset_connection(stream);
        recorded_service.wait_for_lines(1, r#""error_type":"client_disconnected""#);
    }
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(3);
    records.assert_outcome_count(3, 200, CLIENT_DISCONNECTED, &["error"]);
}

#[test]
fn a_close_during_the_response_is_recorded_as_client_disconnected() {
    let mut recorded_service = start_service();
    let mut stream = send_get(&recorded_service.service, "/large");
    read_first_bytes(&mut stream);
    // The socket has unread bytes, so closing the socket sends a RST instead of a FIN.
    drop(stream);
    recorded_service.wait_for_lines(1, r#""error_type":"client_disconnected""#);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(1);
    records.assert_outcome_count(1, 200, CLIENT_DISCONNECTED, &["error"]);
}

#[test]
fn a_request_with_an_incomplete_body_is_recorded_once_as_499_400_or_408() {
    let recorded_service = start_service();
    let head = "POST /posted HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf";
    let service = &recorded_service.service;
    let connect = || {
        let mut stream = service.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let (reset_stream, closed_stream, mut half_closed, mut idle) =
        (connect(), connect(), connect(), connect());
    // The eight requests give each worker time to read the incomplete bodies.
    for _ in 0..8 {
        assert!(get_response(service, "/fine").ends_with("fine"));
    }
    reset_connection(reset_stream);
    drop(closed_stream);
    half_closed.shutdown(Shutdown::Write).unwrap();
    let mut response = String::new();
    half_closed.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 400"), "{response}");
    response.clear();
    idle.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");

    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(12);
    records.assert_outcome_count(8, 200, None, &[]);
    records.assert_outcome_count(1, 499, CLIENT_DISCONNECTED, &["error"]);
    // The service answers 400 when a FIN arrives within the body.
    records.assert_outcome_count(2, 400, None, &["error"]);
    records.assert_outcome_count(1, 408, None, &["error"]);
}

#[test]
fn each_of_four_pipelined_requests_is_recorded_once() {
    let mut recorded_service = start_service();
    let get_request = "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n";
    let head_request = "HEAD /fine HTTP/1.1\r\nHost: x\r\n\r\n";
    let post_request_with_expect =
        "POST /posted HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx";
    let mut stream = recorded_service.service.connect();
    write!(
        stream,
        "{get_request}{get_request}{post_request_with_expect}{head_request}"
    )
    .unwrap();
    recorded_service.wait_for_lines(4, r#""status":200"#);
    drop(stream);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(4);
    records.assert_outcome_count(4, 200, None, &[]);
}

#[test]
fn a_pipelined_request_whose_handling_has_not_started_is_not_recorded() {
    let mut recorded_service = start_service();
    let mut stream = send_get(&recorded_service.service, "/never");
    write!(stream, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    recorded_service.wait_for_lines(1, "begun");
    reset_connection(stream);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(1);
    records.assert_outcome_count(1, 499, CLIENT_DISCONNECTED, &["error"]);
}

#[test]
#[ignore = "waits 80 s for the limit of idle connections"]
fn a_client_that_does_not_read_its_response_is_disconnected_and_recorded_as_stalled() {
    let mut recorded_service = start_service();
    let [large, stream] =
        ["/large", "/stream"].map(|path| send_get(&recorded_service.service, path));
    let limit = Duration::from_secs(120);
    recorded_service.wait_for_lines_within(limit, 2, r#""error_type":"client_stalled""#);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(2);
    records.assert_outcome_count(2, 200, Some("client_stalled"), &["error"]);
    drop((large, stream));
}
