//! Tests of the behaviour that `http-shell` gives every service.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::Instant;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::answer::{assert_error, parse_answer, send_head};
use crate::program::Program;
use crate::service::{Service, WAIT_LIMIT};

suite! {
    $ shell_tests, shell:
    live_is_200_while_the_process_runs,
    an_unknown_path_is_a_json_404_with_cors,
    a_wrong_method_is_405_with_the_allowed_methods,
    head_is_answered_like_get_without_a_body,
    a_preflight_has_an_empty_answer_and_allows_any_origin,
    a_preflight_allows_the_requested_headers_by_name,
    an_invalid_request_head_is_rejected_with_an_empty_answer,
    an_incomplete_request_head_is_408_after_the_time_limit,
    each_request_has_an_access_line_with_the_fields_of_the_workshop,
    the_exit_code_of_health_check_shows_whether_the_service_is_live,
    an_unknown_argument_is_a_usage_error,
    arguments_and_variables_that_are_not_unicode_are_rejected_without_a_panic,
    unread_standard_output_blocks_neither_requests_nor_shutdown,
    an_occupied_port_is_an_error_that_names_the_variable,
    an_invalid_variable_is_rejected_with_its_name_and_the_expected_values,
    an_invalid_variable_ends_the_program_with_exit_code_64,
    a_missing_required_variable_is_named_with_exit_code_64,
    an_idle_service_stops_at_once_on_sigterm,
}

#[tokio::main(flavor = "current_thread")]
async fn live_is_200_while_the_process_runs(program: &Program) {
    let service = program.start();
    let answer = reqwest::get(service.url("/health/live")).await.unwrap();
    assert_eq!(answer.status(), 200);
}

fn an_unknown_path_is_a_json_404_with_cors(program: &Program) {
    let service = program.start();
    for path in [
        "/nothing",
        "/mysfits/",
        "//",
        "/mysfits/a/b/c",
        "/%2e%2e/",
        "/health",
    ] {
        assert_error(
            &send_head(&service, &format!("GET {path} HTTP/1.1")),
            404,
            "not_found",
        );
    }
}

#[tokio::main(flavor = "current_thread")]
async fn a_wrong_method_is_405_with_the_allowed_methods(program: &Program) {
    let service = program.start();
    for (method, path, allow) in [
        (Method::POST, "/", "GET, HEAD"),
        (Method::DELETE, "/health/live", "GET, HEAD"),
        (Method::PUT, "/health/ready", "GET, HEAD"),
    ] {
        let answer = Client::new().request(method, service.url(path)).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], allow);
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "method_not_allowed");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn head_is_answered_like_get_without_a_body(program: &Program) {
    let service = program.start();
    let answer = send_head(&service, "HEAD /health/live HTTP/1.1");
    let (status, head, body) = parse_answer(&answer);
    assert_eq!((status, body), (200, ""));
    assert!(head.contains("content-length: 17"), "{answer}");
}

#[tokio::main(flavor = "current_thread")]
async fn a_preflight_has_an_empty_answer_and_allows_any_origin(program: &Program) {
    let service = program.start();
    for path in ["/", "/mysfits/x/like", "/nothing"] {
        let answer = Client::new()
            .request(Method::OPTIONS, service.url(path))
            .header("Origin", "http://elsewhere.example")
            .header("Access-Control-Request-Method", "POST")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        assert!(
            answer.headers()["access-control-allow-methods"]
                .to_str()
                .unwrap()
                .contains("POST")
        );
        assert_eq!(answer.text().await.unwrap(), "");
    }
}

/// Sends a preflight with additional header lines. Returns the request headers that the answer to the
/// preflight allows.
fn allowed_headers(service: &Service, header_lines: &str) -> Option<String> {
    let preflight = "OPTIONS /mysfits/x/like HTTP/1.1\r\nOrigin: http://elsewhere.example\r\n\
        Access-Control-Request-Method: POST";
    let answer = send_head(service, &format!("{preflight}{header_lines}"));
    let (status, head, body) = parse_answer(&answer);
    assert_eq!((status, body), (204, ""), "{answer}");
    assert!(head.contains("access-control-allow-origin: *"), "{answer}");
    assert!(
        head.contains("vary: access-control-request-headers"),
        "{answer}"
    );
    let allowed_headers = head
        .lines()
        .find_map(|line| line.strip_prefix("access-control-allow-headers: "));
    allowed_headers.map(str::to_owned)
}

fn a_preflight_allows_the_requested_headers_by_name(program: &Program) {
    let service = program.start();
    let requested = "\r\nAccess-Control-Request-Headers: ";
    let long_list: Vec<_> = (0..200).map(|number| format!("x-{number}")).collect();
    let long_list = long_list.join(", ");
    for (header_lines, expected) in [
        (String::new(), None),
        (requested.to_owned(), None),
        (format!("{requested} , ,"), None),
        (format!("{requested}authorization"), Some("authorization")),
        (
            format!("{requested}Authorization,content-type ,  x-amzn-trace-id"),
            Some("authorization, content-type, x-amzn-trace-id"),
        ),
        (
            format!("{requested}authorization{requested}traceparent"),
            Some("authorization, traceparent"),
        ),
        // The answer does not contain invalid header names.
        (
            format!("{requested}authorization, <script>, a b, \u{e9}, x:y"),
            Some("authorization"),
        ),
        (format!("{requested}{long_list}"), Some(&*long_list)),
    ] {
        let allowed = allowed_headers(&service, &header_lines);
        assert_eq!(allowed.as_deref(), expected, "{header_lines}");
    }
}

fn an_invalid_request_head_is_rejected_with_an_empty_answer(program: &Program) {
    let service = program.start();
    let request_with_huge_header = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Huge: {}\r\n\r\n",
        "x".repeat(300_000)
    );
    for (bytes, statuses) in [
        (&b"not http at all\r\n\r\n"[..], &[400][..]),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", &[400]),
        (b"GET /\xff\x00 HTTP/1.1\r\nHost: x\r\n\r\n", &[400]),
        (request_with_huge_header.as_bytes(), &[400, 431]),
    ] {
        let answer = service.send_raw(bytes);
        let (status, _, body) = parse_answer(&answer);
        assert!(statuses.contains(&status), "{answer}");
        assert_eq!(body, "");
    }
    assert_eq!(
        parse_answer(&send_head(&service, "GET /health/live HTTP/1.1")).0,
        200
    );
}

fn an_incomplete_request_head_is_408_after_the_time_limit(program: &Program) {
    let service = program.start();
    let start = Instant::now();
    let answer = service.send_raw(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    assert_eq!(parse_answer(&answer).0, 408, "{answer}");
    assert!(start.elapsed() < WAIT_LIMIT / 2);
}

fn each_request_has_an_access_line_with_the_fields_of_the_workshop(program: &Program) {
    let service = program.start();
    let head = "GET /no?secret=1 HTTP/1.1\r\nUser-Agent: ELB-HealthChecker/2.0";
    send_head(&service, head);
    let line = service.wait_for_line(|line| line.contains("ELB-HealthChecker"));
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["target"], "access");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["path"], "/no");
    assert_eq!(line["status"], 404);
    assert_eq!(line["user_agent"], "ELB-HealthChecker/2.0");
    assert!(line["ms"].as_f64().is_some());
}

fn the_exit_code_of_health_check_shows_whether_the_service_is_live(program: &Program) {
    let service = program.start();
    let run_health_check = |port: u16| {
        let port = port.to_string();
        program.run_to_end(&[("PORT", &port)], &["--health-check"])
    };
    assert!(run_health_check(service.port).status.success());
    let port = service.port;
    drop(service);
    assert_eq!(run_health_check(port).status.code(), Some(1));
}

fn an_unknown_argument_is_a_usage_error(program: &Program) {
    let output = program.run_to_end(&[], &["--port"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--port"));
}

fn arguments_and_variables_that_are_not_unicode_are_rejected_without_a_panic(program: &Program) {
    let invalid = OsStr::from_bytes(b"\xff");
    let output = Command::new(program.binary).arg(invalid).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let required = program.required.iter().copied();
    let output = Command::new(program.binary)
        .env_clear()
        .envs(required)
        .env("UNUSED", invalid)
        .env("LOGLEVEL", invalid)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("LOGLEVEL"));
}

fn unread_standard_output_blocks_neither_requests_nor_shutdown(program: &Program) {
    let mut service = Service::start_unread(program.binary, program.required);
    // These requests cause more log lines than the pipe and the log queue can store.
    let mut stream = service.connect();
    let get_request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
    for _ in 0..1000 {
        stream.write_all(&get_request.repeat(10)).unwrap();
        for _ in 0..10 {
            let line = answers.find(|line| line.as_ref().is_ok_and(|line| line.contains("200 OK")));
            assert!(line.is_some());
        }
    }
    service.signal(rustix::process::Signal::TERM);
    assert!(service.wait().success());
}

fn an_occupied_port_is_an_error_that_names_the_variable(program: &Program) {
    let service = program.start();
    let port = service.port.to_string();
    let variables: Vec<_> = program
        .required
        .iter()
        .copied()
        .chain([("PORT", &*port)])
        .collect();
    let output = program.run_to_end(&variables, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("PORT"));
}

fn an_invalid_variable_is_rejected_with_its_name_and_the_expected_values(program: &Program) {
    let rejected_by_all_services = [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", ""),
        ("LOGLEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("ACCESS_LOG", "maybe"),
        ("SHUTDOWN_GRACE_SECONDS", "-1"),
        ("SHUTDOWN_GRACE_SECONDS", "9999999"),
        ("TRACE_HEALTH_CHECKS", "sometimes"),
        ("OTEL_TRACES_EXPORTER", "jaeger"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_PROPAGATORS", "b3"),
        ("OTEL_TRACES_SAMPLER", "some"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"),
        ("AWS_XRAY_DAEMON_ADDRESS", "daemon"),
    ];
    for (name, value) in rejected_by_all_services
        .iter()
        .chain(program.rejected_values)
        .copied()
    {
        let error = program.config_error(&[(name, value)]);
        assert!(error.contains(name), "{name}={value}: {error}");
        assert!(error.contains("expected"), "{name}={value}: {error}");
    }
}

fn an_invalid_variable_ends_the_program_with_exit_code_64(program: &Program) {
    let rejected_by_all_services = [("PORT", "http"), ("LOGLEVEL", "LOUD")];
    for (name, value) in rejected_by_all_services
        .iter()
        .chain(&program.rejected_values[..1])
        .copied()
    {
        let output = program.run_to_end(&program.required_with(&[(name, value)]), &[]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{name}={value}: {error}");
        assert!(error.contains(name), "{name}={value}: {error}");
    }
}

fn a_missing_required_variable_is_named_with_exit_code_64(program: &Program) {
    for name in program.without_default {
        let other_variables = program.required.iter().filter(|(other, _)| other != name);
        let variables: Vec<_> = other_variables.copied().collect();
        let output = program.run_to_end(&variables, &[]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{name}: {error}");
        assert!(error.contains(name), "{name}: {error}");
    }
}

fn an_idle_service_stops_at_once_on_sigterm(program: &Program) {
    let service = program.start();
    // Idle connections do not delay the shutdown, whether they had a request or not.
    let _unused_connection = service.connect();
    let mut idle_connection = service.connect();
    let get_request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    idle_connection.write_all(get_request).unwrap();
    idle_connection.read_exact(&mut [0; 12]).unwrap();
    let start = Instant::now();
    let (status, _) = service.stop();
    assert!(status.success());
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
