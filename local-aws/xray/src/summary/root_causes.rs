//! Converts root causes to the JSON of summaries.

use serde_json::{Map, Value, json};

use super::service_id::service_id_json;
use crate::root_cause::{self, RootCause};
use crate::trace::{Entity, EntityKind, Trace};

/// The member `FaultRootCauses` of a summary.
pub fn fault_root_causes_json(trace: &Trace) -> Vec<Value> {
    failure_root_causes_json(trace, |entity| entity.flags.fault)
}

/// The member `ErrorRootCauses` of a summary.
pub fn error_root_causes_json(trace: &Trace) -> Vec<Value> {
    failure_root_causes_json(trace, |entity| entity.flags.error)
}

/// The member `ResponseTimeRootCauses` of a summary.
pub fn response_time_root_causes_json(trace: &Trace) -> Vec<Value> {
    let root_cause = root_cause::find_response_time_root_cause(trace);
    let step = |entity: &Entity| {
        let mut step = path_step_json(entity);
        if let Some(coverage) = root_cause::root_coverage(trace, entity) {
            step["Coverage"] = json!((coverage * 1000.0).round() / 1000.0);
        }
        step
    };
    let root_causes = root_cause.iter();
    root_causes
        .map(|root_cause| root_cause_json(trace, root_cause, step))
        .collect()
}

/// The root causes of faults, errors and the response time.
pub fn all_root_causes_json(trace: &Trace) -> Vec<Value> {
    let mut root_causes = fault_root_causes_json(trace);
    root_causes.extend(error_root_causes_json(trace));
    root_causes.extend(response_time_root_causes_json(trace));
    root_causes
}

fn failure_root_causes_json(trace: &Trace, has_failed: fn(&Entity) -> bool) -> Vec<Value> {
    let step = |entity: &Entity| {
        let mut step = path_step_json(entity);
        step["Exceptions"] = exceptions_json(entity);
        step
    };
    let root_causes = root_cause::find_failure_root_causes(trace, has_failed);
    let root_causes = root_causes.iter();
    root_causes
        .map(|root_cause| root_cause_json(trace, root_cause, step))
        .collect()
}

/// Converts a root cause to JSON. The function `step` creates an element of `EntityPath` from an entity.
fn root_cause_json(
    trace: &Trace,
    root_cause: &RootCause,
    step: impl Fn(&Entity) -> Value,
) -> Value {
    let services = root_cause.services.iter().map(|service| {
        let segment = service.segment_index.map(|index| &trace.entities[index]);
        let path = service.entity_indexes.iter();
        let path: Value = path.map(|index| step(&trace.entities[*index])).collect();
        let is_inferred = segment.is_some_and(|segment| segment.kind == EntityKind::Inferred);
        let mut json = segment.map_or_else(|| json!({}), service_id_json);
        json["EntityPath"] = path;
        json["Inferred"] = json!(is_inferred);
        json
    });
    let services: Value = services.collect();
    json!({ "Services": services, "ClientImpacting": root_cause.is_client_impacting })
}

fn path_step_json(entity: &Entity) -> Value {
    json!({ "Name": &*entity.name, "Remote": root_cause::is_remote(entity) })
}

fn exceptions_json(entity: &Entity) -> Value {
    let fields = entity.search_fields.iter();
    let exceptions = fields.flat_map(|fields| &fields.exceptions);
    let exception_json = |exception: &crate::trace::Exception| {
        let members = [("Name", &exception.kind), ("Message", &exception.message)];
        let members = members
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), json!(&**text.as_ref()?))));
        Value::Object(members.collect::<Map<_, _>>())
    };
    exceptions.map(exception_json).collect()
}
