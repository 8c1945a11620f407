use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize)]
struct Input {
    params: Value,
    body: String,
}

#[derive(Deserialize)]
struct Output {
    result: Value,
    body: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|it| u8::from_str_radix(str::from_utf8(it).unwrap(), 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares as numbers: a client may send a whole number of seconds as a float.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| is_same(left, right)))
        }
        _ => left == right,
    }
}

/// `tests/clients/test_cbor_vectors.py` checks that botocore sends these bodies.
#[test]
fn the_bodies_of_botocore_are_read() {
    let cases: Vec<Input> = serde_json::from_str(include_str!("vectors/input.json")).unwrap();
    for Input { params, body } in cases {
        let decoded = decode(&bytes(&body)).unwrap();
        assert!(is_same(&decoded, &params), "{decoded} {params}");
    }
}

/// `tests/clients/test_cbor_vectors.py` checks that botocore reads the results out of these bodies.
#[test]
fn results_become_the_bodies_that_botocore_reads() {
    let cases: Vec<Output> = serde_json::from_str(include_str!("vectors/output.json")).unwrap();
    assert!(!cases.is_empty());
    for Output { result, body } in cases {
        let encoded = encode(&result, &["Time", "Times"]);
        assert_eq!(hex(&encoded), body, "{result}");
    }
}

/// Other forms of the same values. RFC 8949, appendix A, has the numbers.
#[test]
fn other_encodings_of_values_are_read() {
    for (body, expected) in [
        // A map and a list of indefinite length, and a text in two chunks.
        ("bf6161ff", None),
        ("bf61617f61626163ffff", Some(json!({ "a": "bc" }))),
        ("a161619f0102ff", Some(json!({ "a": [1, 2] }))),
        // Floats with 16, 32 and 64 bits.
        ("a16161f93e00", Some(json!({ "a": 1.5 }))),
        ("a16161fa47c35000", Some(json!({ "a": 100_000.0 }))),
        ("a16161fb3ff199999999999a", Some(json!({ "a": 1.1 }))),
        ("a16161f97e00", Some(json!({ "a": "NaN" }))),
        ("a16161f97c00", Some(json!({ "a": "Infinity" }))),
        ("a16161f9fc00", Some(json!({ "a": "-Infinity" }))),
        // An epoch time as an integer.
        ("a16161c11a514b67b0", Some(json!({ "a": 1_363_896_240 }))),
        // Null and undefined.
        ("a16161f6", Some(json!({ "a": null }))),
        ("a16161f7", Some(json!({ "a": null }))),
        // Bytes, another tag, a key that is no text, a number with more than 64 bits.
        ("a16161420102", None),
        ("a16161c01a514b67b0", None),
        ("a10102", None),
        ("a161611bffffffffffffffff", None),
        // A second value, and a body that ends early.
        ("a0a0", None),
        ("a16161", None),
        ("", None),
    ] {
        let decoded = decode(&bytes(body)).ok();
        assert_eq!(decoded, expected, "{body}");
    }
}

#[test]
fn deep_and_long_bodies_need_neither_much_stack_nor_much_memory() {
    assert!(decode(&vec![0x81; 1024 * 1024]).is_err());
    assert!(decode(&bytes("9bffffffffffffffff")).is_err());
    assert!(decode(&bytes("7b7fffffffffffffff")).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(body in any::<Vec<u8>>()) {
        let _ = decode(&body);
    }

    #[test]
    fn every_value_survives(texts in proptest::collection::vec(any::<String>(), 0..4), number in any::<f64>(), integer in any::<i64>()) {
        let mut value = json!({ "texts": texts, "integer": integer });
        if number.is_finite() {
            value["number"] = number.into();
        }
        let decoded = decode(&encode(&value, &[])).unwrap();
        prop_assert_eq!(decoded, value);
    }
}
