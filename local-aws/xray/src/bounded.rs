//! Types for members of requests. The deserialization of each type enforces the type and the bounds that
//! X-Ray's service model states.
//!
//! [`Object`] accepts only a JSON object. The code that serde derives for a struct also accepts an array. An
//! optional member may be `null`, because `null` means "absent" in all AWS protocols.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};

/// A text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct BoundedText<const MIN: usize, const MAX: usize>(pub String);

impl<const MIN: usize, const MAX: usize> TryFrom<String> for BoundedText<MIN, MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let count = text.chars().count();
        if (MIN..=MAX).contains(&count) {
            Ok(Self(text))
        } else {
            Err(format!("expected {MIN} to {MAX} characters, not {count}"))
        }
    }
}

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(try_from = "i64")]
pub struct BoundedInteger<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for BoundedInteger<MIN, MAX> {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        if (MIN..=MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("expected {MIN} to {MAX}, not {number}"))
        }
    }
}

/// A 32-bit integer of the service model.
pub type Int32 = BoundedInteger<{ i32::MIN as i64 }, { i32::MAX as i64 }>;

/// A 32-bit integer of 0 or more.
pub type Count = BoundedInteger<0, { i32::MAX as i64 }>;

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(try_from = "f64")]
pub struct Fraction(pub f64);

impl TryFrom<f64> for Fraction {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("expected 0 to 1, not {number}"))
        }
    }
}

/// A list of `MIN` to `MAX` elements.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(try_from = "Vec<T>", bound = "T: Deserialize<'de>")]
pub struct BoundedList<T, const MIN: usize, const MAX: usize>(pub Vec<T>);

impl<T, const MIN: usize, const MAX: usize> TryFrom<Vec<T>> for BoundedList<T, MIN, MAX> {
    type Error = String;

    fn try_from(list: Vec<T>) -> Result<Self, String> {
        let count = list.len();
        if (MIN..=MAX).contains(&count) {
            Ok(Self(list))
        } else if MAX == usize::MAX {
            Err(format!("expected at least {MIN} elements"))
        } else {
            Err(format!("expected {MIN} to {MAX} elements, not {count}"))
        }
    }
}

/// A map of at most `MAX` pairs.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(
    try_from = "BTreeMap<K, V>",
    bound = "K: Deserialize<'de> + Ord, V: Deserialize<'de>"
)]
pub struct BoundedMap<K, V, const MAX: usize>(pub BTreeMap<K, V>);

impl<K, V, const MAX: usize> TryFrom<BTreeMap<K, V>> for BoundedMap<K, V, MAX> {
    type Error = String;

    fn try_from(map: BTreeMap<K, V>) -> Result<Self, String> {
        let count = map.len();
        if count <= MAX {
            Ok(Self(map))
        } else {
            Err(format!("expected at most {MAX} pairs, not {count}"))
        }
    }
}

/// A structure of the service model: a JSON object.
#[derive(Clone, Copy, Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer
            .deserialize_map(ObjectVisitor(PhantomData))
            .map(Self)
    }
}

/// An enum whose variants are JSON strings. The code that serde derives for an enum also accepts a JSON
/// object.
#[derive(Clone, Copy, Debug)]
pub struct EnumText<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for EnumText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::deserialize(text.into_deserializer()).map(Self)
    }
}

/// A member that this implementation does not support. Any request that contains the member is refused,
/// because a response that ignored the member would be wrong.
#[derive(Clone, Copy, Debug)]
pub enum Unsupported {}

impl<'de> Deserialize<'de> for Unsupported {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("this local X-Ray does not support it"))
    }
}
