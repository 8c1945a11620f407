//! Deserialization that accepts every JSON value. A value of the wrong type is treated as absent, because X-Ray removes
//! members that do not comply with the schema and accepts the rest of the document.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// A JSON text, number or boolean. `null`, an array or an object becomes `Absent`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scalar<'a> {
    /// The member is missing, or its value is `null`, an array or an object.
    #[default]
    Absent,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    /// The text of a `Text` value; `None` for a number, a boolean or an absent value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a `Number` value; `None` for a text, a boolean or an absent value.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The boolean of a `Boolean` value; `None` for a text, a number or an absent value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// Whether the value is the boolean `true`.
    pub fn is_true(&self) -> bool {
        self.as_bool() == Some(true)
    }

    /// Whether the value is `Absent`.
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// The value as JSON. An absent value becomes `null`.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Boolean(boolean) => Value::Bool(*boolean),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::from(&**text),
        }
    }
}

/// A JSON object. A JSON value that is not an object becomes `None`.
#[derive(Clone, Debug)]
pub struct Object<T>(pub Option<T>);

/// A JSON array. A JSON value that is not an array becomes an empty list.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<T>);

/// The members of an object whose keys are not known in advance, in the order of the JSON text.
#[derive(Clone, Debug, Default)]
pub struct Pairs<'a>(pub Vec<(Cow<'a, str>, Scalar<'a>)>);

/// A member whose JSON text is returned to clients without a change. Only the fields of `T` are parsed.
#[derive(Clone, Debug)]
pub struct Block<'a, T> {
    /// The JSON text of the member; `None` if the member is missing.
    pub json: Option<&'a RawValue>,
    /// The parsed fields of the member; `None` if the member is not a JSON object.
    pub fields: Option<T>,
}

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

impl<T> Default for Block<'_, T> {
    fn default() -> Self {
        Self {
            json: None,
            fields: None,
        }
    }
}

/// A type that every JSON value can be converted to. Each method of the trait converts one JSON type. The
/// default implementations of the methods return `absent()`.
trait FromAnyJson<'de>: Sized {
    fn absent() -> Self;

    fn from_scalar(_: Scalar<'de>) -> Self {
        Self::absent()
    }

    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::absent())
    }

    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::absent())
    }
}

/// A type for the members of a JSON object. Serde's derived implementation is not used, because it refuses an
/// object that contains a key twice.
pub trait ReadMember<'de>: Default {
    /// Reads the value of a key. If a key occurs twice in the object, the later value replaces the earlier
    /// value.
    fn read_member<A: MapAccess<'de>>(
        &mut self,
        key: Cow<'de, str>,
        object: &mut A,
    ) -> Result<(), A::Error>;
}

struct AnyJsonVisitor<T>(PhantomData<T>);

impl<'de, T: FromAnyJson<'de>> Visitor<'de> for AnyJsonVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::absent())
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Boolean(boolean)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Number(number.into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        let number = Number::from_f64(number).map_or(Scalar::Absent, Scalar::Number);
        Ok(T::from_scalar(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<T, A::Error> {
        T::from_array(array)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::from_object(object)
    }
}

impl<'de: 'a, 'a> FromAnyJson<'de> for Scalar<'a> {
    fn absent() -> Self {
        Self::Absent
    }

    fn from_scalar(scalar: Scalar<'de>) -> Self {
        scalar
    }
}

impl<'de, T: ReadMember<'de>> FromAnyJson<'de> for Object<T> {
    fn absent() -> Self {
        Self(None)
    }

    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut members = T::default();
        // A key with an escape sequence cannot be borrowed from the JSON text. `Scalar` copies a key with an escape
        // sequence.
        while let Some(key) = object.next_key::<Scalar<'de>>()? {
            if let Scalar::Text(key) = key {
                members.read_member(key, &mut object)?;
            }
        }
        Ok(Self(Some(members)))
    }
}

impl<'de, T: Deserialize<'de>> FromAnyJson<'de> for List<T> {
    fn absent() -> Self {
        Self(Vec::new())
    }

    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            elements.push(element);
        }
        Ok(Self(elements))
    }
}

impl<'de: 'a, 'a> ReadMember<'de> for Pairs<'a> {
    fn read_member<A: MapAccess<'de>>(
        &mut self,
        key: Cow<'de, str>,
        object: &mut A,
    ) -> Result<(), A::Error> {
        self.0.push((key, object.next_value()?));
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJsonVisitor(PhantomData))
    }
}

impl<'de, T: ReadMember<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJsonVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJsonVisitor(PhantomData))
    }
}

impl<'de: 'a, 'a, T: ReadMember<'de>> Deserialize<'de> for Block<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&'de RawValue>::deserialize(deserializer)?;
        let Object(fields) = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let json = Some(json);
        Ok(Self { json, fields })
    }
}
