//! Tests of request bodies: a service reads and discards each body, within a size limit and a time limit.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::{assert_error, parse_answer, send_head};
use crate::program::Program;
use crate::service::Service;

suite! {
    $ bodies_tests, bodies:
    a_too_large_body_is_413_with_and_without_content_length,
    an_invalid_chunked_body_is_400,
    no_request_can_take_longer_than_the_time_limit,
    a_request_after_a_body_within_the_limit_is_answered_on_the_same_connection,
    a_body_of_the_largest_size_keeps_the_connection_open_and_a_larger_one_closes_it,
    a_protocol_upgrade_is_ignored_and_closes_the_connection,
    thousands_of_pipelined_requests_are_all_answered,
    an_incomplete_body_is_408_and_the_service_still_answers,
}

/// A service must close a connection within this time: 5 s for a body, 1 s after the answer, and a margin
/// for a busy machine.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(15);

pub(super) const CHUNKED_HEADER: &str = "Transfer-Encoding: chunked";
pub(super) const H2C_UPGRADE_HEADERS: &str =
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk";

fn a_too_large_body_is_413_with_and_without_content_length(program: &Program) {
    let service = program.start();
    let head = "POST /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let declared = service.send_raw(format!("{head}Content-Length: 1000000000\r\n\r\n").as_bytes());
    assert_error(&declared, 413, "payload_too_large");
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let chunked = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n{}",
        chunk.repeat(8)
    );
    assert_error(
        &service.send_raw(chunked.as_bytes()),
        413,
        "payload_too_large",
    );
}

fn an_invalid_chunked_body_is_400(program: &Program) {
    let service = program.start();
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = service.send_raw(format!("{head}zz\r\n").as_bytes());
    assert_error(&answer, 400, "bad_request");
}

/// Sends a head, and then `more` every 50 ms until the service closes the connection. Returns the answer
/// and the time until the service closes the connection.
fn send_slowly(mut stream: TcpStream, head: &str, more: &str) -> (String, Duration) {
    let start = Instant::now();
    write!(stream, "{head}\r\nHost: x\r\n\r\n").unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut answer = Vec::new();
    loop {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => answer.extend(&bytes[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
        assert!(start.elapsed() < CLOSE_TIMEOUT, "still open: {head}");
        if stream.write_all(more.as_bytes()).is_err() {
            break;
        }
    }
    (
        String::from_utf8_lossy(&answer).into_owned(),
        start.elapsed(),
    )
}

fn no_request_can_take_longer_than_the_time_limit(program: &Program) {
    let service = program.start();
    let live_request_line = "POST /health/live HTTP/1.1";
    let preflight = "OPTIONS /health/live HTTP/1.1";
    let connect = "CONNECT health:80 HTTP/1.1";
    let allowed_length = "Content-Length: 60000";
    let too_large_length = "Content-Length: 70000";
    thread::scope(|scope| {
        for (line, headers, more, status) in [
            (live_request_line, allowed_length, "x", 408),
            (live_request_line, CHUNKED_HEADER, "1\r\nx\r\n", 408),
            (live_request_line, CHUNKED_HEADER, "0", 408),
            (preflight, allowed_length, "x", 408),
            (preflight, CHUNKED_HEADER, "1\r\nx\r\n", 408),
            (connect, allowed_length, "x", 408),
            (connect, CHUNKED_HEADER, "1\r\nx\r\n", 408),
            ("POST /health/live HTTP/1.0", allowed_length, "x", 408),
            (
                live_request_line,
                "Upgrade: x\r\nTransfer-Encoding: chunked",
                "1\r\nx\r\n",
                408,
            ),
            (
                live_request_line,
                "Upgrade: x\r\nContent-Length: 60000",
                "x",
                408,
            ),
            (
                live_request_line,
                "Upgrade: websocket\r\nContent-Length: 60000",
                "x",
                408,
            ),
            // A request without chunked encoding and without a positive `Content-Length` has no body.
            (live_request_line, "Upgrade: websocket", "x", 405),
            (
                live_request_line,
                "Upgrade: websocket\r\nContent-Length: 0",
                "x",
                405,
            ),
            (live_request_line, "Upgrade: x", "x", 405),
            (preflight, "Upgrade: websocket", "x", 204),
            (connect, "X: x", "x", 404),
            // A body whose declared length exceeds the limit is not read.
            (live_request_line, too_large_length, "x", 413),
            (preflight, too_large_length, "x", 413),
        ] {
            let stream = service.connect();
            scope.spawn(move || {
                let head = format!("{line}\r\n{headers}");
                let (answer, open_time) = send_slowly(stream, &head, more);
                assert_eq!(parse_answer(&answer).0, status, "{head}: {answer}");
                let announces_close = answer.to_lowercase().contains("connection: close");
                assert!(announces_close || line.ends_with("1.0"), "{head}: {answer}");
                println!("{open_time:?} {status} {head:?}");
            });
        }
    });
}

/// Sends a request with the body `body`, followed by a second request. Returns the statuses of the answers.
fn statuses_of_two_requests(service: &Service, head: &str, body: &str) -> Vec<u16> {
    let next_request = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answers =
        service.send_raw(format!("{head}\r\nHost: x\r\n\r\n{body}{next_request}").as_bytes());
    let answers = answers.split("HTTP/1.1 ").skip(1);
    let status = |answer: &str| answer[..3].parse().unwrap();
    answers.map(status).collect()
}

fn a_request_after_a_body_within_the_limit_is_answered_on_the_same_connection(program: &Program) {
    let service = program.start();
    let mut stream = service.connect();
    let post_request = "POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    let get_request = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream
        .write_all(format!("{post_request}{get_request}").as_bytes())
        .unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert!(answers.starts_with("HTTP/1.1 405"), "{answers}");
    assert!(answers.contains("HTTP/1.1 200"), "{answers}");
}

fn a_body_of_the_largest_size_keeps_the_connection_open_and_a_larger_one_closes_it(
    program: &Program,
) {
    let service = program.start();
    let largest_body = "x".repeat(0x10000);
    let chunks_of_one_byte = |bytes: usize| "1\r\nx\r\n".repeat(bytes) + "0\r\n\r\n";
    for (headers, body) in [
        ("Content-Length: 65536", largest_body.clone()),
        (
            CHUNKED_HEADER,
            format!("10000\r\n{largest_body}\r\n0\r\n\r\n"),
        ),
        (
            CHUNKED_HEADER,
            format!("10000;name=value\r\n{largest_body}\r\n0\r\nX-More: x\r\n\r\n"),
        ),
        (CHUNKED_HEADER, chunks_of_one_byte(0x10000)),
        ("Content-Length: 0", String::new()),
    ] {
        for (line, status) in [("POST /health/live", 405), ("OPTIONS /", 204)] {
            let head = format!("{line} HTTP/1.1\r\n{headers}");
            assert_eq!(
                statuses_of_two_requests(&service, &head, &body),
                [status, 200],
                "{head}"
            );
        }
    }
    let too_large_body = "x".repeat(0x10001);
    for (headers, body) in [
        ("Content-Length: 65537", too_large_body.clone()),
        (
            CHUNKED_HEADER,
            format!("10001\r\n{too_large_body}\r\n0\r\n\r\n"),
        ),
        (CHUNKED_HEADER, chunks_of_one_byte(0x10001)),
    ] {
        let head = format!("POST /health/live HTTP/1.1\r\n{headers}");
        assert_eq!(status_of_closing_answer(&service, &head, &body), 413);
    }
}

/// Sends a request with the body `body`, and asserts that the service closes the connection after the
/// answer. Returns the status of the answer.
fn status_of_closing_answer(service: &Service, head: &str, body: &str) -> u16 {
    let start = Instant::now();
    let answer = service.send_raw(format!("{head}\r\nHost: x\r\n\r\n{body}").as_bytes());
    assert!(start.elapsed() < CLOSE_TIMEOUT, "still open: {head}");
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "{head}: {answer}"
    );
    parse_answer(&answer).0
}

fn a_protocol_upgrade_is_ignored_and_closes_the_connection(program: &Program) {
    let service = program.start();
    for (line, headers, body, status) in [
        ("GET /health/live", "Upgrade: websocket", "", 200),
        (
            "GET /health/live",
            "Upgrade: websocket\r\nContent-Length: 4",
            "body",
            200,
        ),
        ("GET /health/live", H2C_UPGRADE_HEADERS, "", 200),
        ("GET /health/live", "Connection: upgrade", "", 200),
        (
            "POST /health/live",
            "Upgrade: x\r\nContent-Length: 4",
            "body",
            405,
        ),
        (
            "POST /health/live",
            "Upgrade: x\r\nTransfer-Encoding: chunked",
            "4\r\nbody\r\n0\r\n\r\n",
            405,
        ),
        ("CONNECT health:80", "X: x", "", 404),
        ("CONNECT health:80", "Content-Length: 4", "body", 404),
    ] {
        let head = format!("{line} HTTP/1.1\r\n{headers}");
        assert_eq!(
            status_of_closing_answer(&service, &head, body),
            status,
            "{head}"
        );
    }
    // Bytes after an upgrade can belong to the new protocol, so the service does not parse these bytes as a
    // request.
    for head in [
        "GET /health/live HTTP/1.1\r\nUpgrade: websocket",
        "CONNECT health:80 HTTP/1.1\r\nX: x",
    ] {
        assert_eq!(
            statuses_of_two_requests(&service, head, "").len(),
            1,
            "{head}"
        );
    }
    // An HTTP/2 connection preface without an upgrade is invalid in HTTP/1.1.
    let settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    assert_eq!(parse_answer(&service.send_raw(settings)).0, 400);
}

fn thousands_of_pipelined_requests_are_all_answered(program: &Program) {
    let service = program.start();
    let mut stream = service.connect();
    let padding = "x".repeat(1000);
    let get_request =
        format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Padding: {padding}\r\n\r\n");
    let post_request = "POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        .to_owned()
        + &padding;
    let request_count = 3000;
    let mut answer_stream = stream.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut answers = String::new();
        let _ = answer_stream.read_to_string(&mut answers);
        answers
    });
    for _ in 0..request_count {
        stream.write_all(get_request.as_bytes()).unwrap();
        stream.write_all(post_request.as_bytes()).unwrap();
    }
    let last_request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(last_request).unwrap();
    let answers = reader.join().unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), request_count + 1);
    assert_eq!(answers.matches("HTTP/1.1 405").count(), request_count);
}

fn an_incomplete_body_is_408_and_the_service_still_answers(program: &Program) {
    let service = program.start();
    let answer = service.send_raw(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    assert_error(&answer, 408, "request_timeout");
    assert_eq!(
        parse_answer(&send_head(&service, "GET /health/live HTTP/1.1")).0,
        200
    );
}
