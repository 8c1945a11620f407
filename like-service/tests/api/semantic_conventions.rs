//! Checks the exported spans and metrics against OpenTelemetry's semantic conventions.

use reqwest::{Client, Method};

use crate::monolith_stub::{MonolithStub, Reply};
use crate::{start_with, start_with_monolith};
use test_support::collector::{Collector, attribute_text};
use test_support::conventions::{attribute_values, metric_violations, span_violations};
use test_support::service::reserve_port;

#[tokio::test]
async fn metrics_and_spans_follow_the_semantic_conventions() {
    let monolith = MonolithStub::start(Reply::json("503 Service Unavailable", "{}")).await;
    let collector = Collector::start();
    let service = start_with_monolith(
        &monolith,
        &[
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", "0"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_METRICS_EXPORTER", "otlp"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ],
    );
    for (method, path, scheme, status) in [
        ("GET", "/health/live", "http", 200),
        ("GET", "/nothing", "http", 404),
        ("BREW", "/health/live", "http", 405),
        ("POST", "/mysfits/one/like", "https", 503),
    ] {
        let method: Method = method.parse().unwrap();
        let request = Client::new().request(method, service.url(path));
        let request = request.header("X-Forwarded-Proto", scheme);
        assert_eq!(request.send().await.unwrap().status(), status, "{path}");
    }
    assert!(service.stop().0.success());
    let (spans, metrics) = collector.spans_and_metrics();
    assert_eq!(metric_violations(&metrics), [] as [String; 0]);
    let spans: Vec<_> = spans.into_iter().map(|(_, span)| span).collect();
    assert_eq!(span_violations(&spans), [] as [String; 0]);

    let durations = |key| attribute_values(&metrics, "http.server.request.duration", key);
    assert!(durations("url.scheme").contains(&"https".to_owned()));
    assert!(durations("error.type").contains(&"503".to_owned()));
    let route = "/mysfits/{id}/like".to_owned();
    let routes = attribute_values(&metrics, "http.server.active_requests", "http.route");
    assert!(routes.contains(&route), "{routes:?}");
}

#[tokio::test]
async fn a_failed_call_of_the_monolith_has_an_error_type_even_without_an_error_status() {
    let (port, _reservation) = reserve_port();
    let unreachable_address = format!("127.0.0.1:{port}");
    let silent_address = MonolithStub::start(Reply::Silence)
        .await
        .address
        .to_string();
    let invalid = MonolithStub::start(Reply::json("200 OK", "[]"))
        .await
        .address;
    for (monolith, path, expected) in [
        (&unreachable_address, "/mysfits/one/like", "unreachable"),
        (&silent_address, "/mysfits/one/like", "timeout"),
        (&silent_address, "/", "timeout"),
        (&invalid.to_string(), "/mysfits/one/like", "bad_answer"),
    ] {
        let collector = Collector::start();
        let service = start_with(&[
            ("MONOLITH_URL", monolith),
            ("MONOLITH_TIMEOUT_MS", "300"),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ]);
        let method = if path == "/" {
            Method::GET
        } else {
            Method::POST
        };
        let request = Client::new().request(method, service.url(path));
        assert!(request.send().await.unwrap().status().is_server_error());
        assert!(service.stop().0.success());
        let (spans, _) = collector.spans_and_metrics();
        let spans: Vec<_> = spans.into_iter().map(|(_, span)| span).collect();
        assert_eq!(span_violations(&spans), [] as [String; 0]);
        let error_types = spans
            .iter()
            .map(|span| attribute_text(&span.attributes, "error.type"));
        assert!(
            error_types
                .into_iter()
                .any(|error_type| error_type == expected),
            "{spans:#?}"
        );
    }
}
