//! OTLP over HTTP. The variables are read by `opentelemetry-otlp`, but for the time that a request may
//! take, which is the client's business.

use std::time::Duration;

use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithHttpConfig};

use crate::http::Blocking;

/// Longest wait for a collector: the specification's default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn spans() -> Result<SpanExporter, ExporterBuildError> {
    let http = client("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT");
    let builder = SpanExporter::builder().with_http();
    builder.with_http_client(http).build()
}

pub(crate) fn metrics() -> Result<MetricExporter, ExporterBuildError> {
    let http = client("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT");
    let builder = MetricExporter::builder().with_http();
    builder.with_http_client(http).build()
}

/// A client that waits as many milliseconds as the variable allows, or the one for all signals.
fn client(variable: &str) -> Blocking {
    let millis = [variable, "OTEL_EXPORTER_OTLP_TIMEOUT"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok());
    Blocking::within(millis.map_or(DEFAULT_TIMEOUT, Duration::from_millis))
}
