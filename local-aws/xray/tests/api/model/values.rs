//! Values for the members of requests.

use serde_json::{Value, json};

use super::Member;
use super::requests::complete_request;
use crate::local_xray::START;

/// One value of each JSON type except null.
pub fn values_of_all_types() -> [Value; 6] {
    [
        json!(true),
        json!(1),
        json!(1.5),
        json!("x"),
        json!([]),
        json!({}),
    ]
}

/// Returns a value of the given size for the member. The size means the length of a text, the number of
/// elements of a list, or the value of a number.
pub fn value_of_size(member: &Member, size: i64) -> Value {
    let length = usize::try_from(size).unwrap_or_default();
    match member.constraints["type"].as_str().unwrap() {
        "string" if member.name_in_errors() == "EntitySelectorExpression" => {
            let text = format!("service(){}", " ".repeat(length));
            json!(text[..length])
        }
        "string" if member.name() == "TraceIds.[]" => {
            let id = format!("1-{START:08x}-{:024x}0", 1);
            json!(id[..length])
        }
        "string" => json!("a".repeat(length)),
        "list" => {
            let request = complete_request(&member.operation).unwrap();
            let element = member
                .member_path
                .iter()
                .fold(&request, |value, name| &value[name])[0]
                .clone();
            json!(vec![element; length])
        }
        "map" => (0..length)
            .map(|key| (key.to_string(), json!("red")))
            .collect(),
        _ => json!(size),
    }
}

/// Whether the value has the given type of the service model.
pub fn has_type(model_type: &str, value: &Value) -> bool {
    match model_type {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "double" | "timestamp" => value.is_number(),
        "list" => value.is_array(),
        "structure" | "map" => value.is_object(),
        other => panic!("the model has a new type: {other}"),
    }
}
