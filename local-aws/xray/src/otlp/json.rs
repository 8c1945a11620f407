//! Decodes OTLP's JSON encoding of an `ExportTraceServiceRequest`. The encoding is ProtoJSON with these differences:
//! ids are hexadecimal, enums are integers, and field names are lowerCamelCase only.
//!
//! Sources: the section "JSON Protobuf Encoding" of the OTLP specification, and protobuf's conformance tests for
//! ProtoJSON. Each span is decoded separately, so that an invalid span does not affect the other spans.
//!
//! The feature `with-serde` of `opentelemetry-proto` 0.33 does not replace this module: the feature refuses
//! valid ProtoJSON, such as null fields, `{"arrayValue": {}}`, the double `"NaN"`, integers such as `1e3` and
//! unpadded base64, and accepts an `AnyValue` with two members.

mod fields;
mod messages;
mod surrogates;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::ids::SpanIds;
use super::rejected::RejectedSpans;
use fields::{Fields, Message};

/// A JSON object whose fields are not parsed yet.
type RawObject<'a> = BTreeMap<String, &'a RawValue>;

/// The reason why a protobuf message and the spans in the message are rejected.
struct Rejection {
    span_count: usize,
    /// The reason in the format `.field: reason`. The path of the field is relative to the rejected message.
    reason: String,
}

impl From<String> for Rejection {
    /// Creates the rejection of a message whose number of spans is unknown.
    fn from(reason: String) -> Self {
        Self {
            span_count: 0,
            reason,
        }
    }
}

/// Decodes a request. The function skips invalid spans and all spans of an invalid resource or scope, and
/// adds the skipped spans to `rejected`.
///
/// # Errors
///
/// Fails if the body is not a JSON object, or if the field `resourceSpans` is not a list.
pub fn decode_request(
    body: &[u8],
    rejected: &mut RejectedSpans,
) -> Result<ExportTraceServiceRequest, String> {
    let body = surrogates::replace_lone_surrogates(body);
    let request: RawObject<'_> =
        serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let raw_resource_spans = parse_list(&request, "resourceSpans")?;
    let mut resource_spans = Vec::new();
    for (index, raw) in raw_resource_spans.into_iter().enumerate() {
        let path = format!("resourceSpans[{index}]");
        match decode_resource_spans(raw, &path, rejected) {
            Ok(decoded) => resource_spans.push(decoded),
            Err(error) => rejected.add(error.span_count, || format!("{path}{}", error.reason)),
        }
    }
    Ok(ExportTraceServiceRequest { resource_spans })
}

fn decode_resource_spans(
    raw: &RawValue,
    path: &str,
    rejected: &mut RejectedSpans,
) -> Result<ResourceSpans, Rejection> {
    let object: RawObject<'_> = parse_raw_value(raw)?;
    let raw_scopes = parse_list(&object, "scopeSpans")?;
    let decode_fields = || {
        let mut fields = parse_fields(&object, ["resource", "schemaUrl"])?;
        Ok(ResourceSpans {
            resource: fields.take_message("resource")?,
            scope_spans: Vec::new(),
            schema_url: fields.take_string("schemaUrl")?,
        })
    };
    let mut decoded = decode_fields().map_err(|reason| Rejection {
        span_count: raw_scopes.iter().map(|scope| count_spans(scope)).sum(),
        reason,
    })?;
    for (index, raw) in raw_scopes.into_iter().enumerate() {
        let path = format!("{path}.scopeSpans[{index}]");
        match decode_scope_spans(raw, &path, rejected) {
            Ok(scope) => decoded.scope_spans.push(scope),
            Err(error) => rejected.add(error.span_count, || format!("{path}{}", error.reason)),
        }
    }
    Ok(decoded)
}

fn decode_scope_spans(
    raw: &RawValue,
    path: &str,
    rejected: &mut RejectedSpans,
) -> Result<ScopeSpans, Rejection> {
    let object: RawObject<'_> = parse_raw_value(raw)?;
    let raw_spans = parse_list(&object, "spans")?;
    let decode_fields = || {
        let mut fields = parse_fields(&object, ["scope", "schemaUrl"])?;
        Ok(ScopeSpans {
            scope: fields.take_message("scope")?,
            spans: Vec::new(),
            schema_url: fields.take_string("schemaUrl")?,
        })
    };
    let mut decoded = decode_fields().map_err(|reason| Rejection {
        span_count: raw_spans.len(),
        reason,
    })?;
    for (index, raw) in raw_spans.into_iter().enumerate() {
        match parse_raw_value(raw).and_then(Span::from_value) {
            // Spans with invalid ids are dropped during decoding to save memory: an empty span takes 2 bytes
            // of the request, but hundreds of bytes when decoded.
            Ok(span) => match SpanIds::parse(&span) {
                Err(reason) => rejected.add_span(&span, reason),
                Ok(_) => decoded.spans.push(span),
            },
            Err(reason) => rejected.add(1, || format!("{path}.spans[{index}]{reason}")),
        }
    }
    Ok(decoded)
}

/// Returns the number of spans in a `ScopeSpans`. Returns zero if the `ScopeSpans` cannot be parsed.
fn count_spans(scope: &RawValue) -> usize {
    let spans = parse_raw_value(scope).and_then(|object| Ok(parse_list(&object, "spans")?.len()));
    spans.unwrap_or(0)
}

/// Parses the elements of a list. The returned list is empty if the field is absent or null.
fn parse_list<'a>(object: &RawObject<'a>, name: &str) -> Result<Vec<&'a RawValue>, String> {
    let elements: Option<Vec<&RawValue>> = match object.get(name) {
        Some(raw) => parse_raw_value(raw).map_err(|reason| format!(".{name}{reason}"))?,
        None => None,
    };
    Ok(elements.unwrap_or_default())
}

/// Parses the fields of `object` that are in `names`.
fn parse_fields<const N: usize>(
    object: &RawObject<'_>,
    names: [&str; N],
) -> Result<Fields, String> {
    let mut fields = Map::new();
    for name in names {
        if let Some(raw) = object.get(name) {
            let value: Value = parse_raw_value(raw).map_err(|reason| format!(".{name}{reason}"))?;
            fields.insert(name.to_owned(), value);
        }
    }
    Ok(Fields::from(fields))
}

fn parse_raw_value<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let error = error.to_string();
        // The position in serde_json's error message is relative to `raw`, not to the request body, so the
        // position is removed.
        let reason = error.split(" at line ").next().unwrap_or_default();
        format!(": {reason}")
    })
}
