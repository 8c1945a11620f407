//! Tests of complete requests: every field of every message is decoded, and an invalid field rejects only the
//! message that contains the field.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use serde_json::{Value, from_str};

use super::decode_request;
use crate::otlp::rejected::RejectedSpans;

/// A request that sets every field of every message.
const FULL_REQUEST: &str = r#"{"resourceSpans": [{
    "resource": {
        "attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}],
        "droppedAttributesCount": 1,
        "entityRefs": [{"schemaUrl": "s", "type": "service", "idKeys": ["service.name"], "descriptionKeys": ["a", "b"]}]
    },
    "scopeSpans": [{
        "scope": {"name": "my.instrumentation", "version": "1.0.0", "attributes": [{"key": "k", "value": {"boolValue": true}}], "droppedAttributesCount": 2},
        "spans": [{
            "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "traceState": "a=b",
            "parentSpanId": "EEE19B7EC3C1B173", "flags": 769, "name": "I'm a server span", "kind": 2,
            "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000,
            "attributes": [{"key": "k", "value": {"doubleValue": 1.5}, "keyStrindex": 4}], "droppedAttributesCount": 3,
            "events": [{"timeUnixNano": "5", "name": "e", "attributes": [{"key": "k", "value": {"intValue": "6"}}], "droppedAttributesCount": 7}],
            "droppedEventsCount": 8,
            "links": [{"traceId": "5B8EFFF798038103D269B633813FC60D", "spanId": "EEE19B7EC3C1B175", "traceState": "c=d",
                "attributes": [{"key": "k", "value": {"bytesValue": "AQI="}}], "droppedAttributesCount": 9, "flags": 256}],
            "droppedLinksCount": 10,
            "status": {"message": "m", "code": 2}
        }],
        "schemaUrl": "of the scope"
    }],
    "schemaUrl": "of the resource"
}]}"#;

/// Adds the JSON pointer of every field below `value` to `pointers`.
fn collect_field_pointers(value: &Value, parent: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let pointer = format!("{parent}/{key}");
                collect_field_pointers(value, &pointer, pointers);
                pointers.push(pointer);
            }
        }
        Value::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                collect_field_pointers(value, &format!("{parent}/{index}"), pointers);
            }
        }
        _ => {}
    }
}

/// The decoded request in `Debug` format, and the number of rejected spans.
fn decode_and_format(request: &Value) -> (String, i64) {
    let mut rejected = RejectedSpans::default();
    let decoded = decode_request(request.to_string().as_bytes(), &mut rejected).unwrap();
    (format!("{decoded:?}"), rejected_count(rejected))
}

fn rejected_count(rejected: RejectedSpans) -> i64 {
    let partial_success = rejected.into_partial_success();
    partial_success.map_or(0, |partial_success| partial_success.rejected_spans)
}

fn count_spans(request: &ExportTraceServiceRequest) -> usize {
    let scopes = request
        .resource_spans
        .iter()
        .flat_map(|resource_spans| &resource_spans.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

#[test]
fn every_field_is_decoded_and_null_means_absent() {
    let request: Value = from_str(FULL_REQUEST).unwrap();
    let (decoded, rejected) = decode_and_format(&request);
    assert_eq!(rejected, 0);
    let mut pointers = Vec::new();
    collect_field_pointers(&request, "", &mut pointers);
    assert_eq!(pointers.len(), 62);
    for pointer in pointers {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let decode_edited = |edit: fn(&mut Value, &str)| {
            let mut edited_request = request.clone();
            edit(edited_request.pointer_mut(parent).unwrap(), field);
            decode_and_format(&edited_request)
        };
        let result_for_null = decode_edited(|parent, field| parent[field] = Value::Null);
        let result_for_absent_field = decode_edited(|parent, field| {
            parent.as_object_mut().unwrap().remove(field);
        });
        assert_eq!(result_for_null, result_for_absent_field, "{pointer}");
        // The removal of a field changes the decoded request, so the decoder reads the field.
        assert_ne!(result_for_null.0, decoded, "{pointer}");
        // A span is rejected if the trace id or the span id is absent.
        let is_required_id = ["/spans/0/traceId", "/spans/0/spanId"]
            .iter()
            .any(|id| pointer.ends_with(id));
        assert_eq!(result_for_null.1, i64::from(is_required_id), "{pointer}");
        // A field in snake_case, or with an unknown name, is ignored.
        let result_for_unknown_field = decode_edited(|parent, field| {
            let value = parent.as_object_mut().unwrap().remove(field).unwrap();
            let name: String = field
                .chars()
                .flat_map(|c| {
                    [
                        c.is_uppercase().then_some('_'),
                        Some(c.to_ascii_lowercase()),
                    ]
                })
                .flatten()
                .collect();
            parent[if name == field {
                "unknown".to_owned()
            } else {
                name
            }] = value;
        });
        assert_eq!(
            result_for_unknown_field, result_for_absent_field,
            "{pointer}"
        );
    }
}

#[test]
fn an_invalid_field_rejects_only_the_spans_of_its_message() {
    let one_span: Value = from_str(FULL_REQUEST).unwrap();
    let scope = "/resourceSpans/0/scopeSpans/0";
    let mut two_spans = one_span.clone();
    let spans = two_spans.pointer_mut(&format!("{scope}/spans")).unwrap();
    let span = spans[0].clone();
    *spans = Value::Array(vec![span.clone(), span]);
    let mut pointers = Vec::new();
    collect_field_pointers(&one_span, "", &mut pointers);
    for pointer in pointers {
        let mut invalid_request = two_spans.clone();
        // A list of lists is invalid for every field.
        *invalid_request.pointer_mut(&pointer).unwrap() = from_str("[[]]").unwrap();
        let mut rejected = RejectedSpans::default();
        let decoded =
            decode_request(invalid_request.to_string().as_bytes(), &mut rejected).unwrap();
        let partial_success = rejected.into_partial_success().unwrap();
        let expected = match pointer.strip_prefix(scope) {
            // `[[]]` replaces the two spans by one element that is not a span.
            Some("/spans") => (0, 1),
            // If the list of resources or scopes cannot be decoded, the number of rejected spans is unknown.
            None if ["/resourceSpans", "/resourceSpans/0/scopeSpans"].contains(&&*pointer) => {
                (0, 0)
            }
            Some(field) if field.starts_with("/spans/") => (1, 1),
            _ => (0, 2),
        };
        let counts = (count_spans(&decoded), partial_success.rejected_spans);
        assert_eq!(counts, expected, "{pointer}");
        let reported_path = pointer.replace("/0", "[0]").replace('/', ".");
        let message = partial_success.error_message;
        assert!(
            message.starts_with(&reported_path[1..]),
            "{pointer}: {message}"
        );
    }
}

#[test]
fn a_lone_surrogate_becomes_the_replacement_character() {
    for (name, expected) in [
        (r"ab\ud83d", "ab\u{fffd}"),
        (r"\uDE00b", "\u{fffd}b"),
        (r"\ud83d\ud83d\ude00\ude00", "\u{fffd}😀\u{fffd}"),
        (r"\ud83d\n\ude00", "\u{fffd}\n\u{fffd}"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\u{fffd}"),
        (r"\ud83d\u00e9", "\u{fffd}é"),
    ] {
        let body = FULL_REQUEST.replace("I'm a server span", name);
        let mut rejected = RejectedSpans::default();
        let decoded = decode_request(body.as_bytes(), &mut rejected).unwrap();
        assert_eq!(rejected.into_partial_success(), None, "{name}");
        let decoded_name = &decoded.resource_spans[0].scope_spans[0].spans[0].name;
        assert_eq!(decoded_name, expected, "{name}");
    }
}

#[test]
fn a_body_that_is_not_an_object_with_a_list_of_resource_spans_is_refused() {
    for body in [
        "",
        "null",
        "[]",
        "[[]]",
        "{",
        "1",
        r#"{"resourceSpans": {}}"#,
        r#"{"x": [}"#,
        "{} {}",
    ] {
        let mut rejected = RejectedSpans::default();
        let decoded = decode_request(body.as_bytes(), &mut rejected);
        assert!(decoded.is_err(), "{body}");
    }
}

#[test]
fn a_request_without_spans_is_accepted() {
    for body in [
        "{}",
        r#"{"resourceSpans": null}"#,
        r#"{"resourceSpans": []}"#,
    ] {
        let mut rejected = RejectedSpans::default();
        let decoded = decode_request(body.as_bytes(), &mut rejected);
        assert!(decoded.is_ok(), "{body}");
    }
}

proptest! {
    #[test]
    fn decoding_any_damaged_request_does_not_panic(
        start in 0..FULL_REQUEST.len(),
        removed_bytes in 0_usize..40,
        inserted in prop_oneof![Just(String::new()), "[ -~]{0,12}", Just("[".repeat(200)), Just("{\"a\":".repeat(200))],
    ) {
        let end = (start + removed_bytes).min(FULL_REQUEST.len());
        let damaged_request = format!("{}{inserted}{}", &FULL_REQUEST[..start], &FULL_REQUEST[end..]);
        let mut rejected = RejectedSpans::default();
        if let Ok(decoded) = decode_request(damaged_request.as_bytes(), &mut rejected) {
            prop_assert!(count_spans(&decoded) + rejected_count(rejected) as usize <= 1);
        }
    }
}
