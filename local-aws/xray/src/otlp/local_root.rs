//! Builds the documents of local root spans. AWS's distributions of OpenTelemetry mark the first span of a service in a
//! trace with `aws.span.kind=LOCAL_ROOT`.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::ids::SpanIds;
use super::name::{sanitize_name, strip_aws_prefix};
use super::segment::build_document;
use crate::id::SegmentId;

/// Attributes that describe the callee. The attributes of the callee become annotations of the call's
/// subsegment. The service's segment omits the attributes of the callee.
const CALLEE_KEYS: [&str; 4] = [
    "aws.remote.service",
    "aws.remote.operation",
    "remoteTarget",
    "K8s.RemoteNamespace",
];

/// Fields of the block `aws` that describe the call. The fields that describe the call are removed from the
/// service's segment.
const AWS_CALL_FIELDS: [&str; 7] = [
    "operation",
    "account_id",
    "region",
    "request_id",
    "queue_url",
    "table_name",
    "table_names",
];

/// Builds the documents of a local root span. A server or internal span becomes a segment. A span of any
/// other kind, such as client, is a call. The call becomes two documents: a segment for the calling service
/// and a subsegment for the call.
///
/// # Errors
///
/// Fails if [`SpanIds::parse`] fails.
pub fn build_documents(span: &Span, resource: &[KeyValue]) -> Result<Vec<Value>, String> {
    if matches!(span.kind(), SpanKind::Server | SpanKind::Internal) {
        let mut segment = build_document(span, resource)?;
        remove_fields(&mut segment, &["type", "namespace"]);
        return Ok(vec![segment]);
    }
    let service_id = SpanIds::parse(span)?.service_segment_id();
    Ok(vec![
        build_call_subsegment(span, resource, service_id)?,
        build_service_segment(span, resource, service_id)?,
    ])
}

fn build_call_subsegment(
    span: &Span,
    resource: &[KeyValue],
    service_id: SegmentId,
) -> Result<Value, String> {
    let attributes = Attributes::new(&span.attributes);
    let mut subsegment = build_document(span, resource)?;
    subsegment["type"] = json!("subsegment");
    subsegment["parent_id"] = json!(service_id.to_string());
    if subsegment.get("namespace").is_none() {
        subsegment["namespace"] = json!("remote");
    }
    if let Some(callee) = attributes.find_text(&["aws.remote.service"]) {
        subsegment["name"] = json!(sanitize_name(strip_aws_prefix(callee, &attributes)));
    }
    // The links of a consumer span belong to the service's segment.
    if span.kind() == SpanKind::Consumer {
        remove_fields(&mut subsegment, &["links"]);
    }
    Ok(subsegment)
}

/// Builds the segment of the service. The segment omits the fields that describe the call.
fn build_service_segment(
    span: &Span,
    resource: &[KeyValue],
    service_id: SegmentId,
) -> Result<Value, String> {
    let mut span = span.clone();
    span.attributes
        .retain(|attribute| !CALLEE_KEYS.contains(&&*attribute.key));
    let mut segment = build_document(&span, resource)?;
    segment["id"] = json!(service_id.to_string());
    let attributes = Attributes::new(&span.attributes);
    if let Some(service) = attributes.find_text(&["aws.local.service"]) {
        segment["name"] = json!(sanitize_name(service));
    }
    remove_fields(&mut segment, &["type", "namespace", "http"]);
    if span.kind() != SpanKind::Consumer {
        remove_fields(&mut segment, &["links"]);
    }
    if let Some(aws) = segment.get_mut("aws") {
        remove_fields(aws, &AWS_CALL_FIELDS);
    }
    let metadata = segment.pointer_mut("/metadata/default");
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        metadata.retain(|key, _| key.starts_with("otel.resource."));
    }
    Ok(segment)
}

fn remove_fields(object: &mut Value, keys: &[&str]) {
    if let Some(object) = object.as_object_mut() {
        object.retain(|key, _| !keys.contains(&&**key));
    }
}
