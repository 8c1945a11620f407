//! Tests the translation of spans into X-Ray documents with test vectors. A vector contains a span and the
//! documents that the span must become.
//!
//! `vectors/differences.json` contains vectors for the rules in which this translation differs from the
//! collector's X-Ray exporter. docs/xray.md lists the rules that differ. Each other file in `vectors`
//! corresponds to one test file of the exporter. The names of the vectors are the names of the exporter's
//! tests. The field `left_out` of a file lists tests of the exporter that have no vector, and the reasons.

use serde_json::{Map, Value, json};

use super::json;
use super::rejected::RejectedSpans;
use super::translate::translate_span;
use crate::{Config, Xray};

const SPAN_ID: &str = "53995c3f42cd8ad8";
const PARENT_ID: &str = "70de5b6f19ff9a0a";

/// The names of span kinds in the files, in the order of OTLP's numbers.
const SPAN_KIND_NAMES: [&str; 6] = [
    "unspecified",
    "internal",
    "server",
    "client",
    "producer",
    "consumer",
];

/// The OTLP/JSON encoding of a value.
fn to_any_value(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(value) => json!({ "boolValue": value }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(to_any_value).collect();
            json!({ "arrayValue": { "values": values } })
        }
        Value::Object(_) => json!({ "kvlistValue": { "values": to_key_values(value) } }),
    }
}

/// The OTLP/JSON encoding of attributes.
fn to_key_values(attributes: &Value) -> Value {
    let attributes = attributes.as_object().into_iter().flatten();
    attributes
        .map(|(key, value)| json!({ "key": key, "value": to_any_value(value) }))
        .collect()
}

/// The OTLP/JSON encoding of the attributes in a list of events or links.
fn encode_attributes_of_each(elements: &Value) -> Value {
    let elements = elements.as_array().into_iter().flatten();
    elements
        .map(|element| {
            let mut element = element.clone();
            element["attributes"] = to_key_values(&element["attributes"]);
            element
        })
        .collect()
}

/// Builds the request of a vector. If the field `resource` or `attributes` is a text, the text is the name of an entry
/// in `shared_inputs`.
fn build_request(vector: &Value, shared_inputs: &Value) -> Value {
    let input = |key: &str| match &vector[key] {
        Value::String(name) => to_key_values(&shared_inputs[name]),
        attributes => to_key_values(attributes),
    };
    let kind = SPAN_KIND_NAMES
        .iter()
        .position(|kind| vector["kind"] == *kind);
    let parent_id = vector
        .get("parent")
        .map_or_else(|| json!(PARENT_ID), Value::clone);
    json!({ "resourceSpans": [{
        "resource": { "attributes": input("resource") },
        "scopeSpans": [{ "spans": [{
            "traceId": "5759e988bd862e3fe1be46a994272793", "spanId": SPAN_ID, "parentSpanId": parent_id,
            "name": vector["span_name"], "kind": kind, "status": vector["status"],
            "startTimeUnixNano": "1795219200000000000", "endTimeUnixNano": "1795219200250000000",
            "attributes": input("attributes"),
            "events": encode_attributes_of_each(&vector["events"]),
            "links": encode_attributes_of_each(&vector["links"]),
        }]}],
    }]})
}

/// Translates the span of the request. Replaces ids in the documents by the placeholders `span`, `parent` and
/// `service`. The expected documents of a vector contain the placeholders instead of ids.
fn translate_request(name: &str, request: &Value) -> Vec<Value> {
    let mut rejected = RejectedSpans::default();
    let request = json::decode_request(request.to_string().as_bytes(), &mut rejected).unwrap();
    assert_eq!(rejected.into_partial_success(), None, "{name}");
    let resource_spans = &request.resource_spans[0];
    let resource = &resource_spans.resource.as_ref().unwrap().attributes;
    let mut documents = translate_span(&resource_spans.scope_spans[0].spans[0], resource).unwrap();
    let service_id = documents.last().unwrap()["id"].clone();
    let replace_id = |id: &mut Value| {
        for (known_id, placeholder) in [
            (&json!(SPAN_ID), "span"),
            (&json!(PARENT_ID), "parent"),
            (&service_id, "service"),
        ] {
            if id == known_id {
                *id = json!(placeholder);
            }
        }
    };
    let xray = Xray::new(Config::default());
    for document in &mut documents {
        assert_eq!(xray.put_document(&document.to_string()), [], "{name}");
        replace_id(&mut document["id"]);
        replace_id(&mut document["parent_id"]);
    }
    documents
}

/// Compares `actual` with `expected`, and adds one line to `differences` for each value that differs. Fields
/// that `expected` does not contain are ignored. The expected value null means that the field must be absent,
/// and `*` means any value.
fn find_differences(path: &str, expected: &Value, actual: &Value, differences: &mut Vec<String>) {
    let empty_object = Map::new();
    match (expected, actual) {
        (Value::Object(expected), Value::Object(_) | Value::Null) => {
            let actual = actual.as_object().unwrap_or(&empty_object);
            for (key, expected) in expected {
                let actual = actual.get(key).unwrap_or(&Value::Null);
                find_differences(&format!("{path}.{key}"), expected, actual, differences);
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                find_differences(&format!("{path}[{index}]"), expected, actual, differences);
            }
        }
        // X-Ray documents omit fields with empty texts.
        (Value::String(expected), Value::Null) if expected.is_empty() => {}
        (Value::String(expected), actual) if expected == "*" && !actual.is_null() => {}
        (expected, actual) if expected == actual => {}
        (expected, actual) => {
            differences.push(format!("{path}: expected {expected}, found {actual}"));
        }
    }
}

/// Asserts that the spans in `files` become the expected documents, and that `files` contain `count` vectors.
fn assert_vectors(files: &[&str], count: usize) {
    let mut differences = Vec::new();
    let mut vector_count = 0;
    for file in files {
        let file: Value = serde_json::from_str(file).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let name = vector["name"].as_str().unwrap();
            let request = build_request(vector, &file["shared_inputs"]);
            let documents = json!(translate_request(name, &request));
            find_differences(name, &vector["expected"], &documents, &mut differences);
            vector_count += 1;
        }
    }
    assert_eq!((vector_count, &*differences), (count, &[][..]));
}

#[test]
fn spans_become_the_documents_that_the_exporters_tests_expect() {
    let files = [
        include_str!("vectors/segment.json"),
        include_str!("vectors/http.json"),
        include_str!("vectors/aws.json"),
        include_str!("vectors/sql.json"),
        include_str!("vectors/cause.json"),
        include_str!("vectors/stack.json"),
    ];
    assert_vectors(&files, 170);
}

#[test]
fn spans_become_the_documents_that_the_documented_differences_from_the_exporter_require() {
    assert_vectors(&[include_str!("vectors/differences.json")], 15);
}
