//! Validates X-Ray segment documents by the JSON Schema beside this file.
//!
//! The schema is stricter than X-Ray: it also rejects what X-Ray would accept and display wrongly, such as
//! a wrong `sql` block.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("segment.schema.json"))
        .expect("the schema should be JSON");
    jsonschema::draft202012::new(&schema).expect("the schema should be a schema")
});

/// Lists the violations in `document`, each as `<JSON pointer>: <message>`.
pub fn violations(document: &Value) -> Vec<String> {
    VALIDATOR
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
