use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::query::Form;

const INNER: Shape = Shape::Structure(&[Member {
    name: "Name",
    shape: Shape::Text { min: 1, max: 3 },
    is_required: true,
}]);

const fn optional(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        shape,
        is_required: false,
    }
}

const MEMBERS: &[Member] = &[
    optional("Count", Shape::Integer { min: 1, max: 10 }),
    optional("Flag", Shape::Boolean),
    optional(
        "Inners",
        Shape::List {
            member: &INNER,
            min: 0,
            max: 2,
        },
    ),
    optional(
        "Names",
        Shape::List {
            member: &Shape::Text { min: 1, max: 3 },
            min: 1,
            max: 2,
        },
    ),
    optional(
        "Pattern",
        Shape::Pattern {
            min: 1,
            max: 5,
            pattern: "a.*",
            is_match: |text| text.starts_with('a'),
        },
    ),
    optional("Rate", Shape::Double),
    optional("State", Shape::Enum(&["ON", "OFF"])),
    optional("Time", Shape::Timestamp),
];

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
struct Request {
    count: Option<u32>,
    flag: Option<bool>,
    inners: Vec<Inner>,
    names: Vec<String>,
    rate: Option<f64>,
    state: Option<String>,
    time: Option<f64>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    name: String,
}

fn parse(value: Value, words: Words) -> Result<Request, Error> {
    let input = Input {
        value,
        is_text: false,
    };
    input.parse(MEMBERS, words)
}

fn parse_form(parameters: &str) -> Result<Request, Error> {
    let form = Form::parse(format!("Action=A&{parameters}").as_bytes())?;
    let input = Input {
        value: form.parameters.into_value()?,
        is_text: true,
    };
    input.parse(MEMBERS, Words::Constraints)
}

#[test]
fn a_form_and_json_are_the_same_request() {
    let from_json = parse(
        json!({
            "Count": 7, "Flag": true, "Inners": [{ "Name": "a" }, { "Name": "b" }], "Names": ["x", "y"], "Rate": 1,
            "State": "ON", "Time": 1_795_780_800.25,
        }),
        Words::Constraints,
    );
    let from_form = parse_form(
        "Count=7&Flag=true&Inners.member.1.Name=a&Inners.member.2.Name=b&Names.member.1=x&Names.member.2=y&Rate=1&State=ON&\
         Time=2026-11-27T13:00:00.250%2B01:00",
    );
    let from_json = from_json.unwrap();
    assert_eq!(from_json.time, Some(1_795_780_800.25));
    assert_eq!(from_form.unwrap(), from_json);
    assert_eq!(parse_form("Inners=").unwrap(), Request::default());
    assert_eq!(
        parse(json!({ "Count": null }), Words::Constraints),
        Ok(Request::default())
    );
}

#[test]
fn violations_have_the_words_of_aws() {
    for (value, message) in [
        (
            json!({ "Count": 0 }),
            "Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            json!({ "Count": 11 }),
            "Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10",
        ),
        (
            json!({ "State": "on" }),
            "Value 'on' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ON, OFF]",
        ),
        (
            json!({ "Inners": [{ "Name": "a" }, { "Name": "" }] }),
            "Value '' at 'inners.2.member.name' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            json!({ "Inners": [{}] }),
            "Value null at 'inners.1.member.name' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({ "Names": ["a", "long"] }),
            "Value '[a, long]' at 'names' failed to satisfy constraint: Member must satisfy constraint: [Member must have length \
             less than or equal to 3, Member must have length greater than or equal to 1]",
        ),
        (
            json!({ "Names": [] }),
            "Value '[]' at 'names' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            json!({ "Pattern": "b" }),
            "Value 'b' at 'pattern' failed to satisfy constraint: Member must satisfy regular expression pattern: a.*",
        ),
    ] {
        let error = parse(value, Words::Constraints).unwrap_err();
        assert_eq!(error.code, "ValidationError");
        assert_eq!(
            error.message,
            format!("1 validation error detected: {message}")
        );
    }
    let error = parse(json!({ "Count": 0, "State": "on" }), Words::Constraints).unwrap_err();
    assert!(
        error
            .message
            .starts_with("2 validation errors detected: Value '0' at 'count'")
    );
    assert!(error.message.contains("; Value 'on' at 'state'"));
}

#[test]
fn the_first_violation_is_named_as_a_parameter() {
    for (value, code, message) in [
        (
            json!({ "Count": 0 }),
            "InvalidParameterValue",
            "The parameter Count must have value greater than or equal to 1.",
        ),
        (
            json!({ "State": "on" }),
            "InvalidParameterValue",
            "The parameter State must be a value in the set [ ON, OFF ].",
        ),
        (
            json!({ "Inners": [{}] }),
            "MissingParameter",
            "The parameter Inners.member.1.Name is required.",
        ),
        (
            json!({ "Inners": [{ "Name": "long" }] }),
            "InvalidParameterValue",
            "The parameter Inners.member.1.Name must be shorter than 4 characters.",
        ),
        (
            json!({ "Names": ["a", ""] }),
            "InvalidParameterValue",
            "The parameter Names.member.2 must be longer than 0 characters.",
        ),
        (
            json!({ "Names": ["a", "b", "c"] }),
            "InvalidParameterValue",
            "The collection Names must not have a size greater than 2.",
        ),
    ] {
        let error = parse(value, Words::Parameters).unwrap_err();
        assert_eq!((error.code, &*error.message), (code, message));
    }
}

#[test]
fn wrong_types_and_unknown_members_are_named() {
    for (value, code, message) in [
        (
            json!([]),
            "SerializationException",
            "The parameters must be a structure, not []",
        ),
        (
            json!({ "Count": 1.5 }),
            "SerializationException",
            "The parameter Count must be an integer, not 1.5",
        ),
        (
            json!({ "Count": "1" }),
            "SerializationException",
            "The parameter Count must be an integer, not \"1\"",
        ),
        (
            json!({ "Count": 4_294_967_296_i64 }),
            "SerializationException",
            "The parameter Count must be an integer, not 4294967296",
        ),
        (
            json!({ "Flag": "true" }),
            "SerializationException",
            "The parameter Flag must be true or false, not \"true\"",
        ),
        (
            json!({ "Rate": "1" }),
            "SerializationException",
            "The parameter Rate must be a number, not \"1\"",
        ),
        (
            json!({ "Rate": "NaN" }),
            "InvalidParameterValue",
            "The value NaN for parameter Rate is invalid.",
        ),
        (
            json!({ "Time": "2026-11-27T12:00:00Z" }),
            "SerializationException",
            "The parameter Time must be a time, not \"2026-11-27T12:00:00Z\"",
        ),
        (
            json!({ "Time": -1 }),
            "SerializationException",
            "The parameter Time must be a time, not -1",
        ),
        (
            json!({ "Names": "a" }),
            "SerializationException",
            "The parameter Names must be a list, not \"a\"",
        ),
        (
            json!({ "Inners": [7] }),
            "SerializationException",
            "The parameter Inners.member.1 must be a structure, not 7",
        ),
        (
            json!({ "Inners": [{ "Name": "a", "Age": 1 }] }),
            "ValidationError",
            "The parameter Inners.member.1.Age is not implemented, or does not exist",
        ),
    ] {
        let error = parse(value, Words::Constraints).unwrap_err();
        assert_eq!((error.code, &*error.message), (code, message));
    }
    for (parameters, message) in [
        (
            "Count=one",
            "The parameter Count must be an integer, not \"one\"",
        ),
        (
            "Rate=fast",
            "The parameter Rate must be a number, not \"fast\"",
        ),
        (
            "Time=noon",
            "The parameter Time must be a time, not \"noon\"",
        ),
        (
            "Flag=yes",
            "The parameter Flag must be true or false, not \"yes\"",
        ),
        ("Names=a", "The parameter Names must be a list, not \"a\""),
    ] {
        let error = parse_form(parameters).unwrap_err();
        assert_eq!((error.code, &*error.message), ("MalformedInput", message));
    }
}

proptest! {
    #[test]
    fn every_request_is_parsed_or_refused_without_a_panic(
        names in proptest::collection::vec("(Names|Inners|Time|Rate|member|\\.|1|2){0,5}=[0-9aTZ:.-]{0,4}", 0..5),
    ) {
        let _ = parse_form(&names.join("&"));
    }
}
