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

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::xray::Xray;
use encoding::{Encoding, RpcCode};
use rejected::RejectedSpans;

/// Maximum size of a request body in bytes, before and after decompression.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

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
    let bad_request = |message: &str| {
        encoding.error_response(StatusCode::BAD_REQUEST, RpcCode::InvalidArgument, message)
    };
    let Some(is_gzip) = is_gzip(request.headers()) else {
        let message = "the content-encoding is not supported: send gzip or no content-encoding";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return encoding.error_response(status, RpcCode::InvalidArgument, message);
    };
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY_BYTES).await else {
        return bad_request("the body is incomplete or larger than 16 MiB");
    };
    let store_task = tokio::task::spawn_blocking(move || {
        let body = if is_gzip {
            decompress_gzip(&body)?.into()
        } else {
            body
        };
        let mut rejected = RejectedSpans::default();
        let request = encoding.decode_request(body, &mut rejected)?;
        Ok::<_, String>(store_spans(&xray, &request, rejected))
    });
    match store_task.await {
        Ok(Ok(response)) => encoding.success_response(&response),
        Ok(Err(message)) => bad_request(&message),
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

/// Whether the header `Content-Encoding` states that the body is compressed with gzip. Returns `None` for an
/// unsupported encoding.
fn is_gzip(headers: &HeaderMap) -> Option<bool> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else {
        return Some(false);
    };
    match encoding.to_str().ok()?.to_ascii_lowercase().as_str() {
        "gzip" => Some(true),
        "identity" | "" => Some(false),
        _ => None,
    }
}

fn decompress_gzip(compressed: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    // The decoder reads one byte more than the limit to detect a body that exceeds the limit.
    MultiGzDecoder::new(compressed)
        .take(MAX_BODY_BYTES as u64 + 1)
        .read_to_end(&mut body)
        .map_err(|error| format!("the body is not valid gzip: {error}"))?;
    if body.len() > MAX_BODY_BYTES {
        return Err("the decompressed body is larger than 16 MiB".to_owned());
    }
    Ok(body)
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
