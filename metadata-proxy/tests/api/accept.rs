//! A service that has no file left for another connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::start;
use test_support::service::{Service, WAIT_LIMIT};

const REQUEST: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Sets the soft limit of the service's open files and returns the one before.
fn limit_files(service: &Service, files: Option<u64>) -> Option<u64> {
    let pid = Some(service.pid());
    // The hard limit is not above that of this process.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: files,
        maximum,
    };
    let before = prlimit(pid, Resource::Nofile, limit).unwrap();
    assert_eq!(before.maximum, maximum);
    before.current
}

/// Sends a request and asserts that it is not answered for a while.
fn unanswered(service: &Service) -> TcpStream {
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
fn connections_wait_while_no_file_is_left_and_that_is_logged_once() {
    let service = start();
    let mut waiting = Vec::new();
    for _ in 0..2 {
        // Files that are open stay open.
        let before = limit_files(&service, Some(0));
        waiting.push(unanswered(&service));
        waiting.push(unanswered(&service));
        limit_files(&service, before);
        for mut stream in waiting.drain(..) {
            stream.set_read_timeout(Some(WAIT_LIMIT)).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
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
