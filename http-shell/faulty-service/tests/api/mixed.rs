//! Test of concurrent requests that fail in different ways.

use std::io::{Read, Write};

use crate::client::{get_response, read_first_bytes, send_get};
use crate::start_service_with;
use test_support::records::reset_connection;

#[test]
fn concurrent_requests_that_end_in_different_ways_are_each_recorded_once() {
    const REQUESTS_PER_KIND: usize = 8;
    let mut recorded_service = start_service_with(&[("SHUTDOWN_GRACE_SECONDS", "1")]);
    let service = &recorded_service.service;
    let send_all = |path: &str| -> Vec<_> {
        (0..REQUESTS_PER_KIND)
            .map(|_| send_get(service, path))
            .collect()
    };
    let (hanging, reset, panicking_on_drop) = (
        send_all("/never"),
        send_all("/never"),
        send_all("/panic-when-dropped"),
    );
    let (mut half_read, mut stalled) = (send_all("/large"), send_all("/large"));
    half_read
        .iter_mut()
        .chain(&mut stalled)
        .for_each(read_first_bytes);
    let (mut slow, closed) = (send_all("/slow"), send_all("/slow"));
    let panicking = send_all("/panic-later");
    let mut failing = send_all("/stream-fails");
    let mut incomplete = service.connect();
    write!(
        incomplete,
        "POST /posted HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1"
    )
    .unwrap();
    for _ in 0..REQUESTS_PER_KIND {
        assert!(get_response(service, "/fine").ends_with("fine"));
        assert!(get_response(service, "/nothing").starts_with("HTTP/1.1 404"));
    }
    recorded_service.wait_for_lines(6 * REQUESTS_PER_KIND, "begun");
    drop(closed);
    reset
        .into_iter()
        .chain(half_read)
        .chain(panicking_on_drop)
        .for_each(reset_connection);
    for stream in slow.iter_mut().chain(&mut failing) {
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let mut response = String::new();
    incomplete.read_to_string(&mut response).unwrap();

    let records = recorded_service.stop();
    drop((hanging, stalled, panicking));
    records.assert_each_request_is_recorded_once(11 * REQUESTS_PER_KIND + 1);
    records.assert_outcome_count(3 * REQUESTS_PER_KIND, 200, None, &[]);
    records.assert_outcome_count(REQUESTS_PER_KIND, 404, None, &["error"]);
    records.assert_outcome_count(1, 408, None, &["error"]);
    records.assert_outcome_count(REQUESTS_PER_KIND, 503, Some("shutdown"), &["fault"]);
    records.assert_outcome_count(REQUESTS_PER_KIND, 200, Some("shutdown"), &["fault"]);
    records.assert_outcome_count(
        REQUESTS_PER_KIND,
        499,
        Some("client_disconnected"),
        &["error"],
    );
    records.assert_outcome_count(
        REQUESTS_PER_KIND,
        200,
        Some("client_disconnected"),
        &["error"],
    );
    records.assert_outcome_count(2 * REQUESTS_PER_KIND, 500, Some("panic"), &["fault"]);
    records.assert_outcome_count(REQUESTS_PER_KIND, 200, Some("body_failed"), &["fault"]);
}
