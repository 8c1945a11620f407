//! Values of requests, each with the type and the bounds that X-Ray's service model gives it.
//!
//! A JSON object is wanted where the model has a structure; serde alone takes an array, too. `null` is
//! absent, as in all AWS protocols, which is what `Option` makes of it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};

/// A text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const MIN: usize, const MAX: usize>(pub String);

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Text<MIN, MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let count = text.chars().count();
        match (MIN..=MAX).contains(&count) {
            true => Ok(Self(text)),
            false => Err(format!("expected {MIN} to {MAX} characters, not {count}")),
        }
    }
}

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(try_from = "i64")]
pub struct Integer<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for Integer<MIN, MAX> {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match (MIN..=MAX).contains(&number) {
            true => Ok(Self(number)),
            false => Err(format!("expected {MIN} to {MAX}, not {number}")),
        }
    }
}

/// An integer of the model: 32 bits.
pub type Int32 = Integer<{ i32::MIN as i64 }, { i32::MAX as i64 }>;

/// A count: 0 or more, in 32 bits.
pub type Count = Integer<0, { i32::MAX as i64 }>;

/// A share, 0 to 1.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(pub f64);

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        match (0.0..=1.0).contains(&number) {
            true => Ok(Self(number)),
            false => Err(format!("expected 0 to 1, not {number}")),
        }
    }
}

/// `MIN` to `MAX` elements.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(try_from = "Vec<T>", bound = "T: Deserialize<'de>")]
pub struct List<T, const MIN: usize, const MAX: usize>(pub Vec<T>);

impl<T, const MIN: usize, const MAX: usize> TryFrom<Vec<T>> for List<T, MIN, MAX> {
    type Error = String;

    fn try_from(list: Vec<T>) -> Result<Self, String> {
        let count = list.len();
        match (MIN..=MAX).contains(&count) {
            true => Ok(Self(list)),
            false if MAX == usize::MAX => Err(format!("expected at least {MIN} elements")),
            false => Err(format!("expected {MIN} to {MAX} elements, not {count}")),
        }
    }
}

/// At most `MAX` pairs.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(
    try_from = "BTreeMap<K, V>",
    bound = "K: Deserialize<'de> + Ord, V: Deserialize<'de>"
)]
pub struct Map<K, V, const MAX: usize>(pub BTreeMap<K, V>);

impl<K, V, const MAX: usize> TryFrom<BTreeMap<K, V>> for Map<K, V, MAX> {
    type Error = String;

    fn try_from(map: BTreeMap<K, V>) -> Result<Self, String> {
        match map.len() <= MAX {
            true => Ok(Self(map)),
            false => Err(format!("expected at most {MAX} pairs, not {}", map.len())),
        }
    }
}

/// A structure.
#[derive(Clone, Copy, Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// One of the words of an enum, as a text.
#[derive(Clone, Copy, Debug)]
pub struct Word<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::deserialize(text.into_deserializer()).map(Self)
    }
}

/// A parameter of X-Ray's that is refused here, so that nobody takes it for granted.
#[derive(Clone, Copy, Debug)]
pub enum Unsupported {}

impl<'de> Deserialize<'de> for Unsupported {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("this local X-Ray does not support it"))
    }
}
