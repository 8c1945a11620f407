//! Task definitions as the API describes them, changed for a new revision. Everything here is pure.

use serde_json::{Value, json};

/// The members that only describe a revision. `RegisterTaskDefinition` refuses them.
const READ_ONLY: [&str; 7] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
];

/// The request that registers a revision like the described one.
pub fn request_of(described: &Value) -> Value {
    let mut definition = described.clone();
    if let Some(members) = definition.as_object_mut() {
        members.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
    }
    definition
}

/// Sets a variable in the environment of a container.
pub fn set_variable(container: &mut Value, name: &str, value: &str) {
    let variable = json!({ "name": name, "value": value });
    if !container["environment"].is_array() {
        container["environment"] = json!([]);
    }
    let variables = container["environment"].as_array_mut();
    let Some(variables) = variables else {
        return;
    };
    match variables.iter_mut().find(|known| known["name"] == name) {
        Some(known) => *known = variable,
        None => variables.push(variable),
    }
}
