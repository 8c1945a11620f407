//! Tags of groups and sampling rules. Tags are validated and then dropped, because no implemented operation returns
//! them.

use serde::Deserialize;

use crate::bounded::{BoundedList, BoundedText, Object};

/// Tags of a request. The documentation in the service model states a maximum of 50. The `max` constraint of the model
/// is 200, because it includes tags that AWS itself adds.
pub type Tags = BoundedList<Object<ValidTag>, 0, 50>;

/// Marks a tag whose key and value were validated. The key and the value are dropped.
#[derive(Debug, Deserialize)]
#[serde(try_from = "UnvalidatedTag")]
pub struct ValidTag;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UnvalidatedTag {
    key: BoundedText<1, 128>,
    value: BoundedText<0, 256>,
}

impl TryFrom<UnvalidatedTag> for ValidTag {
    type Error = &'static str;

    fn try_from(tag: UnvalidatedTag) -> Result<Self, &'static str> {
        let is_permitted = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
        let mut characters = tag.key.0.chars().chain(tag.value.0.chars());
        if !characters.all(is_permitted) {
            return Err("a tag can contain only ASCII letters, digits, spaces and _ . : / = + - @");
        }
        if tag.key.0.starts_with("aws:") {
            return Err("keys that begin with aws: are reserved");
        }
        Ok(Self)
    }
}
