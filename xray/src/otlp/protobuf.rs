//! OTLP's binary encoding of an `ExportTraceServiceRequest`. Each span is decoded separately, so that a wrong span
//! does not reject the others.

use axum::body::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1;
use prost::{DecodeError, Message};

use super::rejected::Rejected;
use super::translate;

/// The messages around the spans, with fields that are not decoded yet.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    resource_spans: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(bytes = "bytes", tag = "1")]
    resource: Bytes,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    scope_spans: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    spans: Vec<Bytes>,
}

/// Decodes a request. Wrong spans, and all spans of a wrong resource, are left out and counted in `rejected`.
///
/// # Errors
///
/// When the messages around the spans cannot be decoded.
pub fn read(body: Bytes, rejected: &mut Rejected) -> Result<ExportTraceServiceRequest, String> {
    decode(body, rejected).map_err(|error| error.to_string())
}

fn decode(body: Bytes, rejected: &mut Rejected) -> Result<ExportTraceServiceRequest, DecodeError> {
    let mut read = ExportTraceServiceRequest::default();
    for (place, bytes) in Request::decode(body)?
        .resource_spans
        .into_iter()
        .enumerate()
    {
        let path = format!("resourceSpans[{place}]");
        let raw = ResourceSpans::decode(bytes)?;
        let resource = Resource::decode(raw.resource);
        let mut scope_spans = Vec::new();
        for (place, bytes) in raw.scope_spans.into_iter().enumerate() {
            let raw = ScopeSpans::decode(bytes)?.spans;
            match &resource {
                Ok(_) => {
                    let path = format!("{path}.scopeSpans[{place}]");
                    let spans = spans(raw, &path, rejected);
                    scope_spans.push(v1::ScopeSpans {
                        spans,
                        ..v1::ScopeSpans::default()
                    });
                }
                Err(error) => {
                    let path = format!("{path}.resource");
                    rejected.add(raw.len(), || reason(&path, error));
                }
            }
        }
        if let Ok(resource) = resource {
            read.resource_spans.push(v1::ResourceSpans {
                resource: Some(resource),
                scope_spans,
                ..v1::ResourceSpans::default()
            });
        }
    }
    Ok(read)
}

fn spans(raw: Vec<Bytes>, path: &str, rejected: &mut Rejected) -> Vec<v1::Span> {
    let mut spans = Vec::new();
    for (place, bytes) in raw.into_iter().enumerate() {
        match v1::Span::decode(bytes) {
            Err(error) => rejected.add(1, || reason(&format!("{path}.spans[{place}]"), &error)),
            // A span without ids takes two bytes, and hundreds when it is decoded.
            Ok(span) => match translate::check_ids(&span) {
                Err(why) => rejected.add_span(&span, why),
                Ok(()) => spans.push(span),
            },
        }
    }
    spans
}

/// The reason is long if values are nested deeply.
fn reason(path: &str, error: &DecodeError) -> String {
    format!("{path}: {error}").chars().take(300).collect()
}
