use std::io::{Read, Write};

use crate::client::{begin_to_read, get, send};
use crate::start_with;
use test_support::records::reset_connection;

#[test]
fn requests_with_all_kinds_of_ends_at_once_are_each_recorded_once() {
    const EACH: usize = 8;
    let mut recorded = start_with(&[("SHUTDOWN_GRACE_SECONDS", "1")]);
    let service = &recorded.service;
    let all = |path: &str| -> Vec<_> { (0..EACH).map(|_| send(service, path)).collect() };
    let (never, gone, dropped) = (all("/never"), all("/never"), all("/panic-when-dropped"));
    let (mut read, mut unread) = (all("/large"), all("/large"));
    read.iter_mut().chain(&mut unread).for_each(begin_to_read);
    let (mut slow, closed) = (all("/slow"), all("/slow"));
    let panics = all("/panic-later");
    let mut failing = all("/stream-fails");
    let mut late = service.connect();
    write!(
        late,
        "POST /posted HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1"
    )
    .unwrap();
    for _ in 0..EACH {
        assert!(get(service, "/fine").ends_with("fine"));
        assert!(get(service, "/nothing").starts_with("HTTP/1.1 404"));
    }
    recorded.wait_for(6 * EACH, "begun");
    drop(closed);
    gone.into_iter()
        .chain(read)
        .chain(dropped)
        .for_each(reset_connection);
    for stream in slow.iter_mut().chain(&mut failing) {
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();

    let records = recorded.stop();
    drop((never, unread, panics));
    records.assert_each_request_is_recorded_once(11 * EACH + 1);
    records.assert_outcome_count(3 * EACH, 200, None, &[]);
    records.assert_outcome_count(EACH, 404, None, &["error"]);
    records.assert_outcome_count(1, 408, None, &["error"]);
    records.assert_outcome_count(EACH, 503, Some("shutdown"), &["fault"]);
    records.assert_outcome_count(EACH, 200, Some("shutdown"), &["fault"]);
    records.assert_outcome_count(EACH, 499, Some("client_disconnected"), &["error"]);
    records.assert_outcome_count(EACH, 200, Some("client_disconnected"), &["error"]);
    records.assert_outcome_count(2 * EACH, 500, Some("panic"), &["fault"]);
    records.assert_outcome_count(EACH, 200, Some("body_failed"), &["fault"]);
}
