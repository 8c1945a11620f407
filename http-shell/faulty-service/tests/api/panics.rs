//! Tests of panics and errors of handlers and response bodies.

use std::io::Read;

use serde_json::Value;

use crate::client::{get_response, send_get};
use crate::start_service;
use test_support::records::{Records, reset_connection};

/// Asserts that `count` panics with the message `text` were logged, each with the trace id of its request.
fn assert_panics_are_logged(records: &Records, text: &str, count: usize) {
    let lines = records.error_lines();
    assert_eq!(lines.len(), count, "{lines:#?}");
    let mut trace_ids = Vec::new();
    for line in lines {
        assert_eq!(line["message"], format!("panicked: {text}"), "{line:#}");
        let location = line["location"].as_str().unwrap();
        assert!(location.contains("faulty-service/src/main.rs:"), "{line:#}");
        trace_ids.push(line["trace_id"].to_string());
    }
    let segments = records.segments.iter();
    let mut segment_trace_ids: Vec<_> = segments
        .map(|segment| segment["trace_id"].to_string())
        .collect();
    trace_ids.sort();
    segment_trace_ids.sort();
    assert_eq!(trace_ids, segment_trace_ids);
}

#[test]
fn a_panic_of_a_handler_is_a_500_and_the_service_continues_to_serve() {
    for path in ["/panic", "/panic-later"] {
        let recorded_service = start_service();
        for _ in 0..10 {
            let response = get_response(&recorded_service.service, path);
            let (head, body) = response.split_once("\r\n\r\n").expect(&response);
            let head = head.to_lowercase();
            assert!(head.starts_with("http/1.1 500 "), "{response}");
            for header in [
                "access-control-allow-origin: *",
                "access-control-expose-headers: x-amzn-trace-id",
                "timing-allow-origin: *",
                "content-type: application/json",
                "x-amzn-trace-id: root=1-",
                "connection: close",
            ] {
                assert!(head.contains(header), "{header} in {response}");
            }
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["error"]["code"], "internal_server_error");
            assert!(!response.contains("bug"), "{response}");
        }
        let records = recorded_service.stop();
        records.assert_each_request_is_recorded_once(10);
        records.assert_outcome_count(10, 500, Some("panic"), &["fault"]);
        assert_panics_are_logged(&records, "a bug in the handler", 10);
        for segment in &records.segments {
            assert_eq!(segment["http"]["response"]["status"], 500);
            let cause = &segment["cause"]["exceptions"][0];
            assert_eq!(cause["type"], "panic");
            assert_eq!(cause["message"], "a bug in the handler");
        }
    }
}

#[test]
fn a_panic_in_a_response_body_is_recorded_as_a_fault_with_the_sent_status() {
    let recorded_service = start_service();
    for _ in 0..3 {
        let mut response = Vec::new();
        let _ = send_get(&recorded_service.service, "/stream-panics").read_to_end(&mut response);
    }
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(3);
    records.assert_outcome_count(3, 200, Some("panic"), &["fault"]);
    assert_panics_are_logged(&records, "a bug in the body", 3);
}

#[test]
fn an_error_in_a_response_body_is_recorded_as_a_fault_with_its_cause() {
    let recorded_service = start_service();
    let mut response = Vec::new();
    let _ = send_get(&recorded_service.service, "/stream-fails").read_to_end(&mut response);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(1);
    records.assert_outcome_count(1, 200, Some("body_failed"), &["fault"]);
    let message = &records.segments[0]["cause"]["exceptions"][0]["message"];
    assert_eq!(message, "the source is gone");
    let has_cause = |line: &&&Value| line["cause"] == "the source is gone";
    let errors = records.error_lines();
    let line = errors
        .iter()
        .find(has_cause)
        .expect("a line with the cause");
    assert_eq!(line["trace_id"], records.segments[0]["trace_id"]);
}

#[test]
fn after_a_panic_during_a_drop_every_request_is_recorded_and_every_worker_serves() {
    let mut recorded_service = start_service();
    let streams: Vec<_> = (0..6)
        .map(|_| send_get(&recorded_service.service, "/panic-when-dropped"))
        .collect();
    recorded_service.wait_for_lines(6, "begun");
    streams.into_iter().for_each(reset_connection);
    recorded_service.wait_for_lines(6, "a bug in a destructor");
    for _ in 0..6 {
        assert!(get_response(&recorded_service.service, "/fine").ends_with("fine"));
    }
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(12);
    records.assert_outcome_count(6, 500, Some("panic"), &["fault"]);
}
