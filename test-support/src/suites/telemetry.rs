//! What the contract promises of both services' telemetry, as tests over a running service.

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
    every_answer_names_its_trace_and_lets_pages_read_it,
    the_trace_of_the_load_balancer_goes_on_with_and_without_spans,
    a_root_alone_makes_a_segment_without_a_parent_and_is_decided_here,
    the_callers_span_is_the_parent_in_both_formats,
    the_callers_decision_is_kept_and_told,
    headers_that_make_no_sense_begin_a_new_trace,
    a_404_is_an_error_in_its_segment,
    health_checks_make_no_spans_if_nobody_wants_them,
    a_document_fits_into_a_datagram_whatever_clients_send,
    a_collector_that_does_not_answer_holds_up_neither_requests_nor_the_end,
    spans_are_text_on_standard_output_on_demand,
    embedded_metrics_are_lines_that_cloudwatch_reads,
    a_request_whose_head_is_full_of_trace_header_is_answered,
}

const ROOT: &str = "Root=1-58406520-a006649127e371903a2de979";

/// Everything is traced, and everything that ends is sent.
const ALL: [(&str, &str); 2] = [
    ("OTEL_TRACES_EXPORTER", "xray"),
    ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
];

/// The trace header of the answer to `GET path` with these headers.
async fn traced(service: &Service, path: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Client::new().get(service.url(path)).timeout(WAIT_LIMIT);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let header = answer.headers().get("x-amzn-trace-id").expect(path);
    header.to_str().unwrap().to_owned()
}

/// Runs a service with a daemon behind it and returns the documents that it sent.
async fn documents(
    program: &Program,
    more: &[(&str, &str)],
    requests: impl AsyncFnOnce(&Service) -> String,
) -> (String, Vec<Value>) {
    let daemon = Daemon::start();
    let (name, address) = daemon.address_variable();
    let mut variables = ALL.to_vec();
    variables.push((name, &address));
    variables.extend(more);
    let service = program.start_with(&variables);
    let header = requests(&service).await;
    assert!(service.stop().0.success());
    (header, daemon.documents())
}

#[tokio::main(flavor = "current_thread")]
async fn every_answer_names_its_trace_and_lets_pages_read_it(program: &Program) {
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
    }
}

#[tokio::main(flavor = "current_thread")]
async fn the_trace_of_the_load_balancer_goes_on_with_and_without_spans(program: &Program) {
    for exporter in ["none", "xray"] {
        let service = program.start_with(&[("OTEL_TRACES_EXPORTER", exporter)]);
        let header = traced(&service, "/health/live", &[("X-Amzn-Trace-Id", ROOT)]).await;
        assert_eq!(trace_id(&header), trace_id(ROOT), "{exporter}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn a_root_alone_makes_a_segment_without_a_parent_and_is_decided_here(program: &Program) {
    let (header, documents) = documents(program, &[], async |service| {
        traced(service, "/health/live", &[("x-amzn-trace-id", ROOT)]).await
    })
    .await;
    assert_eq!(header, format!("{ROOT};Sampled=1"));
    let [segment] = documents_of_trace(&documents, &header)[..] else {
        panic!("{documents:#?}");
    };
    assert_eq!(segment["parent_id"], Value::Null);
    assert_eq!(segment["http"]["response"]["status"], 200);
    assert_eq!(segment["annotations"]["http_route"], "/health/live");
}

#[tokio::main(flavor = "current_thread")]
async fn the_callers_span_is_the_parent_in_both_formats(program: &Program) {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let xray = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
    for (name, value, expected) in [
        ("traceparent", parent, "b7ad6b7169203331"),
        ("X-Amzn-Trace-Id", &xray, "53995c3f42cd8ad8"),
    ] {
        let (header, documents) = documents(program, &[], async |service| {
            traced(service, "/health/live", &[(name, value)]).await
        })
        .await;
        let [segment] = documents_of_trace(&documents, &header)[..] else {
            panic!("{documents:#?}");
        };
        assert_eq!(segment["parent_id"], expected);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn the_callers_decision_is_kept_and_told(program: &Program) {
    let (header, documents) = documents(program, &[], async |service| {
        let unsampled = format!("{ROOT};Sampled=0");
        traced(service, "/health/live", &[("X-Amzn-Trace-Id", &unsampled)]).await
    })
    .await;
    assert_eq!(header, format!("{ROOT};Sampled=0"));
    assert_eq!(documents, [] as [Value; 0]);
}

#[tokio::main(flavor = "current_thread")]
async fn headers_that_make_no_sense_begin_a_new_trace(program: &Program) {
    let (_, documents) = documents(program, &[], async |service| {
        for header in [
            "garbage",
            "Root=1-x-y",
            "Root=",
            "Sampled=1",
            ";;;=",
            "\u{e9}",
        ] {
            let answered = traced(service, "/health/live", &[("X-Amzn-Trace-Id", header)]).await;
            assert!(answered.ends_with(";Sampled=1"), "{answered}");
        }
        String::new()
    })
    .await;
    assert_eq!(documents.len(), 6);
    assert!(documents.iter().all(|it| it["parent_id"] == Value::Null));
}

#[tokio::main(flavor = "current_thread")]
async fn a_404_is_an_error_in_its_segment(program: &Program) {
    let (header, documents) = documents(program, &[], async |service| {
        traced(service, "/nothing", &[]).await
    })
    .await;
    let [segment] = documents_of_trace(&documents, &header)[..] else {
        panic!("{documents:#?}");
    };
    assert_eq!(error_flags(segment), ["error"]);
}

#[tokio::main(flavor = "current_thread")]
async fn health_checks_make_no_spans_if_nobody_wants_them(program: &Program) {
    let off = [("TRACE_HEALTH_CHECKS", "off")];
    let (_, documents) = documents(program, &off, async |service| {
        for path in ["/", "/health/live", "/health/ready"] {
            let sampled = format!("{ROOT};Sampled=1");
            let header = traced(service, path, &[("X-Amzn-Trace-Id", &sampled)]).await;
            assert_eq!(header, format!("{ROOT};Sampled=0"), "{path}");
        }
        traced(service, "/nothing", &[]).await
    })
    .await;
    assert_eq!(documents.len(), 1, "{documents:#?}");
    assert_eq!(documents[0]["http"]["response"]["status"], 404);
}

#[tokio::main(flavor = "current_thread")]
async fn a_document_fits_into_a_datagram_whatever_clients_send(program: &Program) {
    let long = "x".repeat(3000);
    let (header, documents) = documents(program, &[], async |service| {
        let path = format!("/nothing/{long}");
        let headers = [
            ("User-Agent", &*long),
            ("X-Forwarded-For", "203.0.113.9, ::1"),
        ];
        traced(service, &path, &headers).await
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
async fn a_collector_that_does_not_answer_holds_up_neither_requests_nor_the_end(program: &Program) {
    for exporter in ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"] {
        let mut collector = HttpBackend::stopped("");
        collector.start();
        collector.pause_answers(true);
        let endpoint = format!("http://127.0.0.1:{}", collector.port());
        let service = program.start_with(&[
            (exporter, "otlp"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            // No export ends before this test does.
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "600000"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_BSP_SCHEDULE_DELAY", "1"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
        ]);
        traced(&service, "/health/live", &[]).await;
        wait_until("an export begins", || collector.has_received());
        for _ in 0..100 {
            traced(&service, "/health/live", &[]).await;
        }
        let start = Instant::now();
        assert!(service.stop().0.success());
        let elapsed = start.elapsed();
        assert!(elapsed.as_secs() < 10, "{exporter}: {elapsed:?}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn spans_are_text_on_standard_output_on_demand(program: &Program) {
    let service = program.start_with(&[
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ]);
    let header = traced(&service, "/nothing", &[]).await;
    let (_, lines) = service.stop();
    let id = trace_id(&header)[2..].replace('-', "");
    let id = format!("TraceId      : {id}");
    assert!(lines.iter().any(|line| line.contains(&id)), "{lines:#?}");
}

#[tokio::main(flavor = "current_thread")]
async fn embedded_metrics_are_lines_that_cloudwatch_reads(program: &Program) {
    let service = program.start_with(&[("OTEL_METRICS_EXPORTER", "emf")]);
    for _ in 0..3 {
        traced(&service, "/health/live", &[]).await;
    }
    let (_, lines) = service.stop();
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let durations = lines.iter().find(|line| {
        line["http.server.request.duration"].is_object()
            && line["http.route"] == "/health/live"
            && line["http.response.status_code"] == "200"
    });
    let line = durations.expect("no such line");
    assert_eq!(line["http.server.request.duration"]["Count"], 3);
    let metrics = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(metrics["Namespace"], "MythicalMysfits");
    assert_eq!(metrics["Metrics"][0]["Unit"], "Seconds");
    assert!(line["_aws"]["Timestamp"].is_u64());
}

fn a_request_whose_head_is_full_of_trace_header_is_answered(program: &Program) {
    let service = program.start_with(&ALL);
    let mut stream = service.connect();
    let many = format!("X-Amzn-Trace-Id: {}\r\n", "Root=1;".repeat(1000));
    write!(
        stream,
        "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{many}\r\n"
    )
    .unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
