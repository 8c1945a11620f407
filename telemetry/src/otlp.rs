//! OTLP over HTTP. The exporters of `opentelemetry-otlp` are given every option, so that they read no
//! variable that was not checked before.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_sdk::metrics::Temporality;
use prost::Message;

use crate::config::Otlp;
use crate::export::{Outcomes, REJECTED, Watched};
use crate::http::{BlockingClient, Failure, LastFailure};

pub(crate) fn spans(config: &Otlp) -> Result<Watched<SpanExporter>, ExporterBuildError> {
    let (builder, failure) = configured(SpanExporter::builder().with_http(), config);
    let outcomes = Outcomes::of_spans("otlp_http_span_exporter");
    Ok(Watched::new(builder.build()?, outcomes, failure))
}

pub(crate) fn metrics(
    config: &Otlp,
    temporality: Temporality,
) -> Result<Watched<MetricExporter>, ExporterBuildError> {
    let builder = MetricExporter::builder().with_temporality(temporality);
    let (builder, failure) = configured(builder.with_http(), config);
    let outcomes = Outcomes::of_metrics("otlp_http_metric_exporter");
    Ok(Watched::new(builder.build()?, outcomes, failure))
}

/// `builder` with all options, and the place where its client leaves failures.
fn configured<B: WithExportConfig + WithHttpConfig>(builder: B, config: &Otlp) -> (B, LastFailure) {
    let failure = LastFailure::default();
    let client = Client {
        http: BlockingClient::new(config.timeout),
        failure: failure.clone(),
    };
    let builder = builder
        .with_http_client(client)
        .with_endpoint(&config.endpoint)
        .with_headers(config.headers.iter().cloned().collect())
        .with_timeout(config.timeout);
    let builder = match config.compression {
        Some(compression) => builder.with_compression(compression),
        None => builder,
    };
    (builder, failure)
}

/// The exporters' client. It leaves why a request failed, which the exporters do not pass on.
#[derive(Debug)]
struct Client {
    http: BlockingClient,
    failure: LastFailure,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        match self.http.send(request) {
            Ok(response) => {
                self.failure.set(rejection(response.body()));
                Ok(response)
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
