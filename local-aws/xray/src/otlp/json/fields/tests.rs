//! Applies the examples of protobuf's conformance tests for JSON (the tests with "JsonInput" in the test
//! name) to fields of the same types. The module also tests the rules in which the OTLP specification differs
//! from ProtoJSON.

use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::from_str;

use super::Message;

/// Decodes a span that has only one field. The parameter contains the field in the format `"name": value`.
fn decode_span(field: &str) -> Result<Span, String> {
    let value = from_str(&format!("{{{field}}}")).map_err(|error| error.to_string())?;
    Span::from_value(value)
}

/// Decodes an `AnyValue` as the value of a span's attribute.
fn decode_any_value(value: &str) -> Result<Option<OtlpValue>, String> {
    let attribute = format!(r#""attributes": [{{"key": "a", "value": {value}}}]"#);
    let mut span = decode_span(&attribute)?;
    let attribute = span.attributes.remove(0);
    Ok(attribute.value.and_then(|value| value.value))
}

/// Asserts that `decode` accepts the texts in `valid` with the given results and refuses the texts in `invalid`.
fn assert_decoding<T: PartialEq + std::fmt::Debug>(
    type_name: &str,
    decode: impl Fn(&str) -> Result<T, String>,
    valid: &[(&str, T)],
    invalid: &[&str],
) {
    for (text, expected) in valid {
        assert_eq!(decode(text).as_ref(), Ok(expected), "{type_name} {text}");
    }
    for text in invalid {
        assert!(decode(text).is_err(), "{type_name} {text} is accepted");
    }
}

#[test]
fn integers_are_numbers_or_strings_in_the_range_of_their_type() {
    let decode_count = |text: &str| {
        let span = decode_span(&format!(r#""droppedAttributesCount": {text}"#))?;
        Ok(span.dropped_attributes_count)
    };
    assert_decoding(
        "uint32",
        decode_count,
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
    let decode_nanos = |text: &str| {
        let span = decode_span(&format!(r#""startTimeUnixNano": {text}"#))?;
        Ok(span.start_time_unix_nano)
    };
    assert_decoding(
        "fixed64",
        decode_nanos,
        &[
            ("1795219200000000001", 1_795_219_200_000_000_001),
            (r#""1795219200000000001""#, 1_795_219_200_000_000_001),
            ("18446744073709551615", u64::MAX),
            ("1.7952192e18", 1_795_219_200_000_000_000),
        ],
        &["18446744073709551616", "-1", r#""2026-11-21T00:00:00Z""#],
    );
    assert_decoding(
        "int64",
        |text| decode_any_value(&format!(r#"{{"intValue": {text}}}"#)),
        &[
            ("9223372036854775807", Some(OtlpValue::IntValue(i64::MAX))),
            (
                r#""-9223372036854775808""#,
                Some(OtlpValue::IntValue(i64::MIN)),
            ),
            (r#""-0""#, Some(OtlpValue::IntValue(0))),
            ("1E3", Some(OtlpValue::IntValue(1000))),
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
fn doubles_are_numbers_or_strings_and_may_be_nan_or_infinite() {
    let decode_double =
        |text: &str| match decode_any_value(&format!(r#"{{"doubleValue": {text}}}"#))? {
            Some(OtlpValue::DoubleValue(number)) => Ok(number.to_string()),
            other => Err(format!("{other:?}")),
        };
    let valid = [
        ("1", "1"),
        ("1.5e-3", "0.0015"),
        (r#""1""#, "1"),
        (r#""2.5E1""#, "25"),
        (r#""NaN""#, "NaN"),
        (r#""Infinity""#, "inf"),
        (r#""-Infinity""#, "-inf"),
    ];
    assert_decoding(
        "double",
        decode_double,
        &valid.map(|(text, expected)| (text, expected.to_owned())),
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
fn bytes_are_base64_of_the_standard_or_url_safe_alphabet_with_or_without_padding() {
    let decode_bytes = |text: &str| match decode_any_value(&format!(r#"{{"bytesValue": {text}}}"#))?
    {
        Some(OtlpValue::BytesValue(bytes)) => Ok(bytes),
        other => Err(format!("{other:?}")),
    };
    assert_decoding(
        "bytes",
        decode_bytes,
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
fn strings_and_bools_refuse_values_of_other_types() {
    assert_decoding(
        "string",
        |text| Ok(decode_span(&format!(r#""name": {text}"#))?.name),
        &[
            ("null", String::new()),
            (
                r#""Hello, \u8C37\u6B4C\uD83D\uDE01""#,
                "Hello, 谷歌😁".to_owned(),
            ),
        ],
        &["12345", "true", "[]", "{}", r#""\uD800""#],
    );
    assert_decoding(
        "bool",
        |text| decode_any_value(&format!(r#"{{"boolValue": {text}}}"#)),
        &[
            ("true", Some(OtlpValue::BoolValue(true))),
            ("false", Some(OtlpValue::BoolValue(false))),
            ("null", None),
        ],
        &["0", "1", r#""true""#, "True"],
    );
}

#[test]
fn ids_are_hexadecimal_and_enums_are_integers() {
    let id_bytes = vec![0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03];
    assert_decoding(
        "id",
        |text| Ok(decode_span(&format!(r#""spanId": {text}"#))?.span_id),
        &[
            (r#""5B8EFFF798038103""#, id_bytes.clone()),
            (r#""5b8efff798038103""#, id_bytes),
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
    assert_decoding(
        "enum",
        |text| Ok(decode_span(&format!(r#""kind": {text}"#))?.kind),
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
fn an_any_value_has_at_most_one_member() {
    assert_decoding(
        "oneof",
        decode_any_value,
        &[
            ("{}", None),
            ("null", None),
            (r#"{"stringValue": null}"#, None),
            (r#"{"unknownValue": 1}"#, None),
            (
                r#"{"stringValue": ""}"#,
                Some(OtlpValue::StringValue(String::new())),
            ),
            (
                r#"{"intValue": null, "boolValue": false}"#,
                Some(OtlpValue::BoolValue(false)),
            ),
            (
                r#"{"arrayValue": {}}"#,
                Some(OtlpValue::ArrayValue(Default::default())),
            ),
            (
                r#"{"arrayValue": {"values": null}}"#,
                Some(OtlpValue::ArrayValue(Default::default())),
            ),
            (
                r#"{"kvlistValue": {"values": []}}"#,
                Some(OtlpValue::KvlistValue(Default::default())),
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
    let nested_value = r#"{"kvlistValue": {"values": [{"key": "k", "value": {"arrayValue": {"values": [{}, {"intValue": "7"}]}}}]}}"#;
    let decoded = format!("{:?}", decode_any_value(nested_value));
    assert!(
        decoded.contains("AnyValue { value: None }, AnyValue { value: Some(IntValue(7)) }"),
        "{decoded}"
    );
}
