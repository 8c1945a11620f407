//! Tests of requests in progress during the shutdown of the proxy.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use rustix::process::Signal;

use crate::endpoint::{Endpoint, Reply, TASK, TASK_STATS};
use crate::{BINARY, METADATA_URI_VARIABLE, start_proxy};
use test_support::records::{RecordedService, reset_connection};
use test_support::service::{Service, wait_until};

#[test]
fn requests_in_progress_at_sigterm_are_answered_before_the_proxy_exits_with_success() {
    let endpoint = Endpoint::start();
    let mut proxy = start_proxy(&endpoint, &[]);
    endpoint.set_reply(Reply::Delayed);
    let requests: Vec<_> = [("/v2/metadata", TASK), ("/v4/task/stats", TASK_STATS)]
        .into_iter()
        .map(|(path, document)| {
            let mut stream = proxy.connect();
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            (stream, document)
        })
        .collect();
    endpoint.wait_for_pending_requests(requests.len());
    proxy.signal(Signal::TERM);
    proxy.wait_for_line(|line| line.contains("draining"));
    wait_until("the listener is closed", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).is_err()
    });
    endpoint.set_reply(Reply::Document);
    for (mut stream, document) in requests {
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        assert!(response.ends_with(document), "{response}");
    }
    assert!(proxy.wait().success());
}

#[test]
fn requests_that_the_client_resets_or_the_shutdown_aborts_are_recorded_once() {
    let endpoint = Endpoint::start();
    let uri = endpoint.uri();
    let variables = [
        (METADATA_URI_VARIABLE, &*uri),
        ("METADATA_TIMEOUT_MS", "60000"),
        ("SHUTDOWN_GRACE_SECONDS", "1"),
    ];
    let mut recorded_service = RecordedService::start(BINARY, &variables);
    endpoint.set_reply(Reply::Delayed);
    endpoint.take_request_heads();
    let connect_and_send = |service: &Service| {
        let mut stream = service.connect();
        let head = b"GET /v2/metadata HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(head).unwrap();
        stream
    };
    let reset_streams: Vec<_> = (0..8)
        .map(|_| connect_and_send(&recorded_service.service))
        .collect();
    endpoint.wait_for_pending_requests(8);
    reset_streams.into_iter().for_each(reset_connection);
    recorded_service.wait_for_lines(8, "client_disconnected");
    let _aborted = connect_and_send(&recorded_service.service);
    endpoint.wait_for_pending_requests(9);
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(9);
    records.assert_outcome_count(8, 499, Some("client_disconnected"), &["error"]);
    records.assert_outcome_count(1, 503, Some("shutdown"), &["fault"]);
}
