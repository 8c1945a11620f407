use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::client::{begin_to_read, send};
use crate::{start, start_with};
use test_support::service::Service;

/// A grace period after which requests are cut off.
const SHORT: [(&str, &str); 1] = [("SHUTDOWN_GRACE_SECONDS", "1")];

const CUT: Option<&str> = Some("shutdown");

#[test]
fn requests_that_are_cut_off_are_faults_and_all_are_recorded_before_the_end() {
    let mut recorded = start_with(&SHORT);
    let streams: Vec<_> = (0..100)
        .map(|_| send(&recorded.service, "/never"))
        .collect();
    recorded.wait_for(100, "begun");
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(100);
    records.assert_outcome_count(100, 503, CUT, &["fault"]);
    for mut stream in streams {
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
}

#[test]
fn answers_that_are_cut_off_half_way_are_faults_too() {
    let mut recorded = start_with(&SHORT);
    let mut streams = Vec::new();
    for path in ["/large", "/stream", "/stream-stops"] {
        let mut stream = send(&recorded.service, path);
        begin_to_read(&mut stream);
        streams.push(stream);
    }
    streams.push(send(&recorded.service, "/never"));
    recorded.wait_for(1, "begun");
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(4);
    records.assert_outcome_count(3, 200, CUT, &["fault"]);
    records.assert_outcome_count(1, 503, CUT, &["fault"]);
}

#[test]
fn requests_that_end_within_the_grace_are_no_faults() {
    let mut recorded = start();
    let mut streams: Vec<_> = (0..20).map(|_| send(&recorded.service, "/slow")).collect();
    recorded.wait_for(20, "begun");
    let records = recorded.stop();
    records.assert_each_request_is_recorded_once(20);
    records.assert_outcome_count(20, 200, None, &[]);
    for stream in &mut streams {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("slow"), "{answer}");
    }
}

#[test]
fn a_worker_that_is_blocked_does_not_hold_the_end() {
    let mut recorded = start_with(&[("SHUTDOWN_GRACE_SECONDS", "0")]);
    let _stream = send(&recorded.service, "/blocked");
    recorded.wait_for(1, "begun");
    recorded.service.signal(Signal::TERM);
    let (status, records) = recorded.wait_for_end();
    assert!(status.success());
    let line = records.errors()[0];
    assert!(
        line["message"].as_str().unwrap().contains("blocked"),
        "{line}"
    );
}

/// Makes the event loop of one worker fail from now on, by giving it an error of the kernel. None where
/// there is no strace.
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
fn requests_of_a_worker_that_dies_are_faults_and_the_service_ends_with_an_error() {
    let mut recorded = start_with(&SHORT);
    let _streams: Vec<_> = (0..6).map(|_| send(&recorded.service, "/never")).collect();
    recorded.wait_for(6, "begun");
    let Some(mut strace) = break_a_worker(&recorded.service) else {
        eprintln!("SKIPPED: strace is not there");
        return;
    };
    // A new connection wakes the worker; later ones may be refused.
    for _ in 0..8 {
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, recorded.service.port));
    }
    let (status, records) = recorded.wait_for_end();
    strace.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    records.assert_each_request_is_recorded_once(records.access.len());
    let mut never: Vec<_> = records.access.iter().collect();
    never.retain(|line| line["path"] == "/never");
    assert_eq!(never.len(), 6, "{records:#?}");
    assert!(never.iter().any(|line| line["error_type"] == "panic"));
    assert!(never.iter().any(|line| line["error_type"] == "shutdown"));
    let faults = records.segments.iter().filter(|it| it["fault"] == true);
    assert_eq!(faults.count(), 6);
}
