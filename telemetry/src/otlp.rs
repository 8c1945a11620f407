//! Exporters for OTLP over HTTP.
//!
//! For each option that is not set, the builders of `opentelemetry-otlp` read an environment variable
//! without validation. This module therefore sets every option from the validated configuration.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_sdk::metrics::Temporality;
use prost::Message;

use crate::config::OtlpConfig;
use crate::error_type::REJECTED_ERROR_TYPE;
use crate::export::{ExportMonitor, MonitoredExporter};
use crate::http::{BlockingClient, Failure, LastFailure};

pub(crate) fn create_span_exporter(
    config: &OtlpConfig,
) -> Result<MonitoredExporter<SpanExporter>, ExporterBuildError> {
    let builder = SpanExporter::builder().with_http();
    let (builder, last_failure) = set_options(builder, config);
    let monitor = ExportMonitor::for_spans("otlp_http_span_exporter");
    Ok(MonitoredExporter::new(
        builder.build()?,
        monitor,
        last_failure,
    ))
}

pub(crate) fn create_metric_exporter(
    config: &OtlpConfig,
    temporality: Temporality,
) -> Result<MonitoredExporter<MetricExporter>, ExporterBuildError> {
    let builder = MetricExporter::builder().with_temporality(temporality);
    let (builder, last_failure) = set_options(builder.with_http(), config);
    let monitor = ExportMonitor::for_metrics("otlp_http_metric_exporter");
    Ok(MonitoredExporter::new(
        builder.build()?,
        monitor,
        last_failure,
    ))
}

/// Sets all options of `builder`. The second returned value receives the failures of the exporter's HTTP
/// requests.
fn set_options<B: WithExportConfig + WithHttpConfig>(
    builder: B,
    config: &OtlpConfig,
) -> (B, LastFailure) {
    let last_failure = LastFailure::default();
    let client = OtlpHttpClient {
        http: BlockingClient::new(config.timeout),
        last_failure: last_failure.clone(),
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
    (builder, last_failure)
}

/// The HTTP client of the exporters. The client stores the cause of each failed request, because the
/// exporters return errors without the cause.
#[derive(Debug)]
struct OtlpHttpClient {
    http: BlockingClient,
    last_failure: LastFailure,
}

#[async_trait]
impl HttpClient for OtlpHttpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        match self.http.send(request) {
            Ok(response) => {
                self.last_failure
                    .set(parse_partial_success(response.body()));
                Ok(response)
            }
            Err(failure) => {
                self.last_failure.set(Some(failure.clone()));
                Err(failure.into())
            }
        }
    }
}

/// Parses the partial success response of a collector: the number of rejected items and the reason.
/// Returns `None` if the collector accepted all items.
///
/// The responses to span exports and metric exports have the same Protobuf encoding, but different field
/// names.
fn parse_partial_success(body: &[u8]) -> Option<Failure> {
    let response = ExportTraceServiceResponse::decode(body).ok()?;
    let partial_success = response.partial_success?;
    let rejected_items = u64::try_from(partial_success.rejected_spans).ok()?;
    (rejected_items > 0).then(|| Failure {
        rejected_items,
        ..Failure::new(
            REJECTED_ERROR_TYPE.to_owned(),
            partial_success.error_message,
        )
    })
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    #[test]
    fn a_response_is_a_partial_success_only_if_the_collector_rejected_an_item() {
        let parse = |rejected_spans| {
            let partial_success = ExportTracePartialSuccess {
                rejected_spans,
                error_message: "too old".to_owned(),
            };
            let response = ExportTraceServiceResponse {
                partial_success: Some(partial_success),
            };
            parse_partial_success(&response.encode_to_vec())
        };
        let failure = parse(3).unwrap();
        assert_eq!((failure.rejected_items, &*failure.cause), (3, "too old"));
        assert_eq!(failure.error_type, REJECTED_ERROR_TYPE);
        assert!(parse(0).is_none() && parse(-1).is_none());
        assert!(parse_partial_success(b"").is_none());
    }
}
