//! User, annotations and metadata: the attributes that no block contains.

use serde_json::{Map, Value, json};

use super::attributes::Attributes;

const USER: &str = "enduser.id";
const ANNOTATIONS: &str = "aws.xray.annotations";

/// The fields `user`, `annotations` and `metadata` of a document.
pub fn fields(
    mut rest: Attributes<'_>,
    resource: Option<&Attributes<'_>>,
) -> [(&'static str, Option<Value>); 3] {
    let user = rest.text(&[USER]).map(Value::from);
    if user.is_some() {
        rest.remove(&[USER]);
    }
    // The names of the attributes to index. Here, all are.
    if rest.json(ANNOTATIONS).is_some_and(|it| it.is_array()) {
        rest.remove(&[ANNOTATIONS]);
    }
    let mut annotations = Map::new();
    let mut metadata = Map::new();
    let resource = resource.into_iter().flat_map(Attributes::iter);
    let resource = resource.map(|(key, value)| (format!("otel.resource.{key}"), value));
    let own = rest.iter().map(|(key, value)| (key.to_owned(), value));
    for (key, value) in resource.chain(own) {
        match value {
            Value::Null => {}
            Value::Array(_) | Value::Object(_) => {
                metadata.insert(key, value);
            }
            _ => {
                annotations.insert(permitted(&key), value);
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

/// Replaces all characters but letters, digits and dots by underscores.
fn permitted(key: &str) -> String {
    let is_permitted = |c: char| c.is_ascii_alphanumeric() || c == '.';
    key.chars()
        .map(|c| if is_permitted(c) { c } else { '_' })
        .collect()
}
