//! The parameters of a request as a tree, and the conversion of the tree to the request type of an operation.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::shorten;
use crate::error::Error;

type ValueError = serde::de::value::Error;

/// The parameters of an operation.
#[derive(Debug)]
pub struct Parameters(pub(super) Node);

impl Parameters {
    /// Converts the parameters to a request type. Numbers and truth values are parsed from text.
    ///
    /// # Errors
    ///
    /// Fails if a parameter has the wrong form, and if the request type refuses it. The message begins with the name of
    /// the parameter, for example `Actions.member.1.Order: `.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T, Error> {
        serde_path_to_error::deserialize(self.0).map_err(|error| {
            let name = parameter_name(error.path());
            let message = match error.inner().to_string() {
                message if name.is_empty() => message,
                message => format!("{name}: {message}"),
            };
            Error::bad_request("ValidationError", shorten(&message))
        })
    }
}

impl Parameters {
    /// The parameters as an object whose scalars are texts.
    ///
    /// # Errors
    ///
    /// Fails if the numbers of list items are not numbers.
    pub(crate) fn into_value(self) -> Result<Value, Error> {
        self.0
            .into_value()
            .map_err(|error| Error::bad_request("MalformedInput", shorten(&error.to_string())))
    }
}

/// The name of the parameter at `path`, for example `Actions.member.1.Type`. The items of a list have the numbers 1, 2, 3,
/// also if the request has other numbers.
fn parameter_name(path: &Path) -> String {
    let parts = path.iter().filter_map(|segment| match segment {
        Segment::Map { key } => Some(key.clone()),
        Segment::Seq { index } => Some(format!("member.{}", index + 1)),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    parts.collect::<Vec<_>>().join(".")
}

/// A text, or a structure or list.
#[derive(Debug)]
pub enum Node {
    Text(String),
    Group(BTreeMap<String, Node>),
}

impl Node {
    /// The items of a list `X.member.1`, `X.member.2` in the order of their numbers. Clients send an empty list as an
    /// empty text.
    fn into_items(self) -> Result<Vec<Node>, ValueError> {
        let mut members = match self {
            Self::Text(text) if text.is_empty() => return Ok(Vec::new()),
            Self::Text(text) => return Err(unexpected("a list", &text)),
            Self::Group(members) => members,
        };
        let Some(Self::Group(items)) = members.remove("member") else {
            return Err(ValueError::custom(
                "expected a list with names such as member.1",
            ));
        };
        if let Some(name) = members.keys().next() {
            return Err(unexpected("only members of a list", name));
        }
        let numbered = items.into_iter().map(|(name, item)| {
            // A number in another spelling, such as 01, could be a second item with the same number.
            let number = name.parse::<u32>().ok();
            let number = number.filter(|number| *number > 0 && number.to_string() == name);
            Ok((
                number.ok_or_else(|| unexpected("the number of a list item", &name))?,
                item,
            ))
        });
        let items = numbered.collect::<Result<BTreeMap<u32, Node>, ValueError>>()?;
        Ok(items.into_values().collect())
    }

    fn into_value(self) -> Result<Value, ValueError> {
        match self {
            Self::Text(text) => Ok(text.into()),
            Self::Group(members) if members.contains_key("member") => {
                let items = Self::Group(members).into_items()?;
                items.into_iter().map(Self::into_value).collect()
            }
            Self::Group(members) => members
                .into_iter()
                .map(|(name, value)| Ok((name, value.into_value()?)))
                .collect(),
        }
    }

    fn into_text(self, expected: &str) -> Result<String, ValueError> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Group(_) => Err(ValueError::custom(format!(
                "expected {expected}, not a structure or list"
            ))),
        }
    }

    fn into_number<T: FromStr>(self, is_allowed: fn(&T) -> bool) -> Result<T, ValueError> {
        let text = self.into_text("a number")?;
        let number = text.parse().ok().filter(is_allowed);
        number.ok_or_else(|| unexpected("a number", &text))
    }
}

fn unexpected(expected: impl Display, text: &str) -> ValueError {
    ValueError::custom(format!("expected {expected}, not {:?}", shorten(text)))
}

impl IntoDeserializer<'_, ValueError> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! deserialize_numbers {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            visitor.$visit(self.into_number(|_| true)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Node {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self {
            Self::Text(text) => visitor.visit_string(text),
            Self::Group(members) => visitor.visit_map(MapDeserializer::new(members.into_iter())),
        }
    }

    deserialize_numbers! {
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_f64(self.into_number(|number: &f64| number.is_finite())?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match &*self.into_text("true or false")? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            text => Err(unexpected("true or false", text)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_string(self.into_text("a text")?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self {
            Self::Text(text) => Err(unexpected("a structure", &text)),
            Self::Group(members) => visitor.visit_map(MapDeserializer::new(members.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_seq(SeqDeserializer::new(self.into_items()?.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_enum(self.into_text("a text")?.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u128 f32 char str bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}
