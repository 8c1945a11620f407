//! The test vectors of the exporter. Each file in `vectors` has the inputs and expected results of one of its test
//! files, by the names of its tests, and lists the tests that are left out and why.

use serde_json::{Map, Value, json};

use super::json;
use super::rejected::Rejected;
use super::translate::documents;
use crate::{Config, Xray};

const SPAN: &str = "53995c3f42cd8ad8";
const PARENT: &str = "70de5b6f19ff9a0a";
const KINDS: [&str; 6] = [
    "unspecified",
    "internal",
    "server",
    "client",
    "producer",
    "consumer",
];

/// A value as OTLP writes it.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(any).collect();
            json!({ "arrayValue": { "values": values } })
        }
        Value::Object(_) => json!({ "kvlistValue": { "values": attributes(value) } }),
    }
}

fn attributes(pairs: &Value) -> Value {
    let pairs = pairs.as_object().into_iter().flatten();
    pairs
        .map(|(key, value)| json!({ "key": key, "value": any(value) }))
        .collect()
}

/// Events or links, with their attributes as OTLP writes them.
fn parts(parts: &Value) -> Value {
    let part = |part: &Value| {
        let mut part = part.clone();
        part["attributes"] = attributes(&part["attributes"]);
        part
    };
    parts.as_array().into_iter().flatten().map(part).collect()
}

fn request(case: &Value, given: &Value) -> Value {
    // Inputs that several cases share have a name.
    let find = |key: &str| match &case[key] {
        Value::String(name) => given[name].clone(),
        other => other.clone(),
    };
    let kind = KINDS.iter().position(|kind| case["kind"] == *kind);
    let parent = case.get("parent").map_or(json!(PARENT), Value::clone);
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(&find("resource")) },
        "scopeSpans": [{ "spans": [{
            "traceId": "5759e988bd862e3fe1be46a994272793", "spanId": SPAN, "parentSpanId": parent,
            "name": case["span_name"], "kind": kind, "status": case["status"],
            "startTimeUnixNano": "1795219200000000000", "endTimeUnixNano": "1795219200250000000",
            "attributes": attributes(&find("attributes")),
            "events": parts(&case["events"]), "links": parts(&case["links"]),
        }]}],
    }]})
}

/// The documents of a case. Ids that the case does not choose are replaced by words.
fn made(name: &str, request: &Value) -> Vec<Value> {
    let mut rejected = Rejected::default();
    let request = json::read(request.to_string().as_bytes(), &mut rejected).unwrap();
    assert_eq!(rejected.partial_success(), None, "{name}");
    let spans = &request.resource_spans[0];
    let resource = &spans.resource.as_ref().unwrap().attributes;
    let made = documents(&spans.scope_spans[0].spans[0], resource).unwrap();
    let service = made.last().unwrap()["id"].clone();
    let word = |id: &Value| match id {
        id if *id == SPAN => json!("span"),
        id if *id == PARENT => json!("parent"),
        id if *id == service => json!("service"),
        other => other.clone(),
    };
    let xray = Xray::new(Config::default());
    let made = made.into_iter().map(|mut document| {
        assert_eq!(xray.put(&document.to_string()), [], "{name}");
        document["id"] = word(&document["id"]);
        document["parent_id"] = word(&document["parent_id"]);
        document
    });
    made.collect()
}

/// Finds what is wanted and was not found. A wanted null means absent, and `*` means any value.
fn differences(path: &str, wanted: &Value, found: &Value, differences: &mut Vec<String>) {
    let none = Map::new();
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(_) | Value::Null) => {
            let found = found.as_object().unwrap_or(&none);
            for (key, wanted) in wanted {
                let found = found.get(key).unwrap_or(&Value::Null);
                self::differences(&format!("{path}.{key}"), wanted, found, differences);
            }
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (place, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                self::differences(&format!("{path}[{place}]"), wanted, found, differences);
            }
        }
        // Empty texts are left out of documents.
        (Value::String(wanted), Value::Null) if wanted.is_empty() => {}
        (Value::String(wanted), found) if wanted == "*" && !found.is_null() => {}
        (wanted, found) if wanted == found => {}
        (wanted, found) => differences.push(format!("{path}: wanted {wanted}, found {found}")),
    }
}

#[test]
fn spans_become_the_documents_that_the_tests_of_the_exporter_expect() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for file in [
        include_str!("vectors/segment.json"),
        include_str!("vectors/http.json"),
        include_str!("vectors/aws.json"),
        include_str!("vectors/sql.json"),
        include_str!("vectors/cause.json"),
        include_str!("vectors/stack.json"),
    ] {
        let file: Value = serde_json::from_str(file).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let made = made(name, &request(case, &file["given"]));
            differences(name, &case["want"], &json!(made), &mut wrong);
            cases += 1;
        }
    }
    assert_eq!((cases, &*wrong), (170, &[][..]));
}
