//! Tests of requests in progress during the shutdown of the service.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::client::{read_first_bytes, send_get};
use crate::{start_service, start_service_with};
use test_support::service::Service;

/// The variable that sets a grace period of 1 s.
const SHORT_GRACE_PERIOD: [(&str, &str); 1] = [("SHUTDOWN_GRACE_SECONDS", "1")];

const SHUTDOWN_ERROR_TYPE: Option<&str> = Some("shutdown");

#[test]
fn requests_aborted_at_the_end_of_the_grace_period_are_recorded_as_faults() {
    let mut recorded_service = start_service_with(&SHORT_GRACE_PERIOD);
    let streams: Vec<_> = (0..100)
        .map(|_| send_get(&recorded_service.service, "/never"))
        .collect();
    recorded_service.wait_for_lines(100, "begun");
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(100);
    records.assert_outcome_count(100, 503, SHUTDOWN_ERROR_TYPE, &["fault"]);
    for mut stream in streams {
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
}

#[test]
fn incomplete_responses_aborted_by_the_shutdown_are_recorded_as_faults() {
    let mut recorded_service = start_service_with(&SHORT_GRACE_PERIOD);
    let mut streams = Vec::new();
    for path in ["/large", "/stream", "/stream-stops"] {
        let mut stream = send_get(&recorded_service.service, path);
        read_first_bytes(&mut stream);
        streams.push(stream);
    }
    streams.push(send_get(&recorded_service.service, "/never"));
    recorded_service.wait_for_lines(1, "begun");
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(4);
    records.assert_outcome_count(3, 200, SHUTDOWN_ERROR_TYPE, &["fault"]);
    records.assert_outcome_count(1, 503, SHUTDOWN_ERROR_TYPE, &["fault"]);
}

#[test]
fn requests_that_end_within_the_grace_period_are_answered_and_not_recorded_as_faults() {
    let mut recorded_service = start_service();
    let mut streams: Vec<_> = (0..20)
        .map(|_| send_get(&recorded_service.service, "/slow"))
        .collect();
    recorded_service.wait_for_lines(20, "begun");
    let records = recorded_service.stop();
    records.assert_each_request_is_recorded_once(20);
    records.assert_outcome_count(20, 200, None, &[]);
    for stream in &mut streams {
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.ends_with("slow"), "{response}");
    }
}

#[test]
fn a_blocked_worker_does_not_prevent_the_exit() {
    let mut recorded_service = start_service_with(&[("SHUTDOWN_GRACE_SECONDS", "0")]);
    let _stream = send_get(&recorded_service.service, "/blocked");
    recorded_service.wait_for_lines(1, "begun");
    recorded_service.service.signal(Signal::TERM);
    let (status, records) = recorded_service.wait_for_end();
    assert!(status.success());
    let line = records.error_lines()[0];
    assert!(
        line["message"].as_str().unwrap().contains("blocked"),
        "{line}"
    );
}

/// Makes the event loop of one worker fail. The tool `strace` injects an error into the worker's system
/// calls. Returns `None` if strace is not installed.
fn break_a_worker(service: &Service) -> Option<Child> {
    let tasks = format!("/proc/{}/task", service.pid().as_raw_nonzero());
    let mut threads = fs::read_dir(tasks)
        .unwrap()
        .map(|task| task.unwrap().path());
    let is_worker = |name: &str| name.trim() == "http-worker";
    let worker = threads.find(|task| is_worker(&fs::read_to_string(task.join("comm")).unwrap()));
    let worker = worker.unwrap();
    let mut strace = Command::new("strace")
        .args(["-e", "trace=epoll_wait,epoll_pwait", "-e"])
        .arg("inject=epoll_wait,epoll_pwait:error=EBADF")
        .arg("-p")
        .arg(worker.file_name().unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let stderr = BufReader::new(strace.stderr.take().unwrap());
    let attached = stderr.lines().map_while(Result::ok).next();
    assert!(attached.is_some_and(|line| line.contains("attached")));
    Some(strace)
}

#[test]
#[ignore = "needs strace"]
fn after_a_failure_of_a_worker_its_requests_are_recorded_as_faults_and_the_service_exits_with_1() {
    let mut recorded_service = start_service_with(&SHORT_GRACE_PERIOD);
    let _streams: Vec<_> = (0..6)
        .map(|_| send_get(&recorded_service.service, "/never"))
        .collect();
    recorded_service.wait_for_lines(6, "begun");
    let Some(mut strace) = break_a_worker(&recorded_service.service) else {
        eprintln!("SKIPPED: strace is not installed");
        return;
    };
    // A new connection wakes the worker. The connections after the first connection may be refused.
    for _ in 0..8 {
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, recorded_service.service.port));
    }
    let (status, records) = recorded_service.wait_for_end();
    strace.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    records.assert_each_request_is_recorded_once(records.access.len());
    let mut hanging: Vec<_> = records.access.iter().collect();
    hanging.retain(|line| line["path"] == "/never");
    assert_eq!(hanging.len(), 6, "{records:#?}");
    assert!(hanging.iter().any(|line| line["error_type"] == "panic"));
    assert!(hanging.iter().any(|line| line["error_type"] == "shutdown"));
    let faults = records
        .segments
        .iter()
        .filter(|segment| segment["fault"] == true);
    assert_eq!(faults.count(), 6);
}
