//! Builds the fields `user`, `annotations` and `metadata` from the attributes that no block of the document
//! (such as `http`) contains.

use serde_json::{Map, Value, json};

use super::attributes::Attributes;

const USER_KEY: &str = "enduser.id";

/// The attribute `aws.xray.annotations` lists keys of attributes. The collector's exporter converts only the
/// listed attributes to annotations. This program converts all attributes to annotations, and therefore
/// ignores `aws.xray.annotations`.
const INDEXED_ATTRIBUTES_KEY: &str = "aws.xray.annotations";

/// Builds the fields `user`, `annotations` and `metadata`. `resource` is `None` for a subsegment, because
/// subsegments do not contain the attributes of the resource.
pub fn build_fields(
    mut remaining: Attributes<'_>,
    resource: Option<&Attributes<'_>>,
) -> [(&'static str, Option<Value>); 3] {
    let user = remaining.find_text(&[USER_KEY]).map(Value::from);
    if user.is_some() {
        remaining.remove(&[USER_KEY]);
    }
    let indexed_keys = remaining.get_json(INDEXED_ATTRIBUTES_KEY);
    if indexed_keys.is_some_and(|keys| keys.is_array()) {
        remaining.remove(&[INDEXED_ATTRIBUTES_KEY]);
    }
    let resource_attributes = resource
        .into_iter()
        .flat_map(Attributes::iter_json)
        .map(|(key, value)| (format!("otel.resource.{key}"), value));
    let span_attributes = remaining
        .iter_json()
        .map(|(key, value)| (key.to_owned(), value));
    let mut annotations = Map::new();
    let mut metadata = Map::new();
    for (key, value) in resource_attributes.chain(span_attributes) {
        match value {
            Value::Null => {}
            Value::Array(_) | Value::Object(_) => {
                metadata.insert(key, value);
            }
            _ => {
                annotations.insert(sanitize_key(&key), value);
            }
        }
    }
    [
        ("user", user),
        (
            "annotations",
            (!annotations.is_empty()).then_some(Value::Object(annotations)),
        ),
        (
            "metadata",
            (!metadata.is_empty()).then(|| json!({ "default": metadata })),
        ),
    ]
}

/// Replaces every character except ASCII letters, digits and dots by an underscore.
fn sanitize_key(key: &str) -> String {
    let is_permitted = |c: char| c.is_ascii_alphanumeric() || c == '.';
    key.chars()
        .map(|c| if is_permitted(c) { c } else { '_' })
        .collect()
}
