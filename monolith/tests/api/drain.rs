use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::{BINARY, REQUIRED, start_with_dynamodb_at};
use test_support::daemon::{assert_child_within, error_flags};
use test_support::records::{RecordedService, Records, reset_connection};
use test_support::service::{Service, WAIT_LIMIT, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn a_running_request_at_sigterm_gets_its_complete_answer() {
    let database = Database::start().await;
    let proxy = FaultyProxy::start(database.address, |_| Fault::AnswerWithheld).await;
    let mut monolith = start_with_dynamodb_at(proxy.address, &[("DDB_TIMEOUT_MS", "1500")]);
    let mut stream = monolith.connect();
    stream
        .write_all(b"GET /mysfits HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    wait_until("the database has received the request", || {
        proxy.request_count() == 1
    });
    monolith.signal(Signal::TERM);
    let mut answer = String::new();
    // The service closes the connection after the answer, although the request does not contain
    // `Connection: close`.
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("did not answer in time"), "{answer}");
    assert!(monolith.wait().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_503_after_the_stop_signal() {
    let database = Database::start().await;
    let monolith = start_with_dynamodb_at(database.address, &[]);
    let mut stream = monolith.connect();
    let head = b"GET /health/ready HTTP/1.1\r\nHost: x\r\n";
    stream.write_all(head).unwrap();
    monolith.signal(Signal::INT);
    monolith.wait_for_line(|line| line.contains("draining"));
    stream.write_all(b"\r\n").unwrap();
    let mut ready = String::new();
    stream.read_to_string(&mut ready).unwrap();
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("shutting down"), "{ready}");
    assert!(ready.contains("connection: close"), "{ready}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_after_the_grace_period_and_records_aborted_requests() {
    let database = Database::start().await;
    let proxy = FaultyProxy::start(database.address, |_| Fault::AnswerWithheld).await;
    let variables = [
        ("DDB_TIMEOUT_MS", "600000"),
        ("SHUTDOWN_GRACE_SECONDS", "1"),
    ];
    let recorded = start_recorded(proxy.address, &variables);
    let streams: Vec<_> = (0..20)
        .map(|_| send(&recorded.service, "GET /mysfits"))
        .collect();
    wait_until("the database has received the requests", || {
        proxy.request_count() == 20
    });
    let start = Instant::now();
    let records = recorded.stop();
    assert!(start.elapsed() < WAIT_LIMIT / 2, "{:?}", start.elapsed());
    for mut stream in streams {
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
    records.assert_each_request_is_recorded_once(20);
    records.assert_outcome_count(20, 503, Some("shutdown"), &["fault"]);
    assert_calls_without_answer(&records, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reset_ends_the_spans_of_the_request_and_of_its_dynamodb_call() {
    let database = Database::start().await;
    let proxy = FaultyProxy::start(database.address, |_| Fault::AnswerWithheld).await;
    let mut recorded = start_recorded(proxy.address, &[("DDB_TIMEOUT_MS", "600000")]);
    let requests = [
        "GET /mysfits",
        "GET /mysfits?filter=GoodEvil&value=Good",
        "GET /mysfits/one",
        "POST /mysfits/one/fulfill-like",
        "POST /mysfits/one/adopt",
    ];
    let streams = requests.map(|request| send(&recorded.service, request));
    wait_until("the database has received the requests", || {
        proxy.request_count() == 5
    });
    streams.into_iter().for_each(reset_connection);
    recorded.wait_for_lines(5, "client_disconnected");
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(5);
    records.assert_outcome_count(5, 499, Some("client_disconnected"), &["error"]);
    assert_calls_without_answer(&records, 5);
}

/// Starts a monolith that calls DynamoDB at `address`, and records its telemetry.
fn start_recorded(address: SocketAddr, more: &[(&str, &str)]) -> RecordedService {
    let url = format!("http://{address}");
    let endpoint = [("AWS_ENDPOINT_URL_DYNAMODB", &*url)];
    let other_variables = REQUIRED.iter().filter(|(name, _)| *name != endpoint[0].0);
    let variables: Vec<_> = other_variables.copied().chain(endpoint).collect();
    RecordedService::start(BINARY, &[&variables, more].concat())
}

fn send(service: &Service, request: &str) -> TcpStream {
    let mut stream = service.connect();
    write!(stream, "{request} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    stream
}

/// Asserts that `count` DynamoDB calls without an answer are recorded, each as a subsegment and as a
/// duration.
fn assert_calls_without_answer(records: &Records, count: usize) {
    assert_eq!(records.calls.len(), count, "{records:#?}");
    for call in &records.calls {
        assert_eq!(error_flags(call), ["fault"]);
        assert_eq!(call["annotations"]["error_type"], "no_answer");
        let is_parent = |segment: &&Value| segment["id"] == call["parent_id"];
        assert_child_within(call, records.segments.iter().find(is_parent).unwrap());
    }
    let no_answer = [("error.type", json!("no_answer"))];
    let durations = records.sum_metric("db.client.operation.duration", &no_answer);
    assert_eq!(durations, count);
}
