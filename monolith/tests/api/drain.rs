use std::io::{Read, Write};

use rustix::process::Signal;

use crate::database::Database;
use crate::faults::{BadLine, Fault};
use crate::service::eventually;
use crate::start_over;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_at_sigterm_gets_its_whole_answer_within_the_grace() {
    let database = Database::start().await;
    let line = BadLine::to(database.address, |_| Fault::AnswerHeld).await;
    let mut monolith = start_over(line.address, &[("DDB_TIMEOUT_MS", "1500")]);
    let mut stream = monolith.connect();
    stream
        .write_all(b"GET /mysfits HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    eventually("the request is under way", || line.requests() == 1);
    monolith.signal(Signal::TERM);
    let mut answer = String::new();
    // The connection ends after the answer, though the client asked to keep it.
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("did not answer in time"), "{answer}");
    assert!(monolith.wait().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_503_from_the_signal_on() {
    let database = Database::start().await;
    let monolith = start_over(database.address, &[]);
    let mut stream = monolith.connect();
    let head = b"GET /health/ready HTTP/1.1\r\nHost: x\r\n";
    stream.write_all(head).unwrap();
    monolith.signal(Signal::INT);
    monolith.line(|line| line.contains("draining"));
    stream.write_all(b"\r\n").unwrap();
    let mut ready = String::new();
    stream.read_to_string(&mut ready).unwrap();
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("shutting down"), "{ready}");
    assert!(ready.contains("connection: close"), "{ready}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_with_the_grace_whatever_is_under_way() {
    let database = Database::start().await;
    let line = BadLine::to(database.address, |_| Fault::AnswerHeld).await;
    let variables = [
        ("DDB_TIMEOUT_MS", "600000"),
        ("SHUTDOWN_GRACE_SECONDS", "1"),
    ];
    let mut monolith = start_over(line.address, &variables);
    let mut stream = monolith.connect();
    stream
        .write_all(b"GET /mysfits HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    eventually("the request is under way", || line.requests() == 1);
    monolith.signal(Signal::TERM);
    assert!(monolith.wait().success());
}
