//! The examples of protobuf's conformance tests for JSON ("JsonInput" in their names), applied to fields of
//! the same types, and the deviations that the OTLP specification has.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::from_str;

use super::super::fields::Message;

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
