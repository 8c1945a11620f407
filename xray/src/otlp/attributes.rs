//! Attributes of a span, a resource, an event or a link.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Value};

/// Attributes by key. Those without a value are left out.
#[derive(Clone, Debug)]
pub struct Attributes<'a>(BTreeMap<&'a str, &'a Any>);

impl<'a> Attributes<'a> {
    pub fn new(attributes: &'a [KeyValue]) -> Self {
        let pairs = attributes.iter().filter_map(|attribute| {
            let value = attribute.value.as_ref()?.value.as_ref()?;
            Some((&*attribute.key, value))
        });
        Self(pairs.collect())
    }

    /// Whether one of these is set.
    pub fn has(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.0.contains_key(key))
    }

    /// The first of these that is a text, and not empty.
    pub fn text(&self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| match self.0.get(key)? {
            Any::StringValue(text) if !text.is_empty() => Some(&**text),
            _ => None,
        })
    }

    /// The attribute, if it is an IP address. `network.peer.address` may also name a Unix socket.
    pub fn address(&self, key: &str) -> Option<&'a str> {
        self.text(&[key])
            .filter(|text| text.parse::<IpAddr>().is_ok())
    }

    /// The first of these that is a whole number, or a double or a text of one.
    pub fn number(&self, keys: &[&str]) -> Option<i64> {
        keys.iter().find_map(|key| match self.0.get(key)? {
            Any::IntValue(number) => Some(*number),
            Any::DoubleValue(number) if number.fract() == 0.0 => Some(*number as i64),
            Any::StringValue(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// The attribute, if it is a flag.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.0.get(key)? {
            Any::BoolValue(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The texts of a list, or of one text.
    pub fn texts(&self, key: &str) -> Vec<&'a str> {
        match self.0.get(key) {
            Some(Any::StringValue(text)) => vec![text],
            Some(Any::ArrayValue(array)) => {
                let values = array.values.iter().filter_map(|value| match &value.value {
                    Some(Any::StringValue(text)) => Some(&**text),
                    _ => None,
                });
                values.collect()
            }
            _ => Vec::new(),
        }
    }

    /// The attribute in JSON.
    pub fn json(&self, key: &str) -> Option<Value> {
        self.0.get(key).map(|value| json(value))
    }

    /// Removes these attributes.
    pub fn remove(&mut self, keys: &[&str]) {
        self.0.retain(|key, _| !keys.contains(key));
    }

    /// Each attribute in JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value)> {
        self.0.iter().map(|(key, value)| (*key, json(value)))
    }
}

/// An object of what is set.
pub fn object<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Map<String, Value> {
    let set = pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    set.collect()
}

fn json(value: &Any) -> Value {
    let any = |value: &AnyValue| value.value.as_ref().map_or(Value::Null, json);
    match value {
        Any::StringValue(text) => text.as_str().into(),
        Any::BoolValue(flag) => (*flag).into(),
        Any::IntValue(number) => (*number).into(),
        Any::DoubleValue(number) if number.is_finite() => (*number).into(),
        // JSON has no such numbers. These are the texts of ProtoJSON.
        Any::DoubleValue(number) if number.is_nan() => "NaN".into(),
        Any::DoubleValue(number) if *number > 0.0 => "Infinity".into(),
        Any::DoubleValue(_) => "-Infinity".into(),
        Any::ArrayValue(array) => array.values.iter().map(any).collect(),
        Any::KvlistValue(pairs) => {
            let pairs = pairs.values.iter();
            let pair = |pair: &KeyValue| {
                let value = pair.value.as_ref().map_or(Value::Null, any);
                (pair.key.clone(), value)
            };
            pairs.map(pair).collect()
        }
        Any::BytesValue(bytes) => STANDARD.encode(bytes).into(),
        // An index into a string table. Only profiles have one.
        Any::StringValueStrindex(_) => Value::Null,
    }
}
