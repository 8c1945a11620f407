//! Values of documents as they come. A document is taken although a part of it has the wrong type, and
//! that part is left out: X-Ray removes what does not comply with the schema.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A value that should be a text, a number or a boolean.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scalar<'a> {
    /// Not there, `null`, an array or an object.
    #[default]
    Absent,
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// What stands there.
    pub fn of(value: Option<&'a Value>) -> Self {
        match value {
            Some(Value::Bool(flag)) => Self::Flag(*flag),
            Some(Value::Number(number)) => number.as_f64().map_or(Self::Absent, Self::Number),
            Some(Value::String(text)) => Self::Text(Cow::Borrowed(text)),
            _ => Self::Absent,
        }
    }

    /// The same, without a text of its own.
    pub fn borrowed(&self) -> Scalar<'_> {
        match self {
            Self::Absent => Scalar::Absent,
            Self::Flag(flag) => Scalar::Flag(*flag),
            Self::Number(number) => Scalar::Number(*number),
            Self::Text(text) => Scalar::Text(Cow::Borrowed(text)),
        }
    }

    /// The text, unless it is something else.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, unless it is something else.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        *self == Self::Flag(true)
    }

    /// Whether there is nothing.
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }
}

/// An object, or nothing where something else stands.
#[derive(Clone, Debug)]
pub struct Object<T>(pub Option<T>);

/// An array, empty where something else stands.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<T>);

/// The pairs of an object, none where something else stands.
#[derive(Clone, Debug, Default)]
pub struct Pairs<'a>(pub Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Takes any value; what a type does not name is dropped.
trait Taking<'de>: Sized {
    fn nothing() -> Self;

    fn scalar(_: Scalar<'de>) -> Self {
        Self::nothing()
    }

    fn array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::nothing())
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::nothing())
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Taking<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::nothing())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::scalar(Scalar::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::scalar(Scalar::Number(number as f64)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::scalar(Scalar::Number(number as f64)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::scalar(Scalar::Number(number)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::scalar(Scalar::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::scalar(Scalar::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<T, A::Error> {
        T::array(array)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::object(object)
    }
}

impl<'de: 'a, 'a> Taking<'de> for Scalar<'a> {
    fn nothing() -> Self {
        Self::Absent
    }

    fn scalar(scalar: Scalar<'de>) -> Self {
        scalar
    }
}

impl<'de, T: Deserialize<'de>> Taking<'de> for Object<T> {
    fn nothing() -> Self {
        Self(None)
    }

    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|object| Self(Some(object)))
    }
}

impl<'de, T: Deserialize<'de>> Taking<'de> for List<T> {
    fn nothing() -> Self {
        Self(Vec::new())
    }

    fn array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = array.next_element()? {
            list.push(element);
        }
        Ok(Self(list))
    }
}

impl<'de: 'a, 'a> Taking<'de> for Pairs<'a> {
    fn nothing() -> Self {
        Self(Vec::new())
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut pairs = Vec::new();
        // A key with an escape cannot be borrowed, which `Scalar` can tell.
        while let Some(key) = object.next_key::<Scalar<'a>>()? {
            let value = object.next_value()?;
            if let Scalar::Text(key) = key {
                pairs.push((key, value));
            }
        }
        Ok(Self(pairs))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}
