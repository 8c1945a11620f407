//! Requests through the middleware, with OpenTelemetry's own exporters in memory behind it.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::error::ErrorServiceUnavailable;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use opentelemetry::global::BoxedTracer;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Link, SpanKind, Status, TraceId, TraceState, TracerProvider};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample,
    SpanData,
};

use super::*;
use crate::{failure_response, get, post};

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it broke")
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&fmt::Error)
    }
}

struct Seen {
    traces: SdkTracerProvider,
    spans: InMemorySpanExporter,
    meters: SdkMeterProvider,
    metrics: InMemoryMetricExporter,
    lifecycle: Lifecycle,
}

impl Seen {
    fn new() -> Self {
        let spans = InMemorySpanExporter::default();
        let metrics = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(metrics.clone()).build();
        Self {
            traces: SdkTracerProvider::builder()
                .with_simple_exporter(spans.clone())
                .build(),
            spans,
            meters: SdkMeterProvider::builder().with_reader(reader).build(),
            metrics,
            lifecycle: Lifecycle::default(),
        }
    }

    fn observer(&self) -> Data<Observer> {
        let tracer = BoxedTracer::new(Box::new(self.traces.tracer("test")));
        Data::new(Observer {
            spans: Spans::new(tracer, true),
            metrics: Metrics::new(&self.meters.meter("test")),
            lifecycle: self.lifecycle.clone(),
        })
    }

    fn span(&self) -> SpanData {
        let mut spans = self.spans.get_finished_spans().unwrap();
        assert_eq!(spans.len(), 1);
        spans.remove(0)
    }

    fn metrics(&self) -> Vec<ResourceMetrics> {
        self.meters.force_flush().unwrap();
        self.metrics.get_finished_metrics().unwrap()
    }
}

/// Sends `request` and reads the whole answer.
async fn ask<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    request: actix_http::Request,
) -> HttpResponse<()> {
    let response = call_service(app, request).await.into_parts().1;
    let (response, body) = response.into_parts();
    assert!(to_bytes(body).await.is_ok());
    response
}

fn value(span: &SpanData, key: &str) -> Option<Value> {
    let found = span.attributes.iter().find(|it| it.key.as_str() == key);
    found.map(|it| it.value.clone())
}

fn text(span: &SpanData, key: &str) -> Option<String> {
    value(span, key).map(|value| value.to_string())
}

async fn app(
    seen: &Seen,
) -> impl Service<
    actix_http::Request,
    Response = ServiceResponse<impl MessageBody>,
    Error = actix_web::Error,
> {
    let app = App::new()
        .app_data(seen.observer())
        .service(post("/mysfits/{id}/like", || async {
            annotate("mysfit.id", || "x");
            HttpResponse::Ok().finish()
        }))
        .service(get("/broken", || async {
            failure_response(&Broken, StatusCode::SERVICE_UNAVAILABLE)
        }))
        .service(get("/never", || async {
            std::future::pending::<()>().await;
            HttpResponse::Ok().finish()
        }))
        .default_service(web::to(HttpResponse::NotFound))
        .wrap(from_fn(middleware));
    init_service(app).await
}

#[tokio::test]
async fn a_span_is_named_by_the_route_and_tells_the_request() {
    let seen = Seen::new();
    let request = TestRequest::post()
        .uri("/mysfits/4e53/like?secret=1")
        .insert_header(("Host", "shop.example:8080"))
        .insert_header(("User-Agent", "browser"))
        .insert_header(("X-Forwarded-For", "203.0.113.9, 10.0.0.1"))
        .insert_header(("X-Forwarded-Proto", "https"))
        .peer_addr(([10, 0, 0, 1], 1234).into());
    let response = ask(&app(&seen).await, request.to_request()).await;

    let span = seen.span();
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
        assert_eq!(text(&span, key).as_deref(), Some(expected), "{key}");
    }
    assert!(!format!("{:?}", span.attributes).contains("secret"));

    let header = response.headers().get("x-amzn-trace-id").unwrap();
    let id = span.span_context.trace_id().to_string();
    let (time, chance) = id.split_at(8);
    assert_eq!(*header, format!("Root=1-{time}-{chance};Sampled=1"));
}

/// Keeps no span, and remembers the attributes that each span had when it was created.
#[derive(Clone, Debug, Default)]
struct Witness(Arc<Mutex<Vec<KeyValue>>>);

impl ShouldSample for Witness {
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

/// The attributes are those that the semantic conventions for HTTP server spans ask for "at span
/// creation time", and the route, which is known by then.
#[tokio::test]
async fn a_sampler_sees_all_that_the_conventions_ask_for_when_a_span_is_created() {
    let witness = Witness::default();
    let mut seen = Seen::new();
    seen.traces = SdkTracerProvider::builder()
        .with_sampler(witness.clone())
        .build();
    let request = TestRequest::post()
        .uri("/mysfits/4e53/like")
        .insert_header(("Host", "shop.example:8080"))
        .insert_header(("User-Agent", "Probe/2.0"))
        .insert_header(("X-Forwarded-For", "203.0.113.9, 10.0.0.1"))
        .peer_addr(([10, 0, 0, 1], 1234).into());
    ask(&app(&seen).await, request.to_request()).await;

    let attributes = witness.0.lock().unwrap();
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
        let found = attributes.iter().find(|it| it.key.as_str() == key);
        let found = found.map(|it| it.value.to_string());
        assert_eq!(found.as_deref(), Some(expected), "{key}");
    }
}

#[tokio::test]
async fn a_request_that_no_route_knows_is_named_by_its_method() {
    let seen = Seen::new();
    let method = Method::from_bytes(b"BREW").unwrap();
    let request = TestRequest::with_uri("/coffee/17").method(method);
    ask(&app(&seen).await, request.to_request()).await;
    let span = seen.span();
    assert_eq!(span.name, "HTTP");
    assert_eq!(
        text(&span, "http.request.method").as_deref(),
        Some("_OTHER")
    );
    assert_eq!(
        text(&span, "http.request.method_original").as_deref(),
        Some("BREW")
    );
    assert_eq!(value(&span, "http.route"), None);
    // The client erred, not the server.
    assert_eq!(span.status, Status::Unset);
    assert_eq!(
        text(&span, "http.response.status_code").as_deref(),
        Some("404")
    );
}

#[tokio::test]
async fn a_failure_is_in_the_span_with_its_causes() {
    let seen = Seen::new();
    let request = TestRequest::with_uri("/broken").to_request();
    ask(&app(&seen).await, request).await;
    let span = seen.span();
    assert_eq!(span.status, Status::error(""));
    assert_eq!(text(&span, "error.type").as_deref(), Some("503"));
    let exceptions: Vec<Vec<String>> = span
        .events
        .iter()
        .map(|event| {
            event
                .attributes
                .iter()
                .map(|it| it.value.to_string())
                .collect()
        })
        .collect();
    let cause = fmt::Error.to_string();
    assert_eq!(
        exceptions,
        [["Broken", "it broke"], ["Error", cause.as_str()]]
    );
}

#[tokio::test]
async fn a_request_whose_client_goes_away_ends_its_span_and_says_so() {
    let seen = Seen::new();
    let app = app(&seen).await;
    let mut call = Box::pin(app.call(TestRequest::with_uri("/never").to_request()));
    assert!(futures_util::poll!(&mut call).is_pending());
    assert!(seen.spans.get_finished_spans().unwrap().is_empty());
    drop(call);
    let span = seen.span();
    assert_eq!(
        text(&span, "error.type").as_deref(),
        Some("client_disconnected")
    );
    assert_eq!(value(&span, "http.response.status_code"), None);
    assert!(matches!(span.status, Status::Error { .. }));
    assert_eq!(active(&seen.metrics()), [("GET /never".to_owned(), 0)]);
}

#[tokio::test]
async fn an_error_that_another_middleware_returns_is_answered_and_recorded_once() {
    let seen = Seen::new();
    let refuse = async |_: ServiceRequest, _: Next<BoxBody>| {
        Err::<ServiceResponse, _>(ErrorServiceUnavailable("no"))
    };
    let app = App::new()
        .app_data(seen.observer())
        .wrap(from_fn(refuse))
        .wrap(from_fn(middleware));
    let app = init_service(app).await;
    let error = app.call(TestRequest::get().to_request()).await.err();
    let response = error.unwrap().error_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("x-amzn-trace-id"));
    assert!(
        response
            .headers()
            .contains_key("access-control-allow-origin")
    );
    assert!(to_bytes(response.into_body()).await.is_ok());
    let span = seen.span();
    assert_eq!(text(&span, "error.type").as_deref(), Some("503"));
    assert_eq!(durations(&seen.metrics()), [("GET 503 503".to_owned(), 1)]);
}

#[tokio::test]
async fn what_a_client_makes_up_is_shown_to_a_bound() {
    let seen = Seen::new();
    let request = TestRequest::with_uri(&format!("/{}", "p".repeat(20_000)))
        .insert_header(("User-Agent", "u".repeat(20_000)))
        .insert_header(("Host", "h".repeat(20_000)))
        .insert_header(("X-Forwarded-For", "<script>"));
    ask(&app(&seen).await, request.to_request()).await;
    let span = seen.span();
    assert_eq!(text(&span, "url.path").unwrap().len(), 8192);
    assert_eq!(text(&span, "user_agent.original").unwrap().len(), 256);
    assert_eq!(value(&span, "server.address"), None);
    assert_eq!(value(&span, "client.address"), None);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status_and_by_nothing_that_clients_choose() {
    let seen = Seen::new();
    let app = app(&seen).await;
    for (method, path) in [
        ("POST", "/mysfits/1/like"),
        ("POST", "/mysfits/2/like"),
        ("GET", "/mysfits/2/like"),
        ("GET", "/broken"),
        ("BREW", "/a"),
        ("STEW", "/b"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = TestRequest::with_uri(path).method(method).to_request();
        ask(&app, request).await;
    }
    let metrics = seen.metrics();
    let mut counted = durations(&metrics);
    counted.sort();
    let expected = [
        ("GET /broken 503 503", 1),
        ("GET /mysfits/{id}/like 405", 1),
        ("POST /mysfits/{id}/like 200", 2),
        ("_OTHER 404", 2),
    ];
    assert_eq!(
        counted,
        expected.map(|(labels, count)| (labels.to_owned(), count))
    );
    assert!(active(&metrics).iter().all(|(_, count)| *count == 0));
}

/// Method, route, status and error type, as far as they are there. The scheme must be there always.
fn labels<'a>(attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> String {
    let labels: Vec<_> = attributes.collect();
    let value = |key: &str| {
        let label = labels.iter().find(|label| label.key.as_str() == key);
        label.map(|label| label.value.to_string())
    };
    assert_eq!(value("url.scheme").as_deref(), Some("http"));
    let keys = [
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "error.type",
    ];
    let values: Vec<_> = keys.into_iter().filter_map(value).collect();
    assert_eq!(values.len() + 1, labels.len(), "{labels:?}");
    values.join(" ")
}

fn durations(metrics: &[ResourceMetrics]) -> Vec<(String, u64)> {
    let mut counted = Vec::new();
    for metric in named(metrics, "http.server.request.duration") {
        if let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() {
            let points = histogram.data_points();
            counted.extend(points.map(|point| (labels(point.attributes()), point.count())));
        }
    }
    counted
}

fn active(metrics: &[ResourceMetrics]) -> Vec<(String, i64)> {
    let mut counted = Vec::new();
    for metric in named(metrics, "http.server.active_requests") {
        if let AggregatedMetrics::I64(MetricData::Sum(sum)) = metric.data() {
            let points = sum.data_points();
            counted.extend(points.map(|point| (labels(point.attributes()), point.value())));
        }
    }
    counted
}

fn named<'a>(
    metrics: &'a [ResourceMetrics],
    name: &'a str,
) -> impl Iterator<Item = &'a opentelemetry_sdk::metrics::data::Metric> {
    let scopes = metrics.iter().flat_map(ResourceMetrics::scope_metrics);
    let metrics = scopes.flat_map(|scope| scope.metrics());
    metrics.filter(move |metric| metric.name() == name)
}
