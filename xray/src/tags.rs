//! Tags of groups and sampling rules. They are checked and not kept: no operation here reads them.

use serde::Deserialize;

use crate::bounded::{List, Object, Text};

/// Tags as a request has them: at most 50 by the service model's text. Its bound of 200 includes those that
/// AWS adds.
pub type Tags = List<Object<Tag>, 0, 50>;

/// A tag that was right.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Tag;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    key: Text<1, 128>,
    value: Text<0, 256>,
}

impl TryFrom<Fields> for Tag {
    type Error = &'static str;

    fn try_from(tag: Fields) -> Result<Self, &'static str> {
        let is_permitted = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
        if !tag
            .key
            .0
            .chars()
            .chain(tag.value.0.chars())
            .all(is_permitted)
        {
            return Err("a tag has letters, digits, spaces and _ . : / = + - @");
        }
        match tag.key.0.starts_with("aws:") {
            true => Err("keys that begin with aws: are reserved"),
            false => Ok(Self),
        }
    }
}
