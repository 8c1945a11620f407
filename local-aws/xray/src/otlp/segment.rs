//! Builds the document of one span: a segment or a subsegment.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use serde_json::{Map, Value, json};

use super::attributes::{Attributes, build_object};
use super::ids::SpanIds;
use super::{annotations, aws, cause, http, name, sql};
use crate::id::{SegmentId, TraceId};

/// Attribute that states whether the segment is in progress. The collector's receiver for X-Ray segments sets
/// the attribute `aws.xray.inprogress`.
const IN_PROGRESS_KEY: &str = "aws.xray.inprogress";

/// Builds the document of `span`: a subsegment if the span has a parent and its kind is neither server nor consumer,
/// otherwise a segment.
///
/// # Errors
///
/// Fails if [`SpanIds::parse`] fails.
pub fn build_document(span: &Span, resource: &[KeyValue]) -> Result<Value, String> {
    let ids = SpanIds::parse(span)?;
    let starts_segment = matches!(span.kind(), SpanKind::Server | SpanKind::Consumer);
    let is_subsegment = ids.parent_id.is_some() && !starts_segment;
    let resource = Attributes::new(resource);
    let mut attributes = Attributes::new(&span.attributes);
    let in_progress = attributes.get_bool(IN_PROGRESS_KEY);
    if in_progress.is_some() {
        attributes.remove(&[IN_PROGRESS_KEY]);
    }
    let is_in_progress = in_progress == Some(true);
    // Every function `build_block` removes from `remaining` the attributes that the built block contains.
    let mut remaining = attributes.clone();
    let (name, namespace) = name::find_name_and_namespace(span, &attributes, &resource);
    let version = resource.find_text(&["service.version", "container.image.tag"]);
    let mut document = build_object([
        ("trace_id", Some(ids.trace_id.to_string().into())),
        ("id", Some(ids.segment_id.to_string().into())),
        ("name", Some(name.into())),
        ("parent_id", ids.parent_id.map(|id| id.to_string().into())),
        ("type", is_subsegment.then(|| "subsegment".into())),
        (
            "start_time",
            Some(nanos_to_seconds(span.start_time_unix_nano)),
        ),
        (
            "end_time",
            (!is_in_progress).then(|| nanos_to_seconds(span.end_time_unix_nano)),
        ),
        ("in_progress", is_in_progress.then(|| true.into())),
        ("namespace", namespace.map(Value::from)),
        ("origin", aws::find_origin(&resource).map(Value::from)),
        (
            "service",
            version.map(|version| json!({ "version": version })),
        ),
        ("links", build_links(span)),
        ("http", http::build_block(span, &attributes, &mut remaining)),
        (
            "cause",
            cause::build_block(span, &ids, &attributes, &resource, &mut remaining),
        ),
        (
            "aws",
            aws::build_block(&attributes, &resource, &mut remaining),
        ),
        ("sql", sql::build_block(span, &attributes, &mut remaining)),
    ]);
    for flag in cause::error_flags(span, &attributes) {
        document.insert((*flag).to_owned(), true.into());
    }
    let resource = (!is_subsegment).then_some(&resource);
    document.extend(build_object(annotations::build_fields(remaining, resource)));
    Ok(Value::Object(document))
}

/// Builds the list of linked spans. The list omits links without valid ids.
fn build_links(span: &Span) -> Option<Value> {
    let build_link = |link: &Link| {
        let attributes: Map<_, _> = Attributes::new(&link.attributes)
            .iter_json()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        let trace_id = TraceId::from_bytes(&link.trace_id)?;
        let segment_id = SegmentId::from_bytes(&link.span_id)?;
        Some(build_object([
            ("trace_id", Some(trace_id.to_string().into())),
            ("id", Some(segment_id.to_string().into())),
            (
                "attributes",
                (!attributes.is_empty()).then_some(Value::Object(attributes)),
            ),
        ]))
    };
    let links: Vec<_> = span.links.iter().filter_map(build_link).collect();
    (!links.is_empty()).then(|| json!(links))
}

fn nanos_to_seconds(nanos: u64) -> Value {
    json!(nanos as f64 / 1e9)
}
