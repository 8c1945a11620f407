use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use rustix::process::Signal;

use crate::endpoint::{Endpoint, Reply, TASK, TASK_STATS};
use crate::{BINARY, METADATA_URI, start_before};
use test_support::records::{RecordedService, reset_connection};
use test_support::service::{Service, wait_until};

#[test]
fn requests_under_way_at_sigterm_are_answered_whole_and_then_the_proxy_ends_well() {
    let endpoint = Endpoint::start();
    let mut proxy = start_before(&endpoint, &[]);
    endpoint.reply(Reply::Held);
    let asked: Vec<_> = [("/v2/metadata", TASK), ("/v4/task/stats", TASK_STATS)]
        .into_iter()
        .map(|(path, document)| {
            let mut stream = proxy.connect();
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            (stream, document)
        })
        .collect();
    endpoint.wait_for(asked.len());
    proxy.signal(Signal::TERM);
    proxy.wait_for_line(|line| line.contains("draining"));
    wait_until("no more connections", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).is_err()
    });
    endpoint.reply(Reply::Document);
    for (mut stream, document) in asked {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with(document), "{answer}");
    }
    assert!(proxy.wait().success());
}

#[test]
fn requests_that_are_reset_or_cut_off_are_recorded_once() {
    let endpoint = Endpoint::start();
    let uri = endpoint.uri();
    let variables = [
        (METADATA_URI, &*uri),
        ("METADATA_TIMEOUT_MS", "60000"),
        ("SHUTDOWN_GRACE_SECONDS", "1"),
    ];
    let mut recorded = RecordedService::start(BINARY, &variables);
    endpoint.reply(Reply::Held);
    endpoint.take_heads();
    let ask = |service: &Service| {
        let mut stream = service.connect();
        let head = b"GET /v2/metadata HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(head).unwrap();
        stream
    };
    let gone: Vec<_> = (0..8).map(|_| ask(&recorded.service)).collect();
    endpoint.wait_for(8);
    gone.into_iter().for_each(reset_connection);
    recorded.wait_for(8, "client_disconnected");
    let _cut_off = ask(&recorded.service);
    endpoint.wait_for(9);
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(9);
    records.assert_outcome_count(8, 499, Some("client_disconnected"), &["error"]);
    records.assert_outcome_count(1, 503, Some("shutdown"), &["fault"]);
}
