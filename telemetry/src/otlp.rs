//! OTLP over HTTP. The variables are read by `opentelemetry-otlp`, but for the time that a request may
//! take, which is the client's business.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithHttpConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::export::{Outcomes, REJECTED, Watched};
use crate::http::{Blocking, Failure, LastFailure};

/// Longest wait for a collector: the specification's default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn spans() -> Result<Watched<SpanExporter>, ExporterBuildError> {
    let (http, failure) = client("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT");
    let builder = SpanExporter::builder().with_http();
    let exporter = builder.with_http_client(http).build()?;
    let outcomes = Outcomes::of_spans("otlp_http_span_exporter");
    Ok(Watched::new(exporter, outcomes, failure))
}

pub(crate) fn metrics() -> Result<Watched<MetricExporter>, ExporterBuildError> {
    let (http, failure) = client("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT");
    let builder = MetricExporter::builder().with_http();
    let exporter = builder.with_http_client(http).build()?;
    let outcomes = Outcomes::of_metrics("otlp_http_metric_exporter");
    Ok(Watched::new(exporter, outcomes, failure))
}

/// A client that waits as many milliseconds as the variable allows, or the one for all signals, and
/// the place where it leaves its failures.
fn client(variable: &str) -> (Client, LastFailure) {
    let millis = [variable, "OTEL_EXPORTER_OTLP_TIMEOUT"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok());
    let failure = LastFailure::default();
    let client = Client {
        http: Blocking::within(millis.map_or(DEFAULT_TIMEOUT, Duration::from_millis)),
        failure: failure.clone(),
    };
    (client, failure)
}

/// The exporters' client. It leaves why a request failed, which the exporters do not pass on.
#[derive(Debug)]
struct Client {
    http: Blocking,
    failure: LastFailure,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        match self.http.send(request) {
            Ok((answer, failure)) => {
                self.failure
                    .set(failure.or_else(|| rejection(answer.body())));
                Ok(answer)
            }
            Err(failure) => {
                self.failure.set(Some(failure.clone()));
                Err(failure.into())
            }
        }
    }
}

/// What a collector says of the items that it did not take, where it took the others.
///
/// The answers for spans and for metrics differ in the names of their fields alone, which are not on
/// the wire.
fn rejection(body: &[u8]) -> Option<Failure> {
    let partial = ExportTraceServiceResponse::decode(body)
        .ok()?
        .partial_success?;
    let rejected = u64::try_from(partial.rejected_spans).ok()?;
    (rejected > 0).then(|| Failure {
        rejected,
        ..Failure::new(REJECTED.to_owned(), partial.error_message)
    })
}
