//! Attributes of a span, a resource or an event.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::Value;

/// Attributes by key. What has been put elsewhere in a document is taken out.
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

    /// The first of these that is a text.
    pub fn text(&self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| match self.0.get(key)? {
            Any::StringValue(text) if !text.is_empty() => Some(&**text),
            _ => None,
        })
    }

    /// The first of these that is a number, or a text that spells one.
    pub fn number(&self, keys: &[&str]) -> Option<i64> {
        keys.iter().find_map(|key| match self.0.get(key)? {
            Any::IntValue(number) => Some(*number),
            Any::StringValue(text) => text.parse().ok(),
            _ => None,
        })
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

    /// The same, and it is taken out.
    pub fn take_text(&mut self, keys: &[&str]) -> Option<&'a str> {
        let text = self.text(keys);
        self.remove(keys);
        text
    }

    /// The same, and it is taken out.
    pub fn take_number(&mut self, keys: &[&str]) -> Option<i64> {
        let number = self.number(keys);
        self.remove(keys);
        number
    }

    /// Takes these out.
    pub fn remove(&mut self, keys: &[&str]) {
        self.0.retain(|key, _| !keys.contains(key));
    }

    /// All that are left.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value)> {
        self.0.iter().map(|(key, value)| (*key, json(value)))
    }
}

fn json(value: &Any) -> Value {
    let any = |value: &AnyValue| value.value.as_ref().map_or(Value::Null, json);
    match value {
        Any::StringValue(text) => text.as_str().into(),
        Any::BoolValue(flag) => (*flag).into(),
        Any::IntValue(number) => (*number).into(),
        Any::DoubleValue(number) => (*number).into(),
        Any::ArrayValue(array) => array.values.iter().map(any).collect(),
        Any::KvlistValue(pairs) => {
            let pairs = pairs.values.iter();
            let pair = |pair: &KeyValue| {
                let value = pair.value.as_ref().map_or(Value::Null, any);
                (pair.key.clone(), value)
            };
            pairs.map(pair).collect()
        }
        // Bytes have no form in X-Ray.
        _ => Value::Null,
    }
}
