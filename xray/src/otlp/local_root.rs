//! Spans that AWS's distributions mark as the first of their service: a segment for the service, whatever
//! their kind, and where they are calls, a subsegment for the call besides.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::name;
use super::translate::document;
use crate::id::SegmentId;

/// What a call says of the one called, and its service does not.
const OF_THE_CALL: [&str; 4] = [
    "aws.remote.service",
    "aws.remote.operation",
    "remoteTarget",
    "K8s.RemoteNamespace",
];

/// The same, in the block `aws`.
const OF_THE_CALLED: [&str; 7] = [
    "operation",
    "account_id",
    "region",
    "request_id",
    "queue_url",
    "table_name",
    "table_names",
];

/// The documents of such a span; none where its ids have not the right length.
pub fn documents(span: &Span, resource: &[KeyValue]) -> Option<Vec<Value>> {
    let mut service = document(span, resource, false)?;
    remove(&mut service, "namespace");
    let local = Attributes::new(&span.attributes).text(&["aws.local.service"]);
    if let Some(local) = local {
        service["name"] = json!(name::permitted(local));
    }
    if matches!(span.kind(), SpanKind::Server | SpanKind::Internal) {
        return Some(vec![service]);
    }
    let id: SegmentId = service["id"].as_str()?.parse().ok()?;
    let service_id = id.inferred().to_string();
    let mut call = document(span, resource, true)?;
    call["type"] = json!("subsegment");
    call["parent_id"] = json!(service_id);
    if call.get("namespace").is_none() {
        call["namespace"] = json!("remote");
    }
    // Who consumes has been linked to, and not the call by which it does.
    let is_consumer = span.kind() == SpanKind::Consumer;
    remove(if is_consumer { &mut call } else { &mut service }, "links");
    service["id"] = json!(service_id);
    remove(&mut service, "http");
    for (block, keys) in [("annotations", &OF_THE_CALL[..]), ("aws", &OF_THE_CALLED)] {
        if let Some(block) = service.get_mut(block) {
            keys.iter().for_each(|key| remove(block, key));
        }
    }
    Some(vec![call, service])
}

fn remove(object: &mut Value, key: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(key);
    }
}
