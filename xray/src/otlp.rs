//! OTLP over HTTP: any OpenTelemetry program can send its spans here, as protobuf or as JSON.
//!
//! Source: the OpenTelemetry protocol's specification, 1.x. Spans become documents by the rules of the
//! OpenTelemetry collector's X-Ray exporter with its option `index_all_attributes`, so that each attribute
//! can be searched for. docs/xray.md lists where the rules differ.

mod annotations;
mod attributes;
mod aws;
mod cause;
mod encoding;
mod http;
mod json;
mod local_root;
mod name;
mod protobuf;
mod rejected;
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
use encoding::{Code, Encoding};
use rejected::Rejected;

/// Largest request in bytes, before and after it is unpacked.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Tells programs that send other signals what to do.
const ONLY_TRACES: &str = "this X-Ray takes traces only, by POST /v1/traces. \
    Set OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none, or send metrics and logs elsewhere with \
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";

/// `POST /v1/traces` of this X-Ray.
pub fn router(xray: Arc<Xray>) -> Router {
    Router::new()
        .route("/v1/traces", post(traces))
        .fallback(other)
        .with_state(xray)
}

async fn traces(State(xray): State<Arc<Xray>>, request: Request) -> Response {
    let Some(encoding) = Encoding::of(request.headers()) else {
        let message = "OTLP is application/x-protobuf or application/json\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    };
    let refuse =
        |message: &str| encoding.refuse(StatusCode::BAD_REQUEST, Code::InvalidArgument, message);
    let Some(is_packed) = is_packed(request.headers()) else {
        let message = "the content-encoding is not supported: send gzip or no content-encoding";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return encoding.refuse(status, Code::InvalidArgument, message);
    };
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else {
        return refuse("the body broke off or is larger than 16 MiB");
    };
    let taken = tokio::task::spawn_blocking(move || {
        let body = if is_packed {
            unpack(&body)?.into()
        } else {
            body
        };
        let mut rejected = Rejected::default();
        let request = encoding.read(body, &mut rejected)?;
        Ok::<_, String>(put(&xray, &request, rejected))
    });
    match taken.await {
        Ok(Ok(response)) => encoding.answer(&response),
        Ok(Err(message)) => refuse(&message),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Any other path. OpenTelemetry's exporters do not repeat a request after 404, and some do after a 5xx status.
async fn other(uri: Uri, headers: HeaderMap) -> Response {
    let encoding = Encoding::of(&headers).unwrap_or(Encoding::Json);
    let message = format!("{} is not served here: {ONLY_TRACES}", uri.path());
    encoding.refuse(StatusCode::NOT_FOUND, Code::Unimplemented, &message)
}

/// Whether the body is packed by gzip; nothing if it has another encoding.
fn is_packed(headers: &HeaderMap) -> Option<bool> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else {
        return Some(false);
    };
    match encoding.to_str().ok()?.to_ascii_lowercase().as_str() {
        "gzip" => Some(true),
        "identity" | "" => Some(false),
        _ => None,
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    // One byte more than is permitted shows that there is more.
    let mut bounded = MultiGzDecoder::new(packed).take(MAX_BODY as u64 + 1);
    let read = bounded.read_to_end(&mut body);
    read.map_err(|error| format!("the body is not gzip: {error}"))?;
    match body.len() <= MAX_BODY {
        true => Ok(body),
        false => Err("the body is larger than 16 MiB when unpacked".to_owned()),
    }
}

/// Stores the spans, and counts those that cannot be stored.
fn put(
    xray: &Xray,
    request: &ExportTraceServiceRequest,
    mut rejected: Rejected,
) -> ExportTraceServiceResponse {
    for spans in &request.resource_spans {
        let resource = spans.resource.as_ref();
        let resource = resource.map_or(&[][..], |resource| &resource.attributes);
        for span in spans.scope_spans.iter().flat_map(|scope| &scope.spans) {
            if let Err(why) = put_span(xray, span, resource) {
                rejected.add_span(span, &why);
            }
        }
    }
    ExportTraceServiceResponse {
        partial_success: rejected.partial_success(),
    }
}

fn put_span(xray: &Xray, span: &Span, resource: &[KeyValue]) -> Result<(), String> {
    let documents = translate::documents(span, resource)?;
    let refused = documents
        .iter()
        .flat_map(|document| xray.put(&document.to_string()))
        .next();
    refused.map_or(Ok(()), |refusal| Err(refusal.to_string()))
}
