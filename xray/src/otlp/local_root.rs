//! Local root spans, which AWS's distributions of OpenTelemetry mark. Each becomes a segment for its service. If it
//! is a call, a subsegment for the call is added.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::name;
use super::translate::{document, hexadecimal};
use crate::id::SegmentId;

/// Attributes of the call. The segment of the service has no annotations for them.
const CALL_ATTRIBUTES: [&str; 4] = [
    "aws.remote.service",
    "aws.remote.operation",
    "remoteTarget",
    "K8s.RemoteNamespace",
];

/// Fields of the call in the block `aws`. The segment of the service does not have them.
const CALL_FIELDS: [&str; 7] = [
    "operation",
    "account_id",
    "region",
    "request_id",
    "queue_url",
    "table_name",
    "table_names",
];

/// Whether a span with these attributes is a local root.
pub fn is(attributes: &Attributes<'_>) -> bool {
    attributes.text(&["aws.span.kind"]) == Some("LOCAL_ROOT")
}

/// The documents of a local root span.
///
/// # Errors
///
/// As `document`.
pub fn documents(span: &Span, resource: &[KeyValue]) -> Result<Vec<Value>, String> {
    if matches!(span.kind(), SpanKind::Server | SpanKind::Internal) {
        let mut segment = document(span, resource)?;
        remove(&mut segment, &["type", "namespace"]);
        return Ok(vec![segment]);
    }
    let id: Option<SegmentId> = hexadecimal(&span.span_id, 8).and_then(|id| id.parse().ok());
    let id = service_id(id.ok_or("spanId is not 8 bytes")?).to_string();
    Ok(vec![
        call(span, resource, &id)?,
        service(span, resource, &id)?,
    ])
}

/// The id of the service's segment. The first id that is derived from the span's is that of the segment that the
/// store infers from the call.
pub fn service_id(span: SegmentId) -> SegmentId {
    span.derived_id().derived_id()
}

/// The subsegment of the call, below the service's segment.
fn call(span: &Span, resource: &[KeyValue], service: &str) -> Result<Value, String> {
    let attributes = Attributes::new(&span.attributes);
    let mut call = document(span, resource)?;
    call["type"] = json!("subsegment");
    call["parent_id"] = json!(service);
    if call.get("namespace").is_none() {
        call["namespace"] = json!("remote");
    }
    if let Some(remote) = attributes.text(&["aws.remote.service"]) {
        call["name"] = json!(name::permitted(name::short(remote, &attributes)));
    }
    // The links are those of the consumer, not of its call.
    if span.kind() == SpanKind::Consumer {
        remove(&mut call, &["links"]);
    }
    Ok(call)
}

/// The segment of the service, without what describes the call.
fn service(span: &Span, resource: &[KeyValue], id: &str) -> Result<Value, String> {
    let mut span = span.clone();
    span.attributes
        .retain(|attribute| !CALL_ATTRIBUTES.contains(&&*attribute.key));
    let mut service = document(&span, resource)?;
    service["id"] = json!(id);
    if let Some(local) = Attributes::new(&span.attributes).text(&["aws.local.service"]) {
        service["name"] = json!(name::permitted(local));
    }
    remove(&mut service, &["type", "namespace", "http"]);
    if span.kind() != SpanKind::Consumer {
        remove(&mut service, &["links"]);
    }
    if let Some(aws) = service.get_mut("aws") {
        remove(aws, &CALL_FIELDS);
    }
    let metadata = service.pointer_mut("/metadata/default");
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        metadata.retain(|key, _| key.starts_with("otel.resource."));
    }
    Ok(service)
}

fn remove(object: &mut Value, keys: &[&str]) {
    if let Some(object) = object.as_object_mut() {
        object.retain(|key, _| !keys.contains(&&**key));
    }
}
