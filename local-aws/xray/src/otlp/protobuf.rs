//! Decodes OTLP's protobuf encoding of an `ExportTraceServiceRequest`. Each span is decoded separately, so that an
//! invalid span does not affect the other spans.

use axum::body::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::{DecodeError, Message};

use super::ids::SpanIds;
use super::rejected::RejectedSpans;

/// Maximum length of a rejection reason in characters. The length of prost's errors grows with the nesting depth of the
/// invalid value.
const MAX_REASON_CHARS: usize = 300;

/// The message `ExportTraceServiceRequest` with nested messages that are not decoded yet.
#[derive(Clone, PartialEq, Message)]
struct RawRequest {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    resource_spans: Vec<Bytes>,
}

/// The message `ResourceSpans` with nested messages that are not decoded yet.
#[derive(Clone, PartialEq, Message)]
struct RawResourceSpans {
    #[prost(bytes = "bytes", tag = "1")]
    resource: Bytes,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    scope_spans: Vec<Bytes>,
}

/// The message `ScopeSpans` with spans that are not decoded yet.
#[derive(Clone, PartialEq, Message)]
struct RawScopeSpans {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    spans: Vec<Bytes>,
}

/// Decodes a request. The function skips invalid spans and all spans of an invalid resource, and adds the
/// skipped spans to `rejected`.
///
/// # Errors
///
/// Fails if a message that contains the spans cannot be decoded.
pub fn decode_request(
    body: Bytes,
    rejected: &mut RejectedSpans,
) -> Result<ExportTraceServiceRequest, DecodeError> {
    let mut request = ExportTraceServiceRequest::default();
    let raw_request = RawRequest::decode(body)?;
    for (index, bytes) in raw_request.resource_spans.into_iter().enumerate() {
        let path = format!("resourceSpans[{index}]");
        let raw_message = RawResourceSpans::decode(bytes)?;
        match Resource::decode(raw_message.resource) {
            Ok(resource) => request.resource_spans.push(ResourceSpans {
                resource: Some(resource),
                scope_spans: decode_scopes(raw_message.scope_spans, &path, rejected)?,
                ..ResourceSpans::default()
            }),
            Err(error) => {
                for bytes in raw_message.scope_spans {
                    let spans = RawScopeSpans::decode(bytes)?.spans;
                    let path = format!("{path}.resource");
                    rejected.add(spans.len(), || format_reason(&path, &error));
                }
            }
        }
    }
    Ok(request)
}

fn decode_scopes(
    raw_scopes: Vec<Bytes>,
    path: &str,
    rejected: &mut RejectedSpans,
) -> Result<Vec<ScopeSpans>, DecodeError> {
    let mut scopes = Vec::new();
    for (index, bytes) in raw_scopes.into_iter().enumerate() {
        let path = format!("{path}.scopeSpans[{index}]");
        scopes.push(ScopeSpans {
            spans: decode_spans(RawScopeSpans::decode(bytes)?.spans, &path, rejected),
            ..ScopeSpans::default()
        });
    }
    Ok(scopes)
}

fn decode_spans(raw_spans: Vec<Bytes>, path: &str, rejected: &mut RejectedSpans) -> Vec<Span> {
    let mut spans = Vec::new();
    for (index, bytes) in raw_spans.into_iter().enumerate() {
        match Span::decode(bytes) {
            Err(error) => rejected.add(1, || {
                format_reason(&format!("{path}.spans[{index}]"), &error)
            }),
            // Spans with invalid ids are dropped during decoding to save memory: an empty span takes 2 bytes
            // of the request, but hundreds of bytes when decoded.
            Ok(span) => match SpanIds::parse(&span) {
                Err(reason) => rejected.add_span(&span, reason),
                Ok(_) => spans.push(span),
            },
        }
    }
    spans
}

fn format_reason(path: &str, error: &DecodeError) -> String {
    let reason = format!("{path}: {error}");
    reason.chars().take(MAX_REASON_CHARS).collect()
}
