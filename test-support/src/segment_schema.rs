//! Validates X-Ray segment documents with the JSON Schema in `segment.schema.json`.
//!
//! The schema is stricter than X-Ray: the schema also rejects documents that X-Ray accepts but displays
//! wrongly, for instance a document with an invalid `sql` block.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("segment.schema.json"))
        .expect("segment.schema.json should be JSON");
    jsonschema::draft202012::new(&schema).expect("segment.schema.json should be a JSON Schema")
});

/// Lists the violations in `document`, each as `<JSON pointer>: <message>`.
pub fn violations(document: &Value) -> Vec<String> {
    VALIDATOR
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
