//! Whole requests: every field of every message, and what is rejected if one of them is wrong.

use proptest::prelude::*;
use serde_json::{Value, from_str};

use super::super::read;
use crate::otlp::rejected::Rejected;

/// A request in which every field of every message is set.
const FULL: &str = r#"{"resourceSpans": [{
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

/// Each value in the request, with its path.
fn values(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                found.push(format!("{path}/{key}"));
                values(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(array) => {
            for (place, value) in array.iter().enumerate() {
                values(value, &format!("{path}/{place}"), found);
            }
        }
        _ => {}
    }
}

fn read_whole(request: &Value) -> (String, i64) {
    let mut rejected = Rejected::default();
    let read = read(request.to_string().as_bytes(), &mut rejected).unwrap();
    let partial = rejected.partial_success();
    (
        format!("{read:?}"),
        partial.map_or(0, |it| it.rejected_spans),
    )
}

#[test]
fn every_field_is_read_and_may_be_null_or_absent() {
    let full: Value = from_str(FULL).unwrap();
    let (whole, rejected) = read_whole(&full);
    assert_eq!(rejected, 0);
    let mut paths = Vec::new();
    values(&full, "", &mut paths);
    assert_eq!(paths.len(), 62);
    for path in paths {
        let (parent, field) = path.rsplit_once('/').unwrap();
        let edited = |edit: fn(&mut Value, &str)| {
            let mut edited = full.clone();
            edit(edited.pointer_mut(parent).unwrap(), field);
            read_whole(&edited)
        };
        let null = edited(|parent, field| parent[field] = Value::Null);
        let absent = edited(|parent, field| {
            parent.as_object_mut().unwrap().remove(field);
        });
        assert_eq!(null, absent, "{path}");
        // The field is not ignored, and without it nothing else changes.
        assert_ne!(null.0, whole, "{path}");
        // A span without ids is rejected.
        let is_id = ["/spans/0/traceId", "/spans/0/spanId"]
            .iter()
            .any(|id| path.ends_with(id));
        assert_eq!(null.1, i64::from(is_id), "{path}");
        // In lower case with underscores, or unknown, it is ignored.
        let unknown = edited(|parent, field| {
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
        assert_eq!(unknown, absent, "{path}");
    }
}

#[test]
fn what_is_wrong_is_rejected_alone() {
    let full: Value = from_str(FULL).unwrap();
    let scope = "/resourceSpans/0/scopeSpans/0";
    let mut two = full.clone();
    let spans = two.pointer_mut(&format!("{scope}/spans")).unwrap();
    let one = spans[0].clone();
    *spans = Value::Array(vec![one.clone(), one]);
    let mut paths = Vec::new();
    values(&full, "", &mut paths);
    for path in paths {
        let mut wrong = two.clone();
        // No field takes a list of lists.
        *wrong.pointer_mut(&path).unwrap() = from_str("[[]]").unwrap();
        let mut rejected = Rejected::default();
        let read = read(wrong.to_string().as_bytes(), &mut rejected).unwrap();
        let partial = rejected.partial_success().unwrap();
        let left: usize = read
            .resource_spans
            .iter()
            .flat_map(|spans| &spans.scope_spans)
            .map(|scope| scope.spans.len())
            .sum();
        let wanted = match path.strip_prefix(scope) {
            // One span that is no object, in place of two.
            Some("/spans") => (0, 1),
            // It cannot be known how many spans there were.
            None if ["/resourceSpans", "/resourceSpans/0/scopeSpans"].contains(&&*path) => (0, 0),
            Some(within) if within.starts_with("/spans/") => (1, 1),
            _ => (0, 2),
        };
        assert_eq!((left, partial.rejected_spans), wanted, "{path}");
        let told = path.replace("/0", "[0]").replace('/', ".");
        let message = partial.error_message;
        assert!(message.starts_with(&told[1..]), "{path}: {message}");
    }
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    // JavaScript's limits of attributes may cut a text within a pair.
    for (name, wanted) in [
        (r"ab\ud83d", "ab\u{fffd}"),
        (r"\uDE00b", "\u{fffd}b"),
        (r"\ud83d\ud83d\ude00\ude00", "\u{fffd}😀\u{fffd}"),
        (r"\ud83d\n\ude00", "\u{fffd}\n\u{fffd}"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\u{fffd}"),
        (r"\ud83d\u00e9", "\u{fffd}é"),
    ] {
        let body = FULL.replace("I'm a server span", name);
        let mut rejected = Rejected::default();
        let read = read(body.as_bytes(), &mut rejected).unwrap();
        assert_eq!(rejected.partial_success(), None, "{name}");
        let found = &read.resource_spans[0].scope_spans[0].spans[0].name;
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn a_body_that_is_no_request_is_refused() {
    for body in [
        "",
        "null",
        "[]",
        "[[]]",
        "{",
        "1",
        r#"{"resourceSpans": {}}"#,
        "{} {}",
    ] {
        let mut rejected = Rejected::default();
        assert!(read(body.as_bytes(), &mut rejected).is_err(), "{body}");
    }
    for body in [
        "{}",
        r#"{"resourceSpans": null}"#,
        r#"{"resourceSpans": []}"#,
        r#"{"x": [}"#,
    ] {
        let mut rejected = Rejected::default();
        assert_eq!(
            read(body.as_bytes(), &mut rejected).is_ok(),
            !body.contains("[}"),
            "{body}"
        );
    }
}

proptest! {
    #[test]
    fn any_change_of_a_request_is_read_or_refused(
        start in 0..FULL.len(),
        removed in 0_usize..40,
        text in prop_oneof![Just(String::new()), "[ -~]{0,12}", Just("[".repeat(200)), Just("{\"a\":".repeat(200))],
    ) {
        let end = (start + removed).min(FULL.len());
        let changed = format!("{}{text}{}", &FULL[..start], &FULL[end..]);
        let mut rejected = Rejected::default();
        if let Ok(read) = read(changed.as_bytes(), &mut rejected) {
            let scopes = read.resource_spans.iter().flat_map(|spans| &spans.scope_spans);
            let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
            let rejected = rejected.partial_success().map_or(0, |it| it.rejected_spans);
            prop_assert!(spans + rejected as usize <= 1);
        }
    }
}
