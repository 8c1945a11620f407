//! OTLP over HTTP: receives the spans of OpenTelemetry programs, encoded as protobuf or JSON.
//!
//! The protocol follows the OpenTelemetry Protocol specification 1.x. Spans become documents by the rules of
//! the OpenTelemetry collector's X-Ray exporter with the option `index_all_attributes`. The option
//! `index_all_attributes` makes every attribute searchable. docs/xray.md lists the differences between this
//! program and the exporter.

mod annotations;
mod attributes;
mod aws;
mod cause;
mod encoding;
mod http;
mod ids;
mod json;
mod local_root;
mod name;
mod protobuf;
mod rejected;
mod segment;
mod sql;
mod stack;
mod translate;
#[cfg(test)]
mod vectors;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use wire::{BodyError, read_body};

use crate::xray::Xray;
use encoding::{Encoding, RpcCode};
use rejected::RejectedSpans;

/// Maximum size of a request body in MiB, before and after decompression.
const MAX_BODY_MIB: usize = 16;

/// Advice for programs that send metrics or logs.
const ONLY_TRACES_ADVICE: &str = "this X-Ray accepts only traces, by POST /v1/traces. \
    Set OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none, or send metrics and logs elsewhere with \
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";

/// Routes of the OTLP port: `POST /v1/traces`. The response to a request with a different path has the status
/// 404.
pub fn router(xray: Arc<Xray>) -> Router {
    Router::new()
        .route("/v1/traces", post(export_traces))
        .fallback(refuse_unknown_path)
        .with_state(xray)
}

async fn export_traces(State(xray): State<Arc<Xray>>, request: Request) -> Response {
    let Some(encoding) = Encoding::from_content_type(request.headers()) else {
        let message = "OTLP requires the content-type application/x-protobuf or application/json\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    };
    let refuse =
        |status, message: &str| encoding.error_response(status, RpcCode::InvalidArgument, message);
    let (head, body) = request.into_parts();
    let body = match read_body(&head.headers, body, MAX_BODY_MIB).await {
        Ok(body) => body,
        Err(error @ BodyError::UnsupportedEncoding) => {
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, &error.to_string());
        }
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let store_task = tokio::task::spawn_blocking(move || {
        let mut rejected = RejectedSpans::default();
        let request = encoding.decode_request(body, &mut rejected)?;
        Ok::<_, String>(store_spans(&xray, &request, rejected))
    });
    match store_task.await {
        Ok(Ok(response)) => encoding.success_response(&response),
        Ok(Err(message)) => refuse(StatusCode::BAD_REQUEST, &message),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Responds with the status 404, because OpenTelemetry's exporters do not repeat a request after a 404. Some
/// exporters repeat a request after a 5xx status.
async fn refuse_unknown_path(uri: Uri, headers: HeaderMap) -> Response {
    let encoding = Encoding::from_content_type(&headers).unwrap_or(Encoding::Json);
    let message = format!("{} is not served here: {ONLY_TRACES_ADVICE}", uri.path());
    encoding.error_response(StatusCode::NOT_FOUND, RpcCode::Unimplemented, &message)
}

/// Stores the spans as X-Ray documents. The function adds each span that cannot be stored to `rejected`.
fn store_spans(
    xray: &Xray,
    request: &ExportTraceServiceRequest,
    mut rejected: RejectedSpans,
) -> ExportTraceServiceResponse {
    for resource_spans in &request.resource_spans {
        let resource = resource_spans.resource.as_ref();
        let resource_attributes = resource.map_or(&[][..], |resource| &resource.attributes);
        let scopes = &resource_spans.scope_spans;
        for span in scopes.iter().flat_map(|scope| &scope.spans) {
            if let Err(reason) = store_span(xray, span, resource_attributes) {
                rejected.add_span(span, &reason);
            }
        }
    }
    ExportTraceServiceResponse {
        partial_success: rejected.into_partial_success(),
    }
}

fn store_span(xray: &Xray, span: &Span, resource_attributes: &[KeyValue]) -> Result<(), String> {
    let documents = translate::translate_span(span, resource_attributes)?;
    let first_refusal = documents
        .iter()
        .flat_map(|document| xray.put_document(&document.to_string()))
        .next();
    first_refusal.map_or(Ok(()), |refusal| Err(refusal.to_string()))
}
