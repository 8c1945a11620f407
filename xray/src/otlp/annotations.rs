//! What is left of the attributes: the user, annotations and metadata.

use serde_json::{Map, Value, json};

use super::attributes::Attributes;

const USER: &str = "enduser.id";
const ANNOTATIONS: &str = "aws.xray.annotations";

/// Fields of a document, by name.
pub fn fields(
    mut rest: Attributes<'_>,
    resource: Option<&Attributes<'_>>,
) -> [(&'static str, Option<Value>); 3] {
    let user = rest.text(&[USER]).map(Value::from);
    rest.remove(&[USER]);
    // Names of annotations, for exporters that do not index all attributes.
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

/// A key of letters, digits and dots; anything else becomes an underscore.
fn permitted(key: &str) -> String {
    let is_permitted = |c: char| c.is_ascii_alphanumeric() || c == '.';
    key.chars()
        .map(|c| if is_permitted(c) { c } else { '_' })
        .collect()
}
