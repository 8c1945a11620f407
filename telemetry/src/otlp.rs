//! OTLP over HTTP. The variables are read by `opentelemetry-otlp`; the requests go out by a client
//! that blocks, since exporters have threads of their own.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithHttpConfig};
use ureq::Agent;

/// Longest wait for a collector: the specification's default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of a collector's answer that are read.
const MAX_ANSWER: u64 = 64 * 1024;

pub(crate) fn spans() -> Result<SpanExporter, ExporterBuildError> {
    let http = Blocking::new("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT");
    SpanExporter::builder()
        .with_http()
        .with_http_client(http)
        .build()
}

pub(crate) fn metrics() -> Result<MetricExporter, ExporterBuildError> {
    let http = Blocking::new("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT");
    MetricExporter::builder()
        .with_http()
        .with_http_client(http)
        .build()
}

#[derive(Debug)]
struct Blocking(Agent);

impl Blocking {
    /// A client whose requests end in the time that the environment allows in milliseconds.
    fn new(variable: &str) -> Self {
        let millis = [variable, "OTEL_EXPORTER_OTLP_TIMEOUT"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok()?.parse().ok());
        let config = Agent::config_builder()
            .timeout_global(Some(millis.map_or(DEFAULT_TIMEOUT, Duration::from_millis)))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self(config.into())
    }
}

#[async_trait]
impl HttpClient for Blocking {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, &body[..]);
        let (head, body) = self.0.run(request)?.into_parts();
        let body = body.into_with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
