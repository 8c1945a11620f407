//! The names and attributes of spans.

use std::sync::{Arc, Mutex};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{Link, SpanKind, Status, TraceId, TraceState, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample};

use super::{TestTelemetry, attribute_text, find_attribute, init_app, send};
use crate::observe::span::SpanFactory;

#[tokio::test]
async fn a_span_has_the_name_of_the_route_and_the_attributes_of_the_request() {
    let telemetry = TestTelemetry::new();
    let request = TestRequest::post()
        .uri("/mysfits/4e53/like?secret=1")
        .insert_header(("Host", "shop.example:8080"))
        .insert_header(("User-Agent", "browser"))
        .insert_header(("X-Forwarded-For", "203.0.113.9, 10.0.0.1"))
        .insert_header(("X-Forwarded-Proto", "https"))
        .peer_addr(([10, 0, 0, 1], 1234).into());
    let response = send(&init_app(&telemetry).await, request.to_request()).await;

    let span = telemetry.only_span();
    assert_eq!(span.name, "POST /mysfits/{id}/like");
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!(span.status, Status::Unset);
    for (key, expected) in [
        ("http.request.method", "POST"),
        ("http.route", "/mysfits/{id}/like"),
        ("url.scheme", "https"),
        ("url.path", "/mysfits/4e53/like"),
        ("server.address", "shop.example"),
        ("server.port", "8080"),
        ("user_agent.original", "browser"),
        ("client.address", "203.0.113.9"),
        ("network.peer.address", "10.0.0.1"),
        ("http.response.status_code", "200"),
        ("mysfit.id", "x"),
    ] {
        assert_eq!(
            attribute_text(&span, key).as_deref(),
            Some(expected),
            "{key}"
        );
    }
    assert!(!format!("{:?}", span.attributes).contains("secret"));

    let header = response.headers().get("x-amzn-trace-id").unwrap();
    let id = span.span_context.trace_id().to_string();
    let (time, random) = id.split_at(8);
    assert_eq!(*header, format!("Root=1-{time}-{random};Sampled=1"));
}

/// A sampler that drops each span, and records the attributes that were set at the creation of the span.
#[derive(Clone, Debug, Default)]
struct AttributeRecorder(Arc<Mutex<Vec<KeyValue>>>);

impl ShouldSample for AttributeRecorder {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        self.0.lock().unwrap().extend_from_slice(attributes);
        SamplingResult {
            decision: SamplingDecision::Drop,
            attributes: Vec::new(),
            trace_state: TraceState::NONE,
        }
    }
}

/// The semantic conventions for HTTP server spans require all attributes of this test except `http.route`
/// "at span creation time".
#[tokio::test]
async fn a_sampler_receives_the_attributes_that_the_conventions_require_at_span_creation() {
    let recorder = AttributeRecorder::default();
    let mut telemetry = TestTelemetry::new();
    telemetry.tracer_provider = SdkTracerProvider::builder()
        .with_sampler(recorder.clone())
        .build();
    let request = TestRequest::post()
        .uri("/mysfits/4e53/like")
        .insert_header(("Host", "shop.example:8080"))
        .insert_header(("User-Agent", "Probe/2.0"))
        .insert_header(("X-Forwarded-For", "203.0.113.9, 10.0.0.1"))
        .peer_addr(([10, 0, 0, 1], 1234).into());
    send(&init_app(&telemetry).await, request.to_request()).await;

    let attributes = recorder.0.lock().unwrap();
    for (key, expected) in [
        ("client.address", "203.0.113.9"),
        ("http.request.method", "POST"),
        ("http.route", "/mysfits/{id}/like"),
        ("network.peer.address", "10.0.0.1"),
        ("server.address", "shop.example"),
        ("server.port", "8080"),
        ("url.path", "/mysfits/4e53/like"),
        ("url.scheme", "http"),
        ("user_agent.original", "Probe/2.0"),
    ] {
        let value = attributes
            .iter()
            .find(|attribute| attribute.key.as_str() == key);
        let value = value.map(|attribute| attribute.value.to_string());
        assert_eq!(value.as_deref(), Some(expected), "{key}");
    }
}

#[tokio::test]
async fn the_span_of_a_request_without_a_route_has_the_name_of_the_method() {
    let telemetry = TestTelemetry::new();
    let method = Method::from_bytes(b"BREW").unwrap();
    let request = TestRequest::with_uri("/coffee/17").method(method);
    send(&init_app(&telemetry).await, request.to_request()).await;
    let span = telemetry.only_span();
    assert_eq!(span.name, "HTTP");
    assert_eq!(
        attribute_text(&span, "http.request.method").as_deref(),
        Some("_OTHER")
    );
    assert_eq!(
        attribute_text(&span, "http.request.method_original").as_deref(),
        Some("BREW")
    );
    assert_eq!(find_attribute(&span, "http.route"), None);
    // The status 404 means an error of the client, not of the server.
    assert_eq!(span.status, Status::Unset);
    assert_eq!(
        attribute_text(&span, "http.response.status_code").as_deref(),
        Some("404")
    );
}

#[tokio::test]
async fn attribute_values_from_the_client_are_truncated_or_left_out() {
    let telemetry = TestTelemetry::new();
    let request = TestRequest::with_uri(&format!("/{}", "p".repeat(20_000)))
        .insert_header(("User-Agent", "u".repeat(20_000)))
        .insert_header(("Host", "h".repeat(20_000)))
        .insert_header(("X-Forwarded-For", "<script>"));
    send(&init_app(&telemetry).await, request.to_request()).await;
    let span = telemetry.only_span();
    assert_eq!(attribute_text(&span, "url.path").unwrap().len(), 8192);
    assert_eq!(
        attribute_text(&span, "user_agent.original").unwrap().len(),
        256
    );
    assert_eq!(find_attribute(&span, "server.address"), None);
    assert_eq!(find_attribute(&span, "client.address"), None);
}

#[test]
fn only_untraced_health_checks_have_the_sampling_priority_0() {
    let telemetry = TestTelemetry::new();
    for (traces_health_checks, route, has_priority) in [
        (false, "/health/live", true),
        (false, "/mysfits", false),
        (true, "/health/live", false),
        (true, "/mysfits", false),
    ] {
        let tracer = BoxedTracer::new(Box::new(telemetry.tracer_provider.tracer("test")));
        let spans = SpanFactory::new(tracer, traces_health_checks);
        let request = TestRequest::with_uri(route).to_srv_request();
        drop(spans.start_span(&request, Some(&route.into())));
        let priority = find_attribute(&telemetry.only_span(), "sampling.priority");
        assert_eq!(
            priority.is_some(),
            has_priority,
            "{traces_health_checks} {route}"
        );
        telemetry.span_exporter.reset();
    }
}

#[tokio::test]
async fn the_host_of_a_span_can_be_an_ipv6_address_with_and_without_a_port() {
    for (host, address, port) in [("[::1]", "[::1]", None), ("[::1]:80", "[::1]", Some("80"))] {
        let telemetry = TestTelemetry::new();
        let request = TestRequest::with_uri("/a").insert_header(("Host", host));
        send(&init_app(&telemetry).await, request.to_request()).await;
        let span = telemetry.only_span();
        let server_address = attribute_text(&span, "server.address");
        assert_eq!(server_address.as_deref(), Some(address), "{host}");
        assert_eq!(
            attribute_text(&span, "server.port").as_deref(),
            port,
            "{host}"
        );
    }
}
