//! Tests with servers on real sockets.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

const LONG_TIMEOUT: Duration = Duration::from_secs(20);

/// Starts a server and sends a request to the server. The server writes `response` and closes the connection.
/// If `response` is `None`, the server sends no response and waits until the client closes the connection.
fn send_to_server(
    timeout: Duration,
    response: Option<&'static str>,
) -> Result<Response<Bytes>, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        loop {
            let length = stream.read(&mut buffer).unwrap();
            if buffer[..length].ends_with(b"end") {
                break;
            }
        }
        match response {
            Some(response) => stream.write_all(response.as_bytes()).unwrap(),
            None => while stream.read(&mut buffer).is_ok_and(|length| length > 0) {},
        }
    });
    let uri = format!("http://{address}/v1/traces?key=secret");
    let request = Request::post(uri).body(Bytes::from_static(b"end")).unwrap();
    let result = BlockingClient::new(timeout).send(request);
    server.join().unwrap();
    if let Err(failure) = &result {
        assert!(failure.cause.contains(&address.to_string()), "{failure:?}");
        assert!(!failure.cause.contains("secret"), "{failure:?}");
    }
    result
}

#[test]
fn a_2xx_response_is_returned_with_its_body() {
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let response = send_to_server(LONG_TIMEOUT, Some(response)).unwrap();
    assert_eq!(&response.body()[..], b"ok");
}

#[test]
fn a_body_of_exactly_1_mib_is_returned() {
    let body = "x".repeat(1024 * 1024);
    let response = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}");
    let response = send_to_server(LONG_TIMEOUT, Some(response.leak())).unwrap();
    assert_eq!(response.body().len(), body.len());
}

#[test]
fn a_status_other_than_2xx_is_a_failure_and_becomes_its_error_type() {
    for (head, code) in [
        ("HTTP/1.1 401 Unauthorized", "401"),
        ("HTTP/1.1 503 Service Unavailable", "503"),
        ("HTTP/1.1 307 Temporary Redirect\r\nLocation: /x", "307"),
    ] {
        let response = format!("{head}\r\nContent-Length: 0\r\n\r\n").leak();
        let failure = send_to_server(LONG_TIMEOUT, Some(response)).unwrap_err();
        assert_eq!(failure.error_type, code);
        assert_eq!(failure.status.unwrap().as_str(), code);
        assert!(failure.cause.contains(code), "{failure:?}");
    }
}

#[test]
fn a_server_that_never_answers_causes_a_timeout() {
    let failure = send_to_server(Duration::from_millis(50), None).unwrap_err();
    assert_eq!(failure.error_type, "timeout");
    assert_eq!(failure.status, None);
}

#[test]
fn a_response_that_is_not_http_or_longer_than_1_mib_is_a_failure() {
    let long_response = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
        "x".repeat(1024 * 1024 + 1)
    );
    for (response, status) in [
        ("", None),
        ("SSH-2.0-OpenSSH\r\n\r\n", None),
        (long_response.leak(), Some(StatusCode::OK)),
    ] {
        let failure = send_to_server(LONG_TIMEOUT, Some(response)).unwrap_err();
        assert_eq!(failure.status, status);
        assert!(!failure.cause.ends_with(": "), "{failure:?}");
    }
}

#[test]
fn the_error_type_of_a_refused_connection_is_the_name_of_the_io_error_kind() {
    // Only the superuser may listen on port 1, so no other test listens on port 1.
    let request = Request::post("http://127.0.0.1:1/")
        .body(Bytes::new())
        .unwrap();
    let failure = BlockingClient::new(LONG_TIMEOUT).send(request).unwrap_err();
    assert_eq!(failure.error_type, "ConnectionRefused");
    assert!(failure.cause.contains("127.0.0.1:1"), "{failure:?}");
}

#[test]
fn a_failed_name_lookup_has_the_host_name_in_its_cause() {
    // The resolver rejects a label of more than 63 characters without a request to a name server.
    let host = "x".repeat(64);
    let request = Request::post(format!("http://{host}:4318/"));
    let request = request.body(Bytes::new()).unwrap();
    let failure = BlockingClient::new(LONG_TIMEOUT).send(request).unwrap_err();
    // The standard library has no error kind for failed lookups.
    assert_eq!(failure.error_type, "_OTHER", "{failure:?}");
    assert!(failure.cause.contains(&host), "{failure:?}");
}

#[test]
fn taking_the_last_failure_removes_the_failure() {
    let last_failure = LastFailure::default();
    last_failure.set(Some(Failure::new("503".to_owned(), "busy".to_owned())));
    assert_eq!(last_failure.take().unwrap().error_type, "503");
    assert!(last_failure.take().is_none());
}
