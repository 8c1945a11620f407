//! Judges X-Ray segment documents by the schema in `tests/segment.schema.json`.
//!
//! A test takes this in with `#[path]`. The schema is stricter than X-Ray itself: it also refuses
//! what X-Ray would take and show wrongly, such as a false `sql` block.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../segment.schema.json"))
        .expect("the schema should be JSON");
    jsonschema::draft202012::new(&schema).expect("the schema should be a schema")
});

/// What is wrong with `document`, one `<place>: <complaint>` each; nothing for a good one.
///
/// The place is a JSON pointer into the document, empty for the document itself.
pub fn violations(document: &Value) -> Vec<String> {
    VALIDATOR
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
