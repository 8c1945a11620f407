//! Tests of OpenTelemetry's variables for the SDK and the exporters. The tests check the requests that a
//! collector receives.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use opentelemetry_proto::tonic::trace::v1::Span;
use reqwest::Client;

use crate::collector::{Collector, Request, attribute_text};
use crate::program::Program;
use crate::service::{Service, wait_until};

suite! {
    $ options_tests, options:
    each_signal_is_sent_with_its_own_url_headers_and_compression,
    the_batch_size_limits_the_spans_of_one_export,
    spans_and_metrics_are_sent_after_the_configured_delay,
    an_export_that_takes_longer_than_its_timeout_fails,
    count_limits_limit_the_attributes_of_a_span,
    counters_are_cumulative_unless_delta_is_configured,
    service_name_and_resource_attributes_come_from_the_environment,
    a_disabled_sdk_sends_nothing_and_logs_still_contain_trace_ids,
    otel_sdk_disabled_with_another_value_than_true_only_logs_a_warning,
    proxy_variables_have_no_effect,
    the_metadata_endpoint_is_called_only_for_exporters_that_send_resources,
    a_silent_metadata_endpoint_delays_the_start_by_about_a_second,
}

/// Variables that sample all traces, and export traces and metrics by OTLP.
const OTLP_EXPORT: [(&str, &str); 3] = [
    ("OTEL_TRACES_EXPORTER", "otlp"),
    ("OTEL_METRICS_EXPORTER", "otlp"),
    ("OTEL_TRACES_SAMPLER", "always_on"),
];

/// Starts a service that exports by OTLP, with additional variables.
fn start_exporting(program: &Program, more: &[(&str, &str)]) -> Service {
    program.start_with(&[&OTLP_EXPORT, more].concat())
}

async fn request_live(service: &Service, times: usize) {
    let client = Client::new();
    for _ in 0..times {
        let answer = client.get(service.url("/health/live")).send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }
}

/// Starts a service, sends `times` requests, and stops the service. Returns the requests that the collector
/// received.
async fn export_requests(
    program: &Program,
    collector: &Collector,
    times: usize,
    more: &[(&str, &str)],
) -> Vec<Request> {
    let service = start_exporting(program, more);
    request_live(&service, times).await;
    assert!(service.stop().0.success());
    let requests = collector.take_requests();
    assert!(!requests.is_empty());
    requests
}

/// Starts a service, sends `times` requests, and stops the service. Returns the spans with their service
/// name.
async fn export_spans(
    program: &Program,
    times: usize,
    more: &[(&str, &str)],
) -> Vec<(String, Span)> {
    let collector = Collector::start();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint);
    let service = start_exporting(program, &[&[endpoint], more].concat());
    request_live(&service, times).await;
    assert!(service.stop().0.success());
    let (spans, _) = collector.spans_and_metrics();
    assert_eq!(spans.len(), times);
    spans
}

#[tokio::main(flavor = "current_thread")]
async fn each_signal_is_sent_with_its_own_url_headers_and_compression(program: &Program) {
    let collector = Collector::start();
    let base_url = format!("{}/base/", collector.endpoint);
    let metrics_url = format!("{}/own", collector.endpoint);
    let requests = export_requests(
        program,
        &collector,
        1,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &base_url),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &metrics_url),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "api-key=a%20b%2525,x-team=red",
            ),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", ""),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-team=blue"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP"),
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
        ],
    )
    .await;
    let request_to = |path: &str| {
        let request = requests.iter().find(|request| request.path == path);
        request.unwrap_or_else(|| panic!("{path}"))
    };
    let (traces, metrics) = (request_to("/base/v1/traces"), request_to("/own"));
    assert_eq!(requests.len(), 2);
    assert_eq!(traces.headers["api-key"], "a b%25");
    assert_eq!(traces.headers["x-team"], "red");
    assert_eq!(traces.headers["content-encoding"], "gzip");
    assert_eq!(traces.body[..2], [0x1f, 0x8b]);
    assert_eq!(metrics.headers["x-team"], "blue");
    for header in ["api-key", "content-encoding"] {
        assert_eq!(metrics.headers.get(header), None);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn the_batch_size_limits_the_spans_of_one_export(program: &Program) {
    let collector = Collector::start();
    let endpoint = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*collector.endpoint);
    let no_metrics = ("OTEL_METRICS_EXPORTER", "none");
    for (size, batches) in [("1", 3), ("2", 2), ("3", 1)] {
        let size = ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", size);
        let requests = export_requests(program, &collector, 3, &[endpoint, no_metrics, size]).await;
        assert_eq!(requests.len(), batches, "{size:?}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn spans_and_metrics_are_sent_after_the_configured_delay(program: &Program) {
    let collector = Collector::start();
    let service = start_exporting(
        program,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", "10"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "10"),
        ],
    );
    request_live(&service, 1).await;
    let start = Instant::now();
    let mut requests = Vec::new();
    let mut count = |path: &str| {
        requests.extend(collector.take_requests());
        let requests_to_path = requests
            .iter()
            .filter(|request: &&Request| request.path == path);
        requests_to_path.count()
    };
    wait_until("a span is exported", || count("/v1/traces") > 0);
    // The default of `OTEL_BSP_SCHEDULE_DELAY` is 5 s.
    assert!(start.elapsed() < Duration::from_secs(5));
    // The default of `OTEL_METRIC_EXPORT_INTERVAL` is 60 s.
    wait_until("metrics are exported twice", || count("/v1/metrics") > 1);
}

#[tokio::main(flavor = "current_thread")]
async fn an_export_that_takes_longer_than_its_timeout_fails(program: &Program) {
    for timeout in [
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_BSP_EXPORT_TIMEOUT",
    ] {
        // The kernel accepts connections, but no thread reads from the connections.
        let silent_listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent_listener.local_addr().unwrap());
        let service = start_exporting(
            program,
            &[
                ("OTEL_METRICS_EXPORTER", "none"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
                ("OTEL_BSP_SCHEDULE_DELAY", "1"),
                (timeout, "50"),
            ],
        );
        request_live(&service, 1).await;
        let start = Instant::now();
        service.wait_for_line(|line| line.contains("spans cannot be exported"));
        // Without the variable, the export would time out after 10 s.
        assert!(start.elapsed() < Duration::from_secs(9), "{timeout}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn count_limits_limit_the_attributes_of_a_span(program: &Program) {
    let unlimited_count = export_spans(program, 1, &[]).await[0].1.attributes.len();
    assert!(unlimited_count > 3);
    for limits in [
        &[("OTEL_ATTRIBUTE_COUNT_LIMIT", "3")][..],
        &[
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "2"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3"),
        ],
    ] {
        let span = &export_spans(program, 1, limits).await[0].1;
        assert_eq!(span.attributes.len(), 3);
        assert_eq!(span.dropped_attributes_count as usize, unlimited_count - 3);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn counters_are_cumulative_unless_delta_is_configured(program: &Program) {
    for (preference, temporality) in [("", 2), ("Cumulative", 2), ("DELTA", 1)] {
        let collector = Collector::start();
        let service = start_exporting(
            program,
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
                (
                    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                    preference,
                ),
            ],
        );
        request_live(&service, 1).await;
        assert!(service.stop().0.success());
        let (_, metrics) = collector.spans_and_metrics();
        let is_duration = |metric: &Metric| metric.name == "http.server.request.duration";
        let metric = metrics.into_iter().find(is_duration);
        let Some(Data::Histogram(histogram)) = metric.unwrap().data else {
            panic!("no histogram");
        };
        assert_eq!(histogram.aggregation_temporality, temporality);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn service_name_and_resource_attributes_come_from_the_environment(program: &Program) {
    let attributes = "service.name=by%20attribute,deployment.environment.name=a%2Cb";
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", attributes);
    let service_name = ("OTEL_SERVICE_NAME", "by name");
    for (variables, name) in [
        (vec![attributes], "by attribute"),
        (vec![attributes, service_name], "by name"),
    ] {
        assert_eq!(export_spans(program, 1, &variables).await[0].0, name);
    }
    let collector = Collector::start();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint);
    let requests = export_requests(program, &collector, 1, &[endpoint, attributes]).await;
    let resource = crate::collector::resource_attributes(&requests[0]);
    let attribute = |key: &str| attribute_text(&resource, key);
    assert_eq!(attribute("deployment.environment.name"), "a,b");
    assert_eq!(attribute("telemetry.sdk.language"), "rust");
}

#[tokio::main(flavor = "current_thread")]
async fn a_disabled_sdk_sends_nothing_and_logs_still_contain_trace_ids(program: &Program) {
    let collector = Collector::start();
    for exporter in ["otlp", "console"] {
        let service = program.start_with(&[
            ("OTEL_SDK_DISABLED", "True"),
            ("OTEL_TRACES_EXPORTER", exporter),
            ("OTEL_METRICS_EXPORTER", "otlp"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", "1"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
        ]);
        let trace_root = "1-58406520-a006649127e371903a2de979";
        let request = Client::new().get(service.url("/health/live"));
        let request = request.header("X-Amzn-Trace-Id", format!("Root={trace_root}"));
        let answer = request.send().await.unwrap();
        let header = answer.headers()["x-amzn-trace-id"].to_str().unwrap();
        assert!(
            header.starts_with(&format!("Root={trace_root}")),
            "{header}"
        );
        let (status, lines) = service.stop();
        assert!(status.success());
        let is_access_line =
            |line: &&String| line.contains("/health/live") && line.contains(trace_root);
        assert_eq!(lines.iter().filter(is_access_line).count(), 1, "{lines:#?}");
        assert!(!lines.iter().any(|line| line.contains("SpanId")));
    }
    assert_eq!(collector.take_requests().len(), 0);
}

#[tokio::main(flavor = "current_thread")]
async fn otel_sdk_disabled_with_another_value_than_true_only_logs_a_warning(program: &Program) {
    let collector = Collector::start();
    let service = start_exporting(
        program,
        &[
            ("OTEL_SDK_DISABLED", "yes"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ],
    );
    let line = service.wait_for_line(|line| line.contains("OTEL_SDK_DISABLED is 'yes'"));
    assert!(line.contains("WARN"), "{line}");
    request_live(&service, 1).await;
    assert!(service.stop().0.success());
    assert_eq!(collector.spans_and_metrics().0.len(), 1);
}

#[tokio::main(flavor = "current_thread")]
async fn proxy_variables_have_no_effect(program: &Program) {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let proxy_variables = ["ALL_PROXY", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY"];
    assert_eq!(
        export_spans(program, 1, &proxy_variables.map(|name| (name, &*address)))
            .await
            .len(),
        1
    );
    assert!(proxy.accept().is_err());
}

#[tokio::main(flavor = "current_thread")]
async fn the_metadata_endpoint_is_called_only_for_exporters_that_send_resources(program: &Program) {
    let collector = Collector::start();
    let metadata = Collector::start_answering("{}");
    let uri = format!("{}/v4/1", metadata.endpoint);
    let metadata_uri = ("ECS_CONTAINER_METADATA_URI_V4", &*uri);
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint);
    let traces_exporter = |exporter| ("OTEL_TRACES_EXPORTER", exporter);
    let metrics_exporter = |exporter| ("OTEL_METRICS_EXPORTER", exporter);
    let sampler = ("OTEL_TRACES_SAMPLER", "always_off");
    for (variables, expected_calls) in [
        (vec![], 0),
        (vec![traces_exporter("none"), metrics_exporter("none")], 0),
        (vec![traces_exporter("none"), metrics_exporter("emf")], 0),
        (
            vec![
                traces_exporter("otlp"),
                metrics_exporter("otlp"),
                ("OTEL_SDK_DISABLED", "true"),
            ],
            0,
        ),
        (vec![traces_exporter("otlp"), sampler], 2),
        (vec![metrics_exporter("otlp")], 2),
        (vec![traces_exporter("console"), sampler], 2),
    ] {
        let service = program.start_with(&[&[metadata_uri, endpoint], &*variables].concat());
        request_live(&service, 1).await;
        assert!(service.stop().0.success());
        assert_eq!(
            metadata.take_requests().len(),
            expected_calls,
            "{variables:?}"
        );
    }
}

#[tokio::main(flavor = "current_thread")]
async fn a_silent_metadata_endpoint_delays_the_start_by_about_a_second(program: &Program) {
    let silent_listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/v4/1", silent_listener.local_addr().unwrap());
    let service = program.start_with(&[
        ("ECS_CONTAINER_METADATA_URI_V4", &uri),
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ]);
    service.wait_for_line(|line| {
        line.contains("the metadata endpoint of ECS did not answer within 1 s")
    });
    request_live(&service, 1).await;
    let (status, lines) = service.stop();
    assert!(status.success());
    assert!(lines.iter().any(|line| line.contains("SpanId")));
}
