//! Tests of [`record_request`](super::record_request) with in-memory exporters of OpenTelemetry.

use std::error::Error;
use std::fmt;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{call_service, init_service};
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, web};
use opentelemetry::Value;
use opentelemetry::global::BoxedTracer;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

use super::exchange::RequestHook;
use super::metrics::Metrics;
use super::observer::Observer;
use super::span::SpanFactory;
use crate::drain::Lifecycle;
use crate::middleware::handle_request;
use crate::trace::annotate;
use crate::{failure_response, get, post};

mod attributes;
mod failures;
mod metrics;

#[derive(Debug)]
struct TestError;

impl fmt::Display for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it broke")
    }
}

impl Error for TestError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&fmt::Error)
    }
}

/// OpenTelemetry providers that export spans and metrics to memory.
pub(crate) struct TestTelemetry {
    tracer_provider: SdkTracerProvider,
    span_exporter: InMemorySpanExporter,
    meter_provider: SdkMeterProvider,
    metric_exporter: InMemoryMetricExporter,
    lifecycle: Lifecycle,
}

impl TestTelemetry {
    pub(crate) fn new() -> Self {
        let span_exporter = InMemorySpanExporter::default();
        let metric_exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(metric_exporter.clone()).build();
        Self {
            tracer_provider: SdkTracerProvider::builder()
                .with_simple_exporter(span_exporter.clone())
                .build(),
            span_exporter,
            meter_provider: SdkMeterProvider::builder().with_reader(reader).build(),
            metric_exporter,
            lifecycle: Lifecycle::default(),
        }
    }

    pub(crate) fn observer(&self) -> Observer {
        let tracer = BoxedTracer::new(Box::new(self.tracer_provider.tracer("test")));
        Observer {
            spans: SpanFactory::new(tracer, true),
            metrics: Metrics::new(&self.meter_provider.meter("test")),
            lifecycle: self.lifecycle.clone(),
        }
    }

    pub(crate) fn only_span(&self) -> SpanData {
        let mut spans = self.span_exporter.get_finished_spans().unwrap();
        assert_eq!(spans.len(), 1);
        spans.remove(0)
    }

    fn exported_metrics(&self) -> Vec<ResourceMetrics> {
        self.meter_provider.force_flush().unwrap();
        self.metric_exporter.get_finished_metrics().unwrap()
    }
}

/// Sends `request` and reads the whole response.
async fn send<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    request: actix_http::Request,
) -> HttpResponse<()> {
    let response = call_service(app, request).await.into_parts().1;
    let (response, body) = response.into_parts();
    assert!(to_bytes(body).await.is_ok());
    response
}

fn find_attribute(span: &SpanData, key: &str) -> Option<Value> {
    let attribute = span
        .attributes
        .iter()
        .find(|attribute| attribute.key.as_str() == key);
    attribute.map(|attribute| attribute.value.clone())
}

pub(crate) fn attribute_text(span: &SpanData, key: &str) -> Option<String> {
    find_attribute(span, key).map(|value| value.to_string())
}

async fn init_app(
    telemetry: &TestTelemetry,
) -> impl Service<
    actix_http::Request,
    Response = ServiceResponse<impl MessageBody>,
    Error = actix_web::Error,
> {
    init_app_with_hook(telemetry, None).await
}

async fn init_app_with_hook(
    telemetry: &TestTelemetry,
    hook: Option<RequestHook>,
) -> impl Service<
    actix_http::Request,
    Response = ServiceResponse<impl MessageBody>,
    Error = actix_web::Error,
> {
    let mut app = App::new();
    if let Some(hook) = hook {
        app = app.app_data(hook);
    }
    let observer = Data::new(telemetry.observer());
    let app = app
        .service(post("/mysfits/{id}/like", || async {
            annotate("mysfit.id", || "x");
            HttpResponse::Ok().finish()
        }))
        .service(get("/broken", || async {
            failure_response(&TestError, StatusCode::SERVICE_UNAVAILABLE)
        }))
        .service(get("/never", || async {
            std::future::pending::<()>().await;
            HttpResponse::Ok().finish()
        }))
        .service(get("/panic", async || -> HttpResponse {
            panic!("out of mysfits")
        }))
        .service(get("/failing-body", async || {
            let body = futures_util::stream::once(async { Err::<Bytes, _>(TestError) });
            HttpResponse::Ok().streaming(body)
        }))
        .default_service(web::to(HttpResponse::NotFound))
        .wrap(from_fn(move |request, next| {
            handle_request(observer.clone(), request, next)
        }));
    init_service(app).await
}

/// Joins the values of the labels method, route, status and error type with spaces. Asserts that the labels
/// contain the scheme `http`.
fn label_text<'a>(labels: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> String {
    let label_list: Vec<_> = labels.collect();
    let value = |key: &str| {
        let label = label_list.iter().find(|label| label.key.as_str() == key);
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
    assert_eq!(values.len() + 1, label_list.len(), "{label_list:?}");
    values.join(" ")
}

fn request_counts(metrics: &[ResourceMetrics]) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    for metric in find_metrics(metrics, "http.server.request.duration") {
        if let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() {
            let points = histogram.data_points();
            counts.extend(points.map(|point| (label_text(point.attributes()), point.count())));
        }
    }
    counts
}

fn active_requests(metrics: &[ResourceMetrics]) -> Vec<(String, i64)> {
    let mut counts = Vec::new();
    for metric in find_metrics(metrics, "http.server.active_requests") {
        if let AggregatedMetrics::I64(MetricData::Sum(sum)) = metric.data() {
            let points = sum.data_points();
            counts.extend(points.map(|point| (label_text(point.attributes()), point.value())));
        }
    }
    counts
}

fn find_metrics<'a>(
    metrics: &'a [ResourceMetrics],
    name: &'a str,
) -> impl Iterator<Item = &'a Metric> {
    let scopes = metrics.iter().flat_map(ResourceMetrics::scope_metrics);
    let metrics = scopes.flat_map(|scope| scope.metrics());
    metrics.filter(move |metric| metric.name() == name)
}
