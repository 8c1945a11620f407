//! The examples of protobuf's conformance tests for JSON ("JsonInput" in their names), applied to fields of
//! the same types, and the deviations that the OTLP specification has.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, from_str};

use super::super::rejected::Rejected;
use super::fields::Message;
use super::read;

/// A span with this field, in JSON's text.
fn span(field: &str) -> Result<Span, String> {
    let value = from_str(&format!("{{{field}}}")).map_err(|error| error.to_string())?;
    Span::read_value(value)
}

/// A span with this value of an attribute.
fn any(value: &str) -> Result<Option<Any>, String> {
    let attribute = format!(r#""attributes": [{{"key": "a", "value": {value}}}]"#);
    let mut span = span(&attribute)?;
    let attribute = span.attributes.remove(0);
    Ok(attribute.value.and_then(|value| value.value))
}

/// Tests that each text is read as this value, or is refused.
fn check<T: PartialEq + std::fmt::Debug>(
    name: &str,
    read: impl Fn(&str) -> Result<T, String>,
    read_as: &[(&str, T)],
    refused: &[&str],
) {
    for (text, wanted) in read_as {
        assert_eq!(read(text).as_ref(), Ok(wanted), "{name} {text}");
    }
    for text in refused {
        assert!(read(text).is_err(), "{name} {text} is taken");
    }
}

#[test]
fn whole_numbers_are_numbers_or_strings_of_their_range() {
    let count = |text: &str| {
        let span = span(&format!(r#""droppedAttributesCount": {text}"#))?;
        Ok(span.dropped_attributes_count)
    };
    check(
        "uint32",
        count,
        &[
            ("null", 0),
            ("0", 0),
            ("4294967295", u32::MAX),
            (r#""4294967295""#, u32::MAX),
            ("100000.000", 100_000),
            ("1e5", 100_000),
            ("4.294967295e9", u32::MAX),
            (r#""1e5""#, 100_000),
            (r#""1\u0032""#, 12),
        ],
        &[
            "4294967296",
            "-1",
            "0.5",
            r#""0.5""#,
            r#""""#,
            r#"" 1""#,
            r#""1 ""#,
            r#""+1""#,
            r#""01""#,
            r#""0x1""#,
            r#""12abc""#,
            "true",
            "[1]",
            "{}",
        ],
    );
    let nanos = |text: &str| {
        let span = span(&format!(r#""startTimeUnixNano": {text}"#))?;
        Ok(span.start_time_unix_nano)
    };
    check(
        "fixed64",
        nanos,
        &[
            ("1795219200000000001", 1_795_219_200_000_000_001),
            (r#""1795219200000000001""#, 1_795_219_200_000_000_001),
            ("18446744073709551615", u64::MAX),
            ("1.7952192e18", 1_795_219_200_000_000_000),
        ],
        &["18446744073709551616", "-1", r#""2026-11-21T00:00:00Z""#],
    );
    check(
        "int64",
        |text| any(&format!(r#"{{"intValue": {text}}}"#)),
        &[
            ("9223372036854775807", Some(Any::IntValue(i64::MAX))),
            (r#""-9223372036854775808""#, Some(Any::IntValue(i64::MIN))),
            (r#""-0""#, Some(Any::IntValue(0))),
            ("1E3", Some(Any::IntValue(1000))),
            ("null", None),
        ],
        &[
            "9223372036854775808",
            "-9223372036854775809",
            "1.5",
            r#""1.5e0""#,
        ],
    );
}

#[test]
fn doubles_are_numbers_or_strings_and_may_not_be_finite() {
    let double = |text: &str| match any(&format!(r#"{{"doubleValue": {text}}}"#))? {
        Some(Any::DoubleValue(number)) => Ok(number.to_string()),
        other => Err(format!("{other:?}")),
    };
    let texts = [
        ("1", "1"),
        ("1.5e-3", "0.0015"),
        (r#""1""#, "1"),
        (r#""2.5E1""#, "25"),
        (r#""NaN""#, "NaN"),
        (r#""Infinity""#, "inf"),
        (r#""-Infinity""#, "-inf"),
    ];
    check(
        "double",
        double,
        &texts.map(|(text, wanted)| (text, wanted.to_owned())),
        &[
            "1.89769e+308",
            r#""1.89769e+308""#,
            r#""inf""#,
            r#""nan""#,
            r#""infinity""#,
            "NaN",
            "Infinity",
            r#""""#,
            r#"" 1""#,
            r#""1,5""#,
            "true",
        ],
    );
}

#[test]
fn bytes_are_base64_of_either_alphabet_with_or_without_padding() {
    let bytes = |text: &str| match any(&format!(r#"{{"bytesValue": {text}}}"#))? {
        Some(Any::BytesValue(bytes)) => Ok(bytes),
        other => Err(format!("{other:?}")),
    };
    check(
        "bytes",
        bytes,
        &[
            (r#""""#, vec![]),
            (r#""AQI=""#, vec![1, 2]),
            (r#""AQI""#, vec![1, 2]),
            (r#""-_""#, vec![0xfb]),
            (r#""+/8=""#, vec![0xfb, 0xff]),
            (r#""-_8""#, vec![0xfb, 0xff]),
        ],
        &[r#""!!!!""#, r#""A""#, r#""AQ I=""#, "1", "[1, 2]"],
    );
}

#[test]
fn texts_and_flags_are_of_their_type() {
    check(
        "string",
        |text| Ok(span(&format!(r#""name": {text}"#))?.name),
        &[
            ("null", String::new()),
            (
                r#""Hello, \u8C37\u6B4C\uD83D\uDE01""#,
                "Hello, 谷歌😁".to_owned(),
            ),
        ],
        &["12345", "true", "[]", "{}", r#""\uD800""#],
    );
    check(
        "bool",
        |text| any(&format!(r#"{{"boolValue": {text}}}"#)),
        &[
            ("true", Some(Any::BoolValue(true))),
            ("false", Some(Any::BoolValue(false))),
            ("null", None),
        ],
        &["0", "1", r#""true""#, "True"],
    );
}

#[test]
fn ids_are_hexadecimal_and_enums_are_integers() {
    let wanted = vec![0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03];
    check(
        "id",
        |text| Ok(span(&format!(r#""spanId": {text}"#))?.span_id),
        &[
            (r#""5B8EFFF798038103""#, wanted.clone()),
            (r#""5b8efff798038103""#, wanted),
            (r#""""#, vec![]),
            ("null", vec![]),
        ],
        &[
            r#""5B8EFFF79803810""#,
            r#""W47/95gDgQM=""#,
            r#""0x12""#,
            "12",
            r#""éé""#,
        ],
    );
    check(
        "enum",
        |text| Ok(span(&format!(r#""kind": {text}"#))?.kind),
        &[("2", 2), ("2.0", 2), ("123", 123), ("null", 0)],
        &[
            r#""SPAN_KIND_SERVER""#,
            r#""2""#,
            "2.5",
            "2147483648",
            "true",
        ],
    );
}

#[test]
fn of_the_members_of_an_any_value_one_may_be_set() {
    check(
        "oneof",
        any,
        &[
            ("{}", None),
            ("null", None),
            (r#"{"stringValue": null}"#, None),
            (r#"{"unknownValue": 1}"#, None),
            (
                r#"{"stringValue": ""}"#,
                Some(Any::StringValue(String::new())),
            ),
            (
                r#"{"intValue": null, "boolValue": false}"#,
                Some(Any::BoolValue(false)),
            ),
            (
                r#"{"arrayValue": {}}"#,
                Some(Any::ArrayValue(Default::default())),
            ),
            (
                r#"{"arrayValue": {"values": null}}"#,
                Some(Any::ArrayValue(Default::default())),
            ),
            (
                r#"{"kvlistValue": {"values": []}}"#,
                Some(Any::KvlistValue(Default::default())),
            ),
        ],
        &[
            r#"{"intValue": 1, "stringValue": "test"}"#,
            r#"{"arrayValue": {"values": [null]}}"#,
            r#"{"arrayValue": []}"#,
            r#"{"kvlistValue": {"values": {"a": {}}}}"#,
            r#""text""#,
        ],
    );
    let nested = r#"{"kvlistValue": {"values": [{"key": "k", "value": {"arrayValue": {"values": [{}, {"intValue": "7"}]}}}]}}"#;
    let found = format!("{:?}", any(nested));
    assert!(
        found.contains("AnyValue { value: None }, AnyValue { value: Some(IntValue(7)) }"),
        "{found}"
    );
}

/// A request in which every field of every message is set.
const FULL: &str = r#"{"resourceSpans": [{
    "resource": {
        "attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}],
        "droppedAttributesCount": 1,
        "entityRefs": [{"schemaUrl": "s", "type": "service", "idKeys": ["service.name"], "descriptionKeys": ["a", "b"]}]
    },
    "scopeSpans": [{
        "scope": {"name": "my.library", "version": "1.0.0", "attributes": [{"key": "k", "value": {"boolValue": true}}], "droppedAttributesCount": 2},
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
        assert_eq!(null.1, 0, "{path}");
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
