//! OTLP's JSON encoding of an `ExportTraceServiceRequest`: ProtoJSON, except that ids are hexadecimal, enums
//! are integers, and only lowerCamelCase names count.
//!
//! Sources: the OTLP specification, "JSON Protobuf Encoding", and ProtoJSON with the conformance tests of
//! protobuf. Each span is read separately, so that a wrong span does not reject the others.

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

use super::rejected::Rejected;
use super::translate;
use fields::{Fields, Message};

/// An object whose fields are not read yet.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// How many spans cannot be taken, and why: `.field: reason`, as it follows a path.
type Wrong = (usize, String);

/// Reads a request. Wrong spans, and all spans below a wrong resource or scope, are left out and counted in
/// `rejected`.
///
/// # Errors
///
/// When the body is no JSON object, or its `resourceSpans` are no list.
pub fn read(body: &[u8], rejected: &mut Rejected) -> Result<ExportTraceServiceRequest, String> {
    let body = surrogates::repair(body);
    let request: Object<'_> = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let mut resource_spans = Vec::new();
    for (place, raw) in list(&request, "resourceSpans")?.into_iter().enumerate() {
        let path = format!("resourceSpans[{place}]");
        match resource(raw, &path, rejected) {
            Ok(read) => resource_spans.push(read),
            Err((spans, why)) => rejected.add(spans, || format!("{path}{why}")),
        }
    }
    Ok(ExportTraceServiceRequest { resource_spans })
}

fn resource(raw: &RawValue, path: &str, rejected: &mut Rejected) -> Result<ResourceSpans, Wrong> {
    let object: Object<'_> = parse(raw).map_err(|why| (0, why))?;
    let scopes = list(&object, "scopeSpans").map_err(|why| (0, why))?;
    let read = fields(&object, ["resource", "schemaUrl"]).and_then(|mut fields| {
        Ok(ResourceSpans {
            resource: fields.message("resource")?,
            scope_spans: Vec::new(),
            schema_url: fields.text("schemaUrl")?,
        })
    });
    let mut read = read.map_err(|why| (scopes.iter().map(|scope| spans_in(scope)).sum(), why))?;
    for (place, raw) in scopes.into_iter().enumerate() {
        let path = format!("{path}.scopeSpans[{place}]");
        match scope(raw, &path, rejected) {
            Ok(scope) => read.scope_spans.push(scope),
            Err((spans, why)) => rejected.add(spans, || format!("{path}{why}")),
        }
    }
    Ok(read)
}

fn scope(raw: &RawValue, path: &str, rejected: &mut Rejected) -> Result<ScopeSpans, Wrong> {
    let object: Object<'_> = parse(raw).map_err(|why| (0, why))?;
    let spans = list(&object, "spans").map_err(|why| (0, why))?;
    let read = fields(&object, ["scope", "schemaUrl"]).and_then(|mut fields| {
        Ok(ScopeSpans {
            scope: fields.message("scope")?,
            spans: Vec::new(),
            schema_url: fields.text("schemaUrl")?,
        })
    });
    let mut read = read.map_err(|why| (spans.len(), why))?;
    for (place, raw) in spans.into_iter().enumerate() {
        match parse(raw).and_then(Span::read_value) {
            // A span without ids takes two bytes, and hundreds when it is read.
            Ok(span) => match translate::check_ids(&span) {
                Err(why) => rejected.add_span(&span, why),
                Ok(()) => read.spans.push(span),
            },
            Err(why) => rejected.add(1, || format!("{path}.spans[{place}]{why}")),
        }
    }
    Ok(read)
}

fn spans_in(scope: &RawValue) -> usize {
    let spans = parse(scope).and_then(|object| Ok(list(&object, "spans")?.len()));
    spans.unwrap_or(0)
}

/// The elements of a list; none if it is absent or null.
fn list<'a>(object: &Object<'a>, name: &str) -> Result<Vec<&'a RawValue>, String> {
    let list: Option<Vec<&RawValue>> = match object.get(name) {
        Some(raw) => parse(raw).map_err(|why| format!(".{name}{why}"))?,
        None => None,
    };
    Ok(list.unwrap_or_default())
}

fn fields<const N: usize>(object: &Object<'_>, names: [&str; N]) -> Result<Fields, String> {
    let present = names
        .iter()
        .filter_map(|name| Some((name, object.get(*name)?)));
    let fields = present.map(|(name, raw)| {
        let value: Value = parse(raw).map_err(|why| format!(".{name}{why}"))?;
        Ok(((*name).to_owned(), value))
    });
    let fields: Result<Map<_, _>, String> = fields.collect();
    Ok(Fields::from(fields?))
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, String> {
    let text = |error: serde_json::Error| {
        let text = error.to_string();
        // The position would be within this value, and not in the body.
        let reason = text.split(" at line ").next().unwrap_or_default();
        format!(": {reason}")
    };
    serde_json::from_str(raw.get()).map_err(text)
}
