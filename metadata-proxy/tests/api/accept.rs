//! Test of connections to a proxy that has reached its limit of open files.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::start;
use test_support::service::{Service, WAIT_LIMIT};

const REQUEST: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Sets the service's soft limit of open files, and returns the previous soft limit.
fn set_open_file_limit(service: &Service, files: Option<u64>) -> Option<u64> {
    let pid = Some(service.pid());
    // The service inherits the hard limit of open files from the test process.
    let hard_limit = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: files,
        maximum: hard_limit,
    };
    let previous_limit = prlimit(pid, Resource::Nofile, limit).unwrap();
    assert_eq!(previous_limit.maximum, hard_limit);
    previous_limit.current
}

/// Sends a request, and asserts that no response arrives within 400 ms.
fn send_unanswered_request(service: &Service) -> TcpStream {
    let mut stream = service.connect();
    stream.write_all(REQUEST).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(400)))
        .unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
    stream
}

#[test]
fn waiting_connections_are_answered_when_files_are_available_and_the_accept_error_is_logged_once() {
    let service = start();
    // A response with status 200 shows that all workers of the service have started and opened their files.
    assert!(service.send_raw(REQUEST).starts_with("HTTP/1.1 200"));
    let mut waiting_streams = Vec::new();
    for _ in 0..2 {
        // Lowering the limit of open files to 0 does not close files that are already open, so the service
        // can still write its log.
        let previous_limit = set_open_file_limit(&service, Some(0));
        waiting_streams.push(send_unanswered_request(&service));
        waiting_streams.push(send_unanswered_request(&service));
        set_open_file_limit(&service, previous_limit);
        for mut stream in waiting_streams.drain(..) {
            stream.set_read_timeout(Some(WAIT_LIMIT)).unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).unwrap();
            assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        }
    }
    let (_, lines) = service.stop();
    let errors: Vec<_> = lines
        .iter()
        .filter(|line| line.contains(r#""level":"ERROR""#))
        .collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].contains("Too many open files"), "{errors:#?}");
    assert!(errors[0].contains("cannot be accepted"), "{errors:#?}");
}
