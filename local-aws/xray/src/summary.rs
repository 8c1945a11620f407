//! Summaries of traces in the format of a `GetTraceSummaries` response.

mod root_causes;
mod service_id;
mod values;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use root_causes::all_root_causes_json;

use crate::time::Time;
use crate::trace::{Entity, SearchFields, Trace};
use root_causes::{error_root_causes_json, fault_root_causes_json, response_time_root_causes_json};
use service_id::service_id_json;
use values::{DistinctValue, DistinctValues};

/// The `TraceSummary` of a trace. `matched_event_time` has a value if the time range of the API request has
/// the type `Event`.
pub fn summarize_trace(trace: &Trace, matched_event_time: Option<Time>) -> Value {
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
        "Http": http_json(root),
        "Annotations": annotations_json(trace),
        "Users": users_json(trace),
        "ServiceIds": service_ids_json(trace),
        "ResourceARNs": distinct_texts_json(trace, "ARN", |fields| &fields.resource_arn),
        "InstanceIds": distinct_texts_json(trace, "Id", |fields| &fields.instance_id),
        "AvailabilityZones": distinct_texts_json(trace, "Name", |fields| &fields.availability_zone),
        "FaultRootCauses": fault_root_causes_json(trace),
        "ErrorRootCauses": error_root_causes_json(trace),
        "ResponseTimeRootCauses": response_time_root_causes_json(trace),
        "Revision": trace.revision,
    });
    if let Some(root) = root {
        summary["EntryPoint"] = service_id_json(root);
    }
    if let Some(duration) = root.and_then(Entity::duration) {
        summary["ResponseTime"] = json!(duration);
    }
    if let Some(time) = matched_event_time {
        summary["MatchedEventTime"] = json!(time);
    }
    summary
}

/// All entities that have search fields, each with its search fields.
fn entities_with_search_fields(trace: &Trace) -> impl Iterator<Item = (&Entity, &SearchFields)> {
    let entities = trace.entities.iter();
    entities.filter_map(|entity| Some((entity, entity.search_fields.as_deref()?)))
}

/// The member `Http` of a summary. The values come from the root segment.
fn http_json(root: Option<&Entity>) -> Value {
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

/// The member `Annotations` of a summary: the distinct values of each annotation key. Each value is listed
/// with the services that sent the value.
fn annotations_json(trace: &Trace) -> Value {
    let mut values_by_key: BTreeMap<&str, DistinctValues<'_>> = BTreeMap::new();
    for (entity, fields) in entities_with_search_fields(trace) {
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

/// The member `Users` of a summary: the distinct user names, each with the services that sent the user name.
fn users_json(trace: &Trace) -> Value {
    let mut users = DistinctValues::default();
    for (entity, fields) in entities_with_search_fields(trace) {
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
            DistinctValue::Boolean(_) | DistinctValue::NumberBits(_) => None,
        })
        .collect()
}

/// The member `ServiceIds` of a summary: one `ServiceId` for each node, in the order of the segments.
fn service_ids_json(trace: &Trace) -> Vec<Value> {
    let mut seen_nodes = HashSet::new();
    let segments = trace.segments().map(|(_, segment)| segment);
    let first_of_nodes = segments.filter(|segment| {
        let node = segment.node.as_ref();
        node.is_some_and(|node| seen_nodes.insert(node.id))
    });
    first_of_nodes.map(service_id_json).collect()
}

/// The distinct texts of a search field in alphabetical order, each as an object with the member `key`.
fn distinct_texts_json(
    trace: &Trace,
    key: &str,
    field: fn(&SearchFields) -> &Option<Arc<str>>,
) -> Value {
    let texts =
        entities_with_search_fields(trace).filter_map(|(_, fields)| field(fields).as_deref());
    let distinct_texts: BTreeSet<_> = texts.collect();
    distinct_texts
        .into_iter()
        .map(|text| json!({ key: text }))
        .collect()
}
