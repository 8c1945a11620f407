//! Summaries of traces, as `GetTraceSummaries` returns them.

mod root_causes;
mod service_id;
mod values;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use root_causes::all_root_causes;

use crate::time::Time;
use crate::trace::{Entity, SearchFields, Trace};
use root_causes::{error_root_causes, fault_root_causes, response_time_root_causes};
use service_id::service_id;
use values::{DistinctValue, DistinctValues};

/// The `TraceSummary` of a trace. `matched_event_time` is set if the request's time range is of the type `Event`.
pub fn trace_summary(trace: &Trace, matched_event_time: Option<Time>) -> Value {
    let root = trace.root();
    let has_throttle = trace.segments().any(|(_, segment)| segment.flags.throttle);
    let mut summary = json!({
        "Id": trace.id.to_string(),
        "StartTime": trace.start,
        "Duration": trace.duration(),
        "HasFault": root.is_some_and(|root| root.flags.fault),
        "HasError": root.is_some_and(|root| root.flags.error),
        "HasThrottle": has_throttle,
        "IsPartial": trace.is_partial(),
        "Http": http(root),
        "Annotations": annotations(trace),
        "Users": users(trace),
        "ServiceIds": service_ids(trace),
        "ResourceARNs": distinct_texts(trace, "ARN", |fields| &fields.resource_arn),
        "InstanceIds": distinct_texts(trace, "Id", |fields| &fields.instance_id),
        "AvailabilityZones": distinct_texts(trace, "Name", |fields| &fields.availability_zone),
        "FaultRootCauses": fault_root_causes(trace),
        "ErrorRootCauses": error_root_causes(trace),
        "ResponseTimeRootCauses": response_time_root_causes(trace),
        "Revision": trace.revision,
    });
    if let Some(root) = root {
        summary["EntryPoint"] = service_id(root);
    }
    if let Some(duration) = root.and_then(Entity::duration) {
        summary["ResponseTime"] = json!(duration);
    }
    if let Some(time) = matched_event_time {
        summary["MatchedEventTime"] = json!(time);
    }
    summary
}

/// The search fields of all entities that have any.
fn search_fields(trace: &Trace) -> impl Iterator<Item = (&Entity, &SearchFields)> {
    let entities = trace.entities.iter();
    entities.filter_map(|entity| Some((entity, entity.search_fields.as_deref()?)))
}

/// `Http` of the root segment.
fn http(root: Option<&Entity>) -> Value {
    let mut http = Map::new();
    let Some(fields) = root.and_then(|root| root.search_fields.as_deref()) else {
        return Value::Object(http);
    };
    let texts = [
        ("HttpURL", &fields.url),
        ("HttpMethod", &fields.method),
        ("UserAgent", &fields.user_agent),
        ("ClientIp", &fields.client_ip),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            http.insert(key.to_owned(), json!(&**text));
        }
    }
    if let Some(status) = fields.status {
        http.insert("HttpStatus".to_owned(), json!(status));
    }
    Value::Object(http)
}

/// The distinct values of each annotation, with the services that have them.
fn annotations(trace: &Trace) -> Value {
    let mut values_by_key: BTreeMap<&str, DistinctValues<'_>> = BTreeMap::new();
    for (entity, fields) in search_fields(trace) {
        for (key, value) in &fields.annotations {
            let values = values_by_key.entry(key).or_default();
            values.add(DistinctValue::from_annotation(value), entity.segment_index);
        }
    }
    let value_json = |(value, service_ids): (DistinctValue<'_>, Vec<Value>)| json!({ "AnnotationValue": value.to_json(), "ServiceIds": service_ids });
    let values_json = |values: DistinctValues<'_>| -> Value {
        values.with_service_ids(trace).map(value_json).collect()
    };
    values_by_key
        .into_iter()
        .map(|(key, values)| (key.to_owned(), values_json(values)))
        .collect()
}

/// The distinct users, with the services that have them.
fn users(trace: &Trace) -> Value {
    let mut users = DistinctValues::default();
    for (entity, fields) in search_fields(trace) {
        if let Some(user) = &fields.user {
            users.add(DistinctValue::Text(user), entity.segment_index);
        }
    }
    let users = users.with_service_ids(trace);
    users
        .filter_map(|(user, service_ids)| match user {
            DistinctValue::Text(name) => {
                Some(json!({ "UserName": name, "ServiceIds": service_ids }))
            }
            DistinctValue::Flag(_) | DistinctValue::NumberBits(_) => None,
        })
        .collect()
}

/// The `ServiceId` of each node, in the order of the segments.
fn service_ids(trace: &Trace) -> Vec<Value> {
    let mut seen_nodes = HashSet::new();
    let segments = trace.segments().map(|(_, segment)| segment);
    let first_of_nodes = segments.filter(|segment| {
        let node = segment.node.as_ref();
        node.is_some_and(|node| seen_nodes.insert(node.id))
    });
    first_of_nodes.map(service_id).collect()
}

/// The distinct texts of a search field in alphabetical order, each as an object with the member `key`.
fn distinct_texts(
    trace: &Trace,
    key: &str,
    field: fn(&SearchFields) -> &Option<Arc<str>>,
) -> Value {
    let texts = search_fields(trace).filter_map(|(_, fields)| field(fields).as_deref());
    let distinct: BTreeSet<_> = texts.collect();
    distinct
        .into_iter()
        .map(|text| json!({ key: text }))
        .collect()
}
