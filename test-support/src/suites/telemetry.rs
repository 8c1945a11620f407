//! Tests of the traces and metrics that every service exports.

use std::io::Write;
use std::time::Instant;

use reqwest::Client;
use serde_json::Value;

use crate::backend::{Backend, HttpBackend};
use crate::daemon::{Daemon, documents_of_trace, error_flags, trace_id};
use crate::program::Program;
use crate::service::{Service, WAIT_LIMIT, wait_until};

suite! {
    $ telemetry_tests, telemetry:
    every_answer_has_a_trace_header_that_web_pages_may_read,
    the_trace_id_of_the_load_balancer_is_kept_with_and_without_spans,
    a_trace_header_with_only_a_root_gives_a_sampled_segment_without_a_parent,
    the_callers_span_is_the_parent_in_both_formats,
    the_callers_sampling_decision_is_kept_and_returned,
    invalid_trace_headers_start_a_new_trace,
    a_404_is_an_error_in_its_segment,
    trace_health_checks_off_disables_the_spans_of_health_checks,
    long_request_fields_are_truncated_in_the_document,
    a_silent_collector_delays_neither_requests_nor_shutdown,
    the_console_exporter_writes_spans_as_text_to_standard_output,
    embedded_metrics_are_json_lines_in_cloudwatchs_format,
    a_request_with_a_very_long_trace_header_is_answered,
}

const TRACE_HEADER_ROOT: &str = "Root=1-58406520-a006649127e371903a2de979";

/// Variables that sample every trace for which the caller made no sampling decision, and that send the
/// segments to the X-Ray daemon.
const XRAY_EXPORT: [(&str, &str); 2] = [
    ("OTEL_TRACES_EXPORTER", "xray"),
    ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
];

/// Sends `GET path` with the additional request headers `headers`. Returns the trace header of the answer.
async fn request_trace_header(service: &Service, path: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Client::new().get(service.url(path)).timeout(WAIT_LIMIT);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let header = answer.headers().get("x-amzn-trace-id").expect(path);
    header.to_str().unwrap().to_owned()
}

/// Starts a service with an X-Ray daemon, calls `send_requests`, and stops the service. Returns the result
/// of `send_requests`, and the documents that the daemon received.
async fn export_documents(
    program: &Program,
    more: &[(&str, &str)],
    send_requests: impl AsyncFnOnce(&Service) -> String,
) -> (String, Vec<Value>) {
    let daemon = Daemon::start();
    let (name, address) = daemon.address_variable();
    let mut variables = XRAY_EXPORT.to_vec();
    variables.push((name, &address));
    variables.extend(more);
    let service = program.start_with(&variables);
    let header = send_requests(&service).await;
    assert!(service.stop().0.success());
    (header, daemon.documents())
}

#[tokio::main(flavor = "current_thread")]
async fn every_answer_has_a_trace_header_that_web_pages_may_read(program: &Program) {
    let service = program.start_with(&[]);
    for (method, path) in [
        ("GET", "/health/live"),
        ("GET", "/nothing"),
        ("DELETE", "/health/live"),
        ("OPTIONS", "/"),
        ("HEAD", "/health/live"),
    ] {
        let answer = Client::new().request(method.parse().unwrap(), service.url(path));
        let answer = answer.send().await.unwrap();
        let header = answer.headers()["x-amzn-trace-id"].to_str().unwrap();
        assert!(header.starts_with("Root=1-"), "{header}");
        assert!(header.ends_with(";Sampled=0"), "{header}");
        assert_eq!(
            answer.headers()["access-control-expose-headers"],
            "X-Amzn-Trace-Id"
        );
        assert_eq!(answer.headers()["timing-allow-origin"], "*");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn the_trace_id_of_the_load_balancer_is_kept_with_and_without_spans(program: &Program) {
    for exporter in ["none", "xray"] {
        let service = program.start_with(&[("OTEL_TRACES_EXPORTER", exporter)]);
        let header = request_trace_header(
            &service,
            "/health/live",
            &[("X-Amzn-Trace-Id", TRACE_HEADER_ROOT)],
        )
        .await;
        assert_eq!(trace_id(&header), trace_id(TRACE_HEADER_ROOT), "{exporter}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn a_trace_header_with_only_a_root_gives_a_sampled_segment_without_a_parent(
    program: &Program,
) {
    let (header, documents) = export_documents(program, &[], async |service| {
        request_trace_header(
            service,
            "/health/live",
            &[("x-amzn-trace-id", TRACE_HEADER_ROOT)],
        )
        .await
    })
    .await;
    assert_eq!(header, format!("{TRACE_HEADER_ROOT};Sampled=1"));
    let [segment] = documents_of_trace(&documents, &header)[..] else {
        panic!("{documents:#?}");
    };
    assert_eq!(segment["parent_id"], Value::Null);
    assert_eq!(segment["http"]["response"]["status"], 200);
    assert_eq!(segment["annotations"]["http_route"], "/health/live");
}

#[tokio::main(flavor = "current_thread")]
async fn the_callers_span_is_the_parent_in_both_formats(program: &Program) {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let xray_header = format!("{TRACE_HEADER_ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
    for (name, value, expected) in [
        ("traceparent", traceparent, "b7ad6b7169203331"),
        ("X-Amzn-Trace-Id", &xray_header, "53995c3f42cd8ad8"),
    ] {
        let (header, documents) = export_documents(program, &[], async |service| {
            request_trace_header(service, "/health/live", &[(name, value)]).await
        })
        .await;
        let [segment] = documents_of_trace(&documents, &header)[..] else {
            panic!("{documents:#?}");
        };
        assert_eq!(segment["parent_id"], expected);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn the_callers_sampling_decision_is_kept_and_returned(program: &Program) {
    let (header, documents) = export_documents(program, &[], async |service| {
        let unsampled = format!("{TRACE_HEADER_ROOT};Sampled=0");
        request_trace_header(service, "/health/live", &[("X-Amzn-Trace-Id", &unsampled)]).await
    })
    .await;
    assert_eq!(header, format!("{TRACE_HEADER_ROOT};Sampled=0"));
    assert_eq!(documents, [] as [Value; 0]);
}

#[tokio::main(flavor = "current_thread")]
async fn invalid_trace_headers_start_a_new_trace(program: &Program) {
    let (_, documents) = export_documents(program, &[], async |service| {
        for header in [
            "garbage",
            "Root=1-x-y",
            "Root=",
            "Sampled=1",
            ";;;=",
            "\u{e9}",
        ] {
            let answer_header =
                request_trace_header(service, "/health/live", &[("X-Amzn-Trace-Id", header)]).await;
            assert!(answer_header.ends_with(";Sampled=1"), "{answer_header}");
        }
        String::new()
    })
    .await;
    assert_eq!(documents.len(), 6);
    assert!(
        documents
            .iter()
            .all(|segment| segment["parent_id"] == Value::Null)
    );
}

#[tokio::main(flavor = "current_thread")]
async fn a_404_is_an_error_in_its_segment(program: &Program) {
    let (header, documents) = export_documents(program, &[], async |service| {
        request_trace_header(service, "/nothing", &[]).await
    })
    .await;
    let [segment] = documents_of_trace(&documents, &header)[..] else {
        panic!("{documents:#?}");
    };
    assert_eq!(error_flags(segment), ["error"]);
}

#[tokio::main(flavor = "current_thread")]
async fn trace_health_checks_off_disables_the_spans_of_health_checks(program: &Program) {
    let variables = [("TRACE_HEALTH_CHECKS", "off")];
    let (_, documents) = export_documents(program, &variables, async |service| {
        for path in ["/", "/health/live", "/health/ready"] {
            let sampled = format!("{TRACE_HEADER_ROOT};Sampled=1");
            let header =
                request_trace_header(service, path, &[("X-Amzn-Trace-Id", &sampled)]).await;
            assert_eq!(header, format!("{TRACE_HEADER_ROOT};Sampled=0"), "{path}");
        }
        request_trace_header(service, "/nothing", &[]).await
    })
    .await;
    assert_eq!(documents.len(), 1, "{documents:#?}");
    assert_eq!(documents[0]["http"]["response"]["status"], 404);
}

#[tokio::main(flavor = "current_thread")]
async fn long_request_fields_are_truncated_in_the_document(program: &Program) {
    let long_text = "x".repeat(3000);
    let (header, documents) = export_documents(program, &[], async |service| {
        let path = format!("/nothing/{long_text}");
        let headers = [
            ("User-Agent", &*long_text),
            ("X-Forwarded-For", "203.0.113.9, ::1"),
        ];
        request_trace_header(service, &path, &headers).await
    })
    .await;
    let [segment] = documents_of_trace(&documents, &header)[..] else {
        panic!("{documents:#?}");
    };
    let request = &segment["http"]["request"];
    assert!(request["url"].as_str().unwrap().len() <= 250);
    assert!(request["user_agent"].as_str().unwrap().len() <= 250);
    assert_eq!(request["client_ip"], "203.0.113.9");
    assert_eq!(request["x_forwarded_for"], true);
}

#[tokio::main(flavor = "current_thread")]
async fn a_silent_collector_delays_neither_requests_nor_shutdown(program: &Program) {
    for exporter in ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"] {
        let mut collector = HttpBackend::new_stopped("");
        collector.start();
        collector.pause_answers(true);
        let endpoint = format!("http://127.0.0.1:{}", collector.port());
        let service = program.start_with(&[
            (exporter, "otlp"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            // The timeout is longer than the test, so no export ends.
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "600000"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_BSP_SCHEDULE_DELAY", "1"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
        ]);
        request_trace_header(&service, "/health/live", &[]).await;
        wait_until("an export begins", || collector.has_received());
        for _ in 0..100 {
            request_trace_header(&service, "/health/live", &[]).await;
        }
        let start = Instant::now();
        assert!(service.stop().0.success());
        let elapsed = start.elapsed();
        assert!(elapsed.as_secs() < 10, "{exporter}: {elapsed:?}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn the_console_exporter_writes_spans_as_text_to_standard_output(program: &Program) {
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ]);
    let header = request_trace_header(&service, "/nothing", &[]).await;
    let (_, lines) = service.stop();
    let trace_id = trace_id(&header)[2..].replace('-', "");
    let expected = format!("TraceId      : {trace_id}");
    let has_trace_id = lines.iter().any(|line| line.contains(&expected));
    assert!(has_trace_id, "{lines:#?}");
}

#[tokio::main(flavor = "current_thread")]
async fn embedded_metrics_are_json_lines_in_cloudwatchs_format(program: &Program) {
    let service = program.start_with(&[("OTEL_METRICS_EXPORTER", "emf")]);
    for _ in 0..3 {
        request_trace_header(&service, "/health/live", &[]).await;
    }
    let (_, lines) = service.stop();
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let duration_line = lines.iter().find(|line| {
        line["http.server.request.duration"].is_object()
            && line["http.route"] == "/health/live"
            && line["http.response.status_code"] == "200"
    });
    let line = duration_line.expect("no line with durations");
    assert_eq!(line["http.server.request.duration"]["Count"], 3);
    let metrics = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(metrics["Namespace"], "MythicalMysfits");
    assert_eq!(metrics["Metrics"][0]["Unit"], "Seconds");
    assert!(line["_aws"]["Timestamp"].is_u64());
}

fn a_request_with_a_very_long_trace_header_is_answered(program: &Program) {
    let service = program.start_with(&XRAY_EXPORT);
    let mut stream = service.connect();
    let long_header = format!("X-Amzn-Trace-Id: {}\r\n", "Root=1;".repeat(1000));
    write!(
        stream,
        "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{long_header}\r\n"
    )
    .unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
