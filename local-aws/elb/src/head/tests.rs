use http_desync_guardian::ClassificationReason as Reason;
use http_desync_guardian::RequestSafetyTier as Tier;

use super::*;

/// The verdict on a head of these lines.
fn verdict(lines: &str) -> Result<Accepted, Refused> {
    let head = format!("{}\r\n\r\n", lines.replace('\n', "\r\n"));
    examine(head.as_bytes()).unwrap()
}

fn status(lines: &str) -> u16 {
    verdict(lines).map_or_else(|refused| refused.status.as_u16(), |_| 200)
}

fn tier(lines: &str) -> Option<(Tier, Reason)> {
    let classification = match verdict(lines) {
        Ok(accepted) => accepted.classification,
        Err(refused) => refused.classification,
    };
    classification.map(|it| (it.tier, it.reason))
}

#[test]
fn a_head_is_judged_when_it_is_complete() {
    let head = b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nGET";
    for end in 0..head.len() - 3 {
        assert_eq!(examine(&head[..end]), None, "{end}");
    }
    let accepted = Accepted {
        length: head.len() - 3,
        framing: Framing::Head,
        classification: None,
    };
    assert_eq!(examine(head), Some(Ok(accepted)));
}

#[test]
fn http_1_1_needs_exactly_one_right_host() {
    for (lines, wanted) in [
        ("GET / HTTP/1.1\nHost: x", 200),
        ("GET / HTTP/1.1\nhOST:x:8080", 200),
        ("GET / HTTP/1.1\nHost: [::1]:8080", 200),
        ("GET http://x/ HTTP/1.1\nHost: x", 200),
        ("GET http://x:8080/ HTTP/1.1\nHost: x", 200),
        ("GET / HTTP/1.0", 200),
        ("GET / HTTP/1.0\nHost: x", 200),
        ("GET / HTTP/1.1", 400),
        ("GET http://x/ HTTP/1.1", 400),
        ("GET http://me@x/ HTTP/1.1\nHost: x", 400),
        ("GET http://:80/ HTTP/1.1\nHost: x", 400),
        ("GET http://x:port/ HTTP/1.1\nHost: x", 400),
        ("GET / HTTP/1.1\nHost:", 400),
        ("GET / HTTP/1.1\nHost: :80", 400),
        ("GET / HTTP/1.1\nHost: x\nHost: x", 400),
        ("GET / HTTP/1.1\nHost: x\nHost: y", 400),
        ("GET / HTTP/1.0\nHost: x\nHost: y", 400),
        ("GET / HTTP/1.1\nHost: x, y", 400),
        ("GET / HTTP/1.1\nHost: me@x", 400),
        ("GET / HTTP/1.1\nHost: x/y", 400),
        ("GET / HTTP/1.1\nHost: x:port", 400),
        ("GET / HTTP/1.1\nHost: http://x", 400),
        ("GET / HTTP/1.1\nHost: x y", 400),
        ("GET / HTTP/1.1\nHost: [::1", 400),
    ] {
        assert_eq!(status(lines), wanted, "{lines}");
    }
}

#[test]
fn what_is_no_http_is_a_400() {
    for lines in [
        "nonsense",
        "GET /",
        "GET / HTTP/0.9\nHost: x",
        "GET / HTTP/1.2\nHost: x",
        "GET / http/1.1\nHost: x",
        "GET / HTTP/1.1 \nHost: x",
        "GET  / HTTP/1.1\nHost: x",
        "GET / x HTTP/1.1\nHost: x",
        "G(T / HTTP/1.1\nHost: x",
        "GET x HTTP/1.1\nHost: x",
        "OPTIONS * HTTP/1.1\nHost: x",
        "CONNECT x:80 HTTP/1.1\nHost: x",
        "GET /\u{0} HTTP/1.1\nHost: x",
        "GET / HTTP/1.1\nHost : x",
        "GET / HTTP/1.1\nHost: x\nX-A : b",
        "GET / HTTP/1.1\nHost: x\nX-A\t: b",
        "GET / HTTP/1.1\nHost: x\n X-A: folded",
        "GET / HTTP/1.1\nHost: x\nX-A: b\n folded",
        "GET / HTTP/1.1\nHost: x\nX-A: b\n\tfolded",
        "GET / HTTP/1.1\n Host: x",
        "GET / HTTP/1.1\nHost: x\nX-A",
        "GET / HTTP/1.1\nHost: x\n: b",
        "GET / HTTP/1.1\nHost: x\nX-A: \u{0}",
        "GET / HTTP/1.1\nHost: x\nX-(: b",
    ] {
        assert_eq!(status(lines), 400, "{lines:?}");
    }
}

#[test]
fn lengths_and_encodings_that_contradict_each_other_are_refused() {
    for (fields, wanted) in [
        ("Content-Length: 5", 200),
        ("Content-Length: 0", 200),
        ("Content-Length: 5\nContent-Length: 5", 200),
        ("Transfer-Encoding: chunked", 200),
        ("Transfer-Encoding: Chunked", 200),
        ("Transfer-Encoding: chunked\nContent-Length: 5", 200),
        ("Content-Length: 5\nContent-Length: 6", 400),
        ("Content-Length: 5, 5", 400),
        ("Content-Length: 5, 6", 400),
        ("Content-Length: +5", 400),
        ("Content-Length: -5", 400),
        ("Content-Length: 5.0", 400),
        ("Content-Length: 0x5", 400),
        ("Content-Length: five", 400),
        ("Content-Length:", 400),
        ("Content-Length: 18446744073709551615", 400),
        ("Content-Length: 18446744073709551616", 400),
        ("Transfer-Encoding: chunked, chunked", 400),
        (
            "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
            400,
        ),
        ("Transfer-Encoding: xchunked", 400),
        ("Transfer-Encoding: \"chunked\"", 400),
        ("Transfer-Encoding:", 400),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: gzip", 501),
        ("Transfer-Encoding: chunked, identity", 501),
    ] {
        let lines = format!("POST / HTTP/1.1\nHost: x\n{fields}");
        assert_eq!(status(&lines), wanted, "{fields}");
    }
    let in_1_0 = "POST / HTTP/1.0\nHost: x\nTransfer-Encoding: chunked";
    assert_eq!(status(in_1_0), 400);
}

#[test]
fn the_body_is_what_the_headers_say() {
    for (fields, framing) in [
        ("X-A: b", Framing::Head),
        ("Content-Length: 0", Framing::Head),
        ("Content-Length: 17", Framing::Length(17)),
        (
            "Content-Length: 17\nTransfer-Encoding: chunked",
            Framing::Chunked(Chunk::Size(0)),
        ),
    ] {
        let lines = format!("POST / HTTP/1.1\nHost: x\n{fields}");
        assert_eq!(verdict(&lines).unwrap().framing, framing, "{fields}");
    }
}

#[test]
fn the_documented_limits_have_the_documented_statuses() {
    let long = |length: usize| "x".repeat(length);
    let host = "Host: x";
    let target = |length| format!("GET /{} HTTP/1.1\n{host}", long(length));
    let header = |length| format!("GET / HTTP/1.1\n{host}\nX-Long: {}", long(length));
    let headers = |count| {
        let lines: String = (0..count)
            .map(|it| format!("\nX-{it}: {}", long(8000)))
            .collect();
        format!("GET / HTTP/1.1\n{host}{lines}")
    };
    for (lines, wanted) in [
        (target(16_000), 200),
        (target(16_400), 414),
        (target(70_000), 414),
        (header(16_000), 200),
        (header(16_400), 400),
        (headers(8), 200),
        (headers(9), 400),
        (headers(1).replace("X-0", "Cookie"), 200),
    ] {
        assert_eq!(status(&lines), wanted, "{}", lines.len());
    }
    // Nobody needs to send all of what is too long.
    let unfinished = format!("GET /{}", long(20_000));
    assert!(matches!(examine(unfinished.as_bytes()), Some(Err(_))));
    let many: String = (0..600).map(|it| format!("\nX-{it}: b")).collect();
    assert_eq!(status(&format!("GET / HTTP/1.1\n{host}{many}")), 400);
}

#[test]
fn each_other_documented_refusal_has_its_status() {
    let forwarded = |count: usize| {
        let addresses = vec!["192.0.2.1"; count].join(", ");
        format!("GET / HTTP/1.1\nHost: x\nX-Forwarded-For: {addresses}")
    };
    assert_eq!(status(&forwarded(30)), 200);
    assert_eq!(status(&forwarded(31)), 463);
    assert_eq!(
        status(&format!("{}\nX-Forwarded-For: 192.0.2.1", forwarded(30))),
        463
    );
    assert_eq!(status("TRACE / HTTP/1.1\nHost: x"), 405);
    assert_eq!(status("PRI * HTTP/2.0"), 505);
    assert_eq!(status("GET / HTTP/3\nHost: x"), 505);
}

#[test]
fn requests_are_classified_as_desync_mitigation_does() {
    for (fields, wanted) in [
        ("X-A: b", None),
        (
            "Content-Length: 5\nContent-Length: 5",
            Some((Tier::Ambiguous, Reason::DuplicateContentLength)),
        ),
        (
            "Content-Length: 5\nContent-Length: 6",
            Some((Tier::Severe, Reason::MultipleContentLength)),
        ),
        (
            "Content-Length: x",
            Some((Tier::Severe, Reason::BadContentLength)),
        ),
        (
            "Content-Length: 5\nTransfer-Encoding: chunked",
            Some((Tier::Ambiguous, Reason::BothTeClPresent)),
        ),
        (
            "Transfer-Encoding: x",
            Some((Tier::Severe, Reason::BadTransferEncoding)),
        ),
        (
            "Transfer_Encoding: chunked",
            Some((Tier::Ambiguous, Reason::SuspiciousHeader)),
        ),
        ("X-A: caf\u{e9}", None),
    ] {
        let lines = format!("POST / HTTP/1.1\nHost: x\n{fields}");
        assert_eq!(tier(&lines), wanted, "{fields}");
    }
    let get = "GET / HTTP/1.1\nHost: x\nContent-Length: 0";
    assert_eq!(
        tier(get),
        Some((Tier::Acceptable, Reason::GetHeadZeroContentLength))
    );
}

#[test]
fn what_can_be_read_of_a_refused_request_is_told() {
    let head = b"TRACE /a?b HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8\r\n\r\n";
    let read = Fields {
        method: "TRACE",
        target: "/a?b",
        version: "1.1",
        host: Some("x"),
        user_agent: Some("curl/8"),
    };
    assert_eq!(fields(head), Some(read));
    let line = fields(b"GET / HTTP/1.0\r\nHost : x\r\n\r\n").unwrap();
    assert_eq!((line.method, line.version, line.host), ("GET", "1.0", None));
    assert_eq!(fields(b"nonsense\r\n\r\n"), None);
}
