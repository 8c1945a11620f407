//! A trace in short, as `GetTraceSummaries` has it.

mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::interner::Node;
use crate::root_cause::{self, RootCause};
use crate::time::Time;
use crate::trace::{Entity, Facts, Kind, Trace};
use values::{Value as Key, Values};

/// The summary; `matched` is when the trace was active, where that was asked for.
pub fn of(trace: &Trace, matched: Option<Time>) -> Value {
    let root = trace.root();
    let mut summary = Map::new();
    let mut put = |key: &str, value: Value| drop(summary.insert(key.to_owned(), value));
    put("Id", json!(trace.id.to_string()));
    put("StartTime", json!(trace.start));
    put("Duration", json!(trace.duration()));
    if let Some(duration) = root.and_then(Entity::duration) {
        put("ResponseTime", json!(duration));
    }
    put("HasFault", json!(root.is_some_and(|root| root.flags.fault)));
    put("HasError", json!(root.is_some_and(|root| root.flags.error)));
    let is_throttled = trace.segments().any(|(_, segment)| segment.flags.throttle);
    put("HasThrottle", json!(is_throttled));
    put("IsPartial", json!(trace.is_partial()));
    put("Http", http(root.and_then(|root| root.facts.as_deref())));
    put("Annotations", annotations(trace));
    put("Users", users(trace));
    put(
        "ServiceIds",
        json!(nodes(trace).map(|(_, id)| id).collect::<Vec<_>>()),
    );
    let listed = |key: &str, of: fn(&Facts) -> &Option<Arc<str>>| {
        let found = facts(trace).filter_map(|(_, facts)| of(facts).as_deref());
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .map(|value| json!({ key: value }))
            .collect::<Value>()
    };
    put("ResourceARNs", listed("ARN", |facts| &facts.resource));
    put("InstanceIds", listed("Id", |facts| &facts.instance));
    put("AvailabilityZones", listed("Name", |facts| &facts.zone));
    if let Some(root) = root {
        put("EntryPoint", service_id(root));
    }
    let faults = root_cause::failures(trace, |entity| entity.flags.fault);
    put("FaultRootCauses", causes(trace, &faults, true));
    let errors = root_cause::failures(trace, |entity| entity.flags.error);
    put("ErrorRootCauses", causes(trace, &errors, true));
    let slow = root_cause::response_time(trace);
    put(
        "ResponseTimeRootCauses",
        causes(trace, slow.as_slice(), false),
    );
    put("Revision", json!(trace.revision));
    if let Some(time) = matched {
        put("MatchedEventTime", json!(time));
    }
    Value::Object(summary)
}

/// All root causes, as the summary has them.
pub fn root_causes(trace: &Trace) -> Vec<Value> {
    let faults = root_cause::failures(trace, |entity| entity.flags.fault);
    let errors = root_cause::failures(trace, |entity| entity.flags.error);
    let failures = faults.iter().chain(&errors);
    let failures = failures.map(|cause| self::cause(trace, cause, true));
    let slow = root_cause::response_time(trace);
    let slow = slow.iter().map(|slow| self::cause(trace, slow, false));
    failures.chain(slow).collect()
}

fn facts(trace: &Trace) -> impl Iterator<Item = (&Entity, &Facts)> {
    let entities = trace.entities.iter();
    entities.filter_map(|entity| Some((entity, entity.facts.as_deref()?)))
}

fn http(facts: Option<&Facts>) -> Value {
    let mut http = Map::new();
    let Some(facts) = facts else {
        return Value::Object(http);
    };
    let texts = [
        ("HttpURL", &facts.url),
        ("HttpMethod", &facts.method),
        ("UserAgent", &facts.user_agent),
        ("ClientIp", &facts.client_ip),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            http.insert(key.to_owned(), json!(&**text));
        }
    }
    if let Some(status) = facts.status {
        http.insert("HttpStatus".to_owned(), json!(status));
    }
    Value::Object(http)
}

/// Each annotation's values, each once, with the services that have it.
fn annotations(trace: &Trace) -> Value {
    let mut keys: BTreeMap<&str, Values<'_>> = BTreeMap::new();
    for (entity, facts) in facts(trace) {
        for (key, value) in &facts.annotations {
            let values = keys.entry(key).or_default();
            values.add(Key::of(value), entity.segment);
        }
    }
    let value = |(value, services): (Key<'_>, Vec<Value>)| json!({ "AnnotationValue": value.json(), "ServiceIds": services });
    let values = |values: Values<'_>| values.with_services(trace).map(value).collect::<Value>();
    keys.into_iter()
        .map(|(key, found)| (key.to_owned(), values(found)))
        .collect()
}

fn users(trace: &Trace) -> Value {
    let mut users = Values::default();
    for (entity, facts) in facts(trace) {
        if let Some(user) = &facts.user {
            users.add(Key::Text(user), entity.segment);
        }
    }
    let user = |(user, services): (Key<'_>, Vec<Value>)| match user {
        Key::Text(name) => json!({ "UserName": name, "ServiceIds": services }),
        Key::Flag(_) | Key::Number(_) => Value::Null,
    };
    users.with_services(trace).map(user).collect()
}

/// The trace's nodes, each once, in the order of its segments.
fn nodes(trace: &Trace) -> impl Iterator<Item = (&Arc<Node>, Value)> {
    let mut seen = std::collections::HashSet::new();
    trace.segments().filter_map(move |(_, segment)| {
        let node = segment.node.as_ref()?;
        seen.insert(Arc::as_ptr(node))
            .then(|| (node, service_id(segment)))
    })
}

/// A `ServiceId`. Type and account are there as far as the service told them.
fn service_id(segment: &Entity) -> Value {
    let name = segment
        .node
        .as_ref()
        .map_or(&segment.name, |node| &node.name);
    let mut id = json!({ "Name": &**name, "Names": [&**name] });
    if let Some(node) = segment.node.as_ref().filter(|node| !node.kind.is_empty()) {
        id["Type"] = json!(&*node.kind);
    }
    let account = segment
        .facts
        .as_ref()
        .and_then(|facts| facts.account.as_deref());
    if let Some(account) = account {
        id["AccountId"] = json!(account);
    }
    id
}

fn causes(trace: &Trace, causes: &[RootCause], has_exceptions: bool) -> Value {
    causes
        .iter()
        .map(|cause| self::cause(trace, cause, has_exceptions))
        .collect()
}

fn cause(trace: &Trace, cause: &RootCause, has_exceptions: bool) -> Value {
    let services = cause.services.iter().map(|service| {
        let entities = service.entities.iter().map(|place| &trace.entities[*place]);
        let path = entities.map(|entity| {
            let mut step = json!({
                "Name": &*entity.name,
                "Remote": root_cause::is_remote(entity),
            });
            if has_exceptions {
                step["Exceptions"] = exceptions(entity);
            } else if let Some(coverage) = root_cause::coverage(trace, entity) {
                step["Coverage"] = json!((coverage * 1000.0).round() / 1000.0);
            }
            step
        });
        let path: Value = path.collect();
        let segment = service.segment.map(|place| &trace.entities[place]);
        let mut told = segment.map_or_else(|| json!({}), service_id);
        told["EntityPath"] = path;
        told["Inferred"] = json!(segment.is_some_and(|segment| segment.kind == Kind::Inferred));
        told
    });
    let services: Value = services.collect();
    json!({ "Services": services, "ClientImpacting": cause.is_client_impacting })
}

fn exceptions(entity: &Entity) -> Value {
    let exceptions = entity.facts.iter().flat_map(|facts| &facts.exceptions);
    let exception = |exception: &crate::trace::Exception| {
        let mut told = Map::new();
        for (key, text) in [("Name", &exception.kind), ("Message", &exception.message)] {
            if let Some(text) = text {
                told.insert(key.to_owned(), json!(&**text));
            }
        }
        Value::Object(told)
    };
    exceptions.map(exception).collect()
}
