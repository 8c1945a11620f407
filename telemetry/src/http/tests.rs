//! Failures as real sockets make them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

/// What a client makes of a server that reads the request, writes `answer`, and closes the
/// connection, or keeps it open where there is none.
fn asked(timeout: Duration, answer: Option<&'static str>) -> Result<Option<Failure>, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        while !request.ends_with(b"end") {
            let read = stream.read(&mut request).unwrap();
            if request[..read].ends_with(b"end") {
                break;
            }
        }
        match answer {
            Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
            // Until the client gives up.
            None => while stream.read(&mut request).is_ok_and(|read| read > 0) {},
        }
        address.to_string()
    });
    let uri = format!("http://{address}/v1/traces?key=secret");
    let request = Request::post(uri).body(Bytes::from_static(b"end")).unwrap();
    let sent = Blocking::within(timeout).send(request);
    let host = server.join().unwrap();
    let sent = sent.map(|(_, failure)| failure);
    if let Ok(Some(failure)) | Err(failure) = &sent {
        assert!(failure.cause.contains(&host), "{failure:?}");
        assert!(!failure.cause.contains("secret"), "{failure:?}");
    }
    sent
}

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_success_is_no_failure() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert!(asked(PATIENCE, Some(answer)).unwrap().is_none());
}

#[test]
fn a_status_without_success_is_its_own_error_type() {
    for (head, code) in [
        ("HTTP/1.1 401 Unauthorized", "401"),
        ("HTTP/1.1 503 Service Unavailable", "503"),
        ("HTTP/1.1 307 Temporary Redirect\r\nLocation: /x", "307"),
    ] {
        let answer = format!("{head}\r\nContent-Length: 0\r\n\r\n").leak();
        let failure = asked(PATIENCE, Some(answer)).unwrap().expect(code);
        assert_eq!(failure.error_type, code);
        assert!(failure.cause.contains(code), "{failure:?}");
    }
}

#[test]
fn an_answer_that_never_comes_is_a_timeout() {
    let failure = asked(Duration::from_millis(50), None).unwrap_err();
    assert_eq!(failure.error_type, "timeout");
}

#[test]
fn an_answer_that_is_not_http_or_too_long_is_a_failure_with_its_cause() {
    let long = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
        "x".repeat(65_537)
    );
    for answer in ["", "SSH-2.0-OpenSSH\r\n\r\n", long.leak()] {
        let failure = asked(PATIENCE, Some(answer)).unwrap_err();
        assert!(!failure.cause.ends_with(": "), "{failure:?}");
    }
}

#[test]
fn a_refused_connection_has_the_name_that_the_standard_library_gives_it() {
    // Only the superuser may listen there, so no other test does.
    let request = Request::post("http://127.0.0.1:1/")
        .body(Bytes::new())
        .unwrap();
    let failure = Blocking::within(PATIENCE).send(request).unwrap_err();
    assert_eq!(failure.error_type, "ConnectionRefused");
    assert!(failure.cause.contains("127.0.0.1:1"), "{failure:?}");
}

#[test]
fn a_host_that_cannot_be_found_is_named_in_the_cause() {
    // Too long for any question, so that the resolver refuses it by itself.
    let host = "x".repeat(64);
    let request = Request::post(format!("http://{host}:4318/"));
    let request = request.body(Bytes::new()).unwrap();
    let failure = Blocking::within(PATIENCE).send(request).unwrap_err();
    // The standard library has no kind for it.
    assert_eq!(failure.error_type, "_OTHER", "{failure:?}");
    assert!(failure.cause.contains(&host), "{failure:?}");
}

#[test]
fn a_failure_is_taken_once() {
    let last = LastFailure::default();
    last.set(Some(Failure::new("503".to_owned(), "busy".to_owned())));
    assert_eq!(last.take().unwrap().error_type, "503");
    assert!(last.take().is_none());
}
