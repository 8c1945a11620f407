use jsonschema::Validator;
use serde_json::{Value, json};

use super::*;

/// A valid answer with all members.
fn example() -> Value {
    json!({
        "detected": true,
        "root_causes": [{
            "component": "dynamodb/4e53920c-505a-4a90-a694-b9300791f0ae",
            "fault_mechanism": "slow-key",
            "occurrence_datetime": "2026-11-27T13:00:05.25+01:00",
            "evidence": [
                {"kind": "trace", "id": "1-6b0929ff-04011c5b0be16df2d9fba294"},
                {"kind": "trace", "query": "responsetime > 1"},
                {"kind": "log", "id": "38765432109876543210"},
                {"kind": "log", "query": "{ $.ms > 1000 }"},
                {"kind": "metric", "query": "AWS/ECS/CPUUtilization"},
                {"kind": "event", "id": "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/mysfits"},
                {"kind": "event", "query": "has started 1 tasks"},
            ],
        }],
        "quantities": {"affected_percent": 37.5},
        "confidence": 0.8,
    })
}

/// The example with another value at a JSON pointer. `null` removes the member.
fn changed(pointer: &str, value: Value) -> Value {
    let mut answer = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match (answer.pointer_mut(parent).unwrap(), value) {
        (Value::Object(members), Value::Null) => drop(members.remove(name)),
        (Value::Object(members), value) => drop(members.insert(name.to_owned(), value)),
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{other} has no members"),
    }
    answer
}

fn validator() -> Validator {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

fn parse(answer: &Value) -> Result<Answer, InvalidAnswer> {
    Answer::parse(answer.to_string().as_bytes())
}

const CAUSE: &str = "/root_causes/0";

fn valid() -> Vec<Value> {
    let cause = example()["root_causes"][0].clone();
    let item = example()["root_causes"][0]["evidence"][0].clone();
    let in_cause = |name: &str, value| changed(&format!("{CAUSE}/{name}"), value);
    let mut answers = vec![
        example(),
        json!({"detected": false, "root_causes": []}),
        json!({"detected": true, "root_causes": []}),
        json!({"detected": false, "root_causes": [], "quantities": {}, "confidence": 1}),
        changed("/root_causes", json!(vec![cause; MAX_ROOT_CAUSES])),
        in_cause("evidence", json!([])),
        in_cause("evidence", json!(vec![item; MAX_EVIDENCE])),
        changed("/quantities/affected_percent", json!(100)),
        changed("/confidence", json!(0)),
    ];
    for component in [
        "monolith",
        "load-balancer",
        "dynamodb",
        "like-service/252f733a789a03d995bf0728b217d9a1",
    ] {
        answers.push(in_cause("component", json!(component)));
    }
    for time in [
        "2026-11-27T12:00:00Z",
        "2024-02-29T23:59:59.123456789-00:30",
    ] {
        answers.push(in_cause("occurrence_datetime", json!(time)));
    }
    answers
}

/// Invalid answers, and the error of each.
fn invalid() -> Vec<(Value, &'static str)> {
    let cause = example()["root_causes"][0].clone();
    let item = example()["root_causes"][0]["evidence"][0].clone();
    let in_cause = |name: &str, value| changed(&format!("{CAUSE}/{name}"), value);
    let with_evidence = |value| in_cause("evidence/0", value);
    let component = "root_causes[0].component: no component";
    let mut answers = vec![
        (json!([]), "the answer: an object is expected, not an array"),
        (json!({}), "the answer: the member \"detected\" is missing"),
        (
            changed("/detected", json!("yes")),
            "detected: true or false is expected, not a string",
        ),
        (
            changed("/detected", json!(false)),
            "root_causes: an answer with \"detected\": false",
        ),
        (
            changed("/root_causes", Value::Null),
            "the answer: the member \"root_causes\" is missing",
        ),
        (
            changed("/root_causes", json!({})),
            "root_causes: an array is expected",
        ),
        (
            changed("/root_causes", json!(vec![cause; MAX_ROOT_CAUSES + 1])),
            "root_causes: at most 10",
        ),
        (
            changed("/root_causes/0", json!("cpu")),
            "root_causes[0]: an object is expected",
        ),
        (
            changed("/cause", json!(1)),
            "the answer: no member \"cause\"; the members are detected,",
        ),
        (
            changed("/confidence", json!(1.01)),
            "confidence: a number from 0 to 1 is expected, not 1.01",
        ),
        (
            changed("/confidence", json!("high")),
            "confidence: a number from 0 to 1 is expected, not a string",
        ),
        (
            changed("/quantities", json!(5)),
            "quantities: an object is expected, not a number",
        ),
        (
            changed("/quantities/x", json!(5)),
            "quantities: no member \"x\"",
        ),
        (
            changed("/quantities/affected_percent", json!(-1)),
            "quantities.affected_percent: a number from 0 to 100",
        ),
        (
            in_cause("fault_mechanism", json!("x")),
            "root_causes[0].fault_mechanism: no mechanism \"x\"; the mechanisms are bad-revision, cpu-burn,",
        ),
        (
            in_cause("component", Value::Null),
            "root_causes[0]: the member \"component\" is missing",
        ),
        (in_cause("component", json!("database")), component),
        (in_cause("component", json!("Monolith")), component),
        (in_cause("component", json!("dynamodb/")), component),
        (
            in_cause("component", json!("like-service/arn:aws:ecs:x")),
            component,
        ),
        (in_cause("component", json!("like-service\n")), component),
        (
            in_cause("component", json!(format!("monolith/{}", "0".repeat(65)))),
            component,
        ),
        (
            in_cause("why", json!("")),
            "root_causes[0]: no member \"why\"",
        ),
        (
            in_cause("evidence", Value::Null),
            "root_causes[0]: the member \"evidence\" is missing",
        ),
        (
            in_cause("evidence", json!(vec![item; MAX_EVIDENCE + 1])),
            "root_causes[0].evidence: at most 20",
        ),
        (
            with_evidence(json!({"kind": "trace"})),
            "root_causes[0].evidence[0]: evidence has either",
        ),
        (
            with_evidence(json!({"kind": "log", "id": "1", "query": "1"})),
            "root_causes[0].evidence[0]: evidence has either",
        ),
        (
            with_evidence(json!({"id": "1"})),
            "root_causes[0].evidence[0]: the member \"kind\" is missing",
        ),
        (
            with_evidence(json!({"kind": "alarm", "id": "1"})),
            "root_causes[0].evidence[0].kind: no kind \"alarm\"",
        ),
        (
            with_evidence(json!({"kind": "log", "id": ""})),
            "root_causes[0].evidence[0].id: 1 to 1000 characters",
        ),
        (
            with_evidence(json!({"kind": "log", "query": "é".repeat(1001)})),
            "root_causes[0].evidence[0].query: 1 to 1000",
        ),
        (
            with_evidence(json!({"kind": "metric", "id": "1"})),
            "root_causes[0].evidence[0].id: a metric has no id",
        ),
        (
            with_evidence(json!({"kind": "metric", "query": "CPUUtilization"})),
            "root_causes[0].evidence[0].query: a metric is Namespace/MetricName",
        ),
        (
            with_evidence(json!({"kind": "metric", "query": "AWS//X"})),
            "root_causes[0].evidence[0].query: a metric is",
        ),
        (
            with_evidence(json!({"kind": "event", "id": 1})),
            "root_causes[0].evidence[0].id: a string is expected",
        ),
    ];
    for time in [
        "2026-11-27T12:00:00",
        "2026-11-27 12:00:00Z",
        "2026-11-27t12:00:00Z",
        "2026-11-27T12:00:00z",
        "2026-02-30T12:00:00Z",
        "2026-11-27T25:00:00Z",
        "2026-11-27T12:00:00+0100",
        "2026-11-27T12:00:00.Z",
        "2026-11-27T12:00:00.1234567890Z",
        "1795780800",
        "",
    ] {
        let error = "root_causes[0].occurrence_datetime: ";
        answers.push((in_cause("occurrence_datetime", json!(time)), error));
    }
    answers
}

#[test]
fn the_parser_and_the_schema_accept_the_same_answers() {
    let validator = validator();
    for answer in valid() {
        assert!(validator.is_valid(&answer), "the schema rejects {answer}");
        parse(&answer).unwrap();
    }
    for (answer, expected) in invalid() {
        assert!(!validator.is_valid(&answer), "the schema accepts {answer}");
        let error = parse(&answer).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn the_schema_has_the_mechanisms_of_the_vocabulary() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let names = schema.pointer("/$defs/root_cause/properties/fault_mechanism/enum");
    assert_eq!(names, Some(&json!(TERMS.map(|term| term.name))));
}

#[test]
fn an_answer_that_is_too_long_or_no_json_is_refused() {
    let long = format!("{}{}", example(), " ".repeat(MAX_BYTES));
    let error = Answer::parse(long.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with("the answer: at most 65536 bytes"),
        "{error}"
    );
    for text in ["", "{", "\u{0}", "{\"confidence\": 1e999}"] {
        let error = Answer::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("the answer: this is no JSON"), "{error}");
    }
}

#[test]
fn an_offset_is_part_of_the_time() {
    let answer = parse(&example()).unwrap();
    let noon = parse(&changed(
        "/root_causes/0/occurrence_datetime",
        json!("2026-11-27T12:00:05.25Z"),
    ))
    .unwrap();
    assert_eq!(
        answer.root_causes[0].occurred_at,
        noon.root_causes[0].occurred_at
    );
    assert_eq!(noon.root_causes[0].occurred_at, 1_795_780_805.25);
}

#[test]
fn the_examples_of_the_documentation_are_valid() {
    let page = include_str!("../../../../docs/exams.md");
    let examples: Vec<_> = page
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        Answer::parse(example.as_bytes()).unwrap();
        assert!(validator().is_valid(&serde_json::from_str(example).unwrap()));
    }
}
