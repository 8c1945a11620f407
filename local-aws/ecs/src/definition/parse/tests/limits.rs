//! Limits of values, and random values.

use proptest::prelude::*;

use super::*;

/// The limits of the API reference.
#[test]
fn values_outside_their_limits_are_refused() {
    let health_check = |member: &str, value: i64| {
        let mut check = json!({ "command": ["CMD", "true"] });
        check[member] = json!(value);
        ("healthCheck", check)
    };
    for (member, value) in [
        ("name", json!("a/b")),
        ("name", json!("n".repeat(256))),
        ("cpu", json!(-1)),
        ("cpu", json!(257)),
        ("memory", json!(0)),
        ("memory", json!(-1)),
        ("stopTimeout", json!(-1)),
        ("portMappings", json!([{ "containerPort": 0 }])),
        ("portMappings", json!([{ "containerPort": 65536 }])),
        (
            "portMappings",
            json!([{ "containerPort": 80 }, { "containerPort": 80 }]),
        ),
        ("environment", json!([{ "name": "", "value": "v" }])),
        ("healthCheck", json!({ "command": [] })),
        ("healthCheck", json!({ "command": ["CMD"] })),
        ("healthCheck", json!({ "command": ["true", "x"] })),
        health_check("interval", 4),
        health_check("interval", 301),
        health_check("timeout", 1),
        health_check("timeout", 61),
        health_check("retries", 0),
        health_check("retries", 11),
        health_check("startPeriod", -1),
        health_check("startPeriod", 301),
    ] {
        let error = error(&format!("/containerDefinitions/0/{member}"), value.clone());
        assert_eq!(error.code, "ClientException", "{member} {value}");
    }
    // The API reference says that `memory` must be greater. Equal values are common, and accepted here.
    for (memory, is_refused) in [(128, false), (127, true)] {
        let container =
            json!([{ "name": "c", "image": "i", "memory": memory, "memoryReservation": 128 }]);
        let result = TaskDefinition::parse(&with(minimal(), "/containerDefinitions", container));
        assert_eq!(result.is_err(), is_refused, "{memory}");
    }
    let twins = json!([{ "name": "c", "image": "i" }, { "name": "c", "image": "i" }]);
    let error = error("/containerDefinitions", twins);
    assert_eq!(error.message, "Container names must be unique.");
}

/// The message of a public log of a deployment with too many environment variables.
#[test]
fn a_definition_of_more_than_64_kib_is_refused() {
    let large = json!([{ "name": "N", "value": "v".repeat(65536) }]);
    let request = with(minimal(), "/containerDefinitions/0/environment", large);
    let length = request.to_string().len();
    assert_eq!(
        TaskDefinition::parse(&request).unwrap_err().message,
        format!("Actual length: '{length}'. Max allowed length is '65536' bytes.")
    );
}

proptest! {
    #[test]
    fn no_value_at_any_place_panics(
        place in 0..200_usize,
        value in prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            Just(json!([])),
            Just(json!([{}])),
            Just(json!({})),
        ],
    ) {
        let mut request = like_service();
        let mut paths = Vec::new();
        collect_paths(&request, String::new(), &mut paths);
        let path = &paths[place % paths.len()];
        *request.pointer_mut(path).unwrap() = value;
        let _ = TaskDefinition::parse(&request);
    }
}

fn collect_paths(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect_paths(value, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect_paths(value, format!("{path}/{index}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}
