//! Attributes of a span, a resource, an event or a link.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Value};

/// Attributes by key. The map omits attributes without a value.
#[derive(Clone, Debug)]
pub struct Attributes<'a>(BTreeMap<&'a str, &'a OtlpValue>);

impl<'a> Attributes<'a> {
    pub fn new(attributes: &'a [KeyValue]) -> Self {
        let pairs = attributes.iter().filter_map(|attribute| {
            let value = attribute.value.as_ref()?.value.as_ref()?;
            Some((&*attribute.key, value))
        });
        Self(pairs.collect())
    }

    /// Whether the span that has the attributes is a call of an AWS SDK.
    pub fn is_aws_sdk_call(&self) -> bool {
        self.find_text(&["rpc.system", "rpc.system.name"]) == Some("aws-api")
    }

    /// Whether the span that has the attributes is a local root: the first span of a service in a trace.
    pub fn is_local_root(&self) -> bool {
        self.find_text(&["aws.span.kind"]) == Some("LOCAL_ROOT")
    }

    pub fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.0.contains_key(key))
    }

    /// Returns the first non-empty text among the values of `keys`.
    pub fn find_text(&self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| match self.0.get(key)? {
            OtlpValue::StringValue(text) if !text.is_empty() => Some(&**text),
            _ => None,
        })
    }

    /// Returns the value of `key` if the value is an IP address. `network.peer.address` may also be the path
    /// of a Unix socket.
    pub fn get_ip_address(&self, key: &str) -> Option<&'a str> {
        self.find_text(&[key])
            .filter(|text| text.parse::<IpAddr>().is_ok())
    }

    /// Returns the first integer among the values of `keys`. A double or a text whose value is an integer
    /// counts as an integer.
    pub fn find_integer(&self, keys: &[&str]) -> Option<i64> {
        keys.iter().find_map(|key| match self.0.get(key)? {
            OtlpValue::IntValue(number) => Some(*number),
            OtlpValue::DoubleValue(number) if number.fract() == 0.0 => Some(*number as i64),
            OtlpValue::StringValue(text) => text.parse().ok(),
            _ => None,
        })
    }

    pub fn get_bool(&self, key: &str) -> Option<bool> {
        match self.0.get(key)? {
            OtlpValue::BoolValue(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the texts in the list that is the value of `key`. A value that is a text counts as a list with
    /// one element.
    pub fn get_texts(&self, key: &str) -> Vec<&'a str> {
        match self.0.get(key) {
            Some(OtlpValue::StringValue(text)) => vec![text],
            Some(OtlpValue::ArrayValue(array)) => {
                let texts = array.values.iter().filter_map(|value| match &value.value {
                    Some(OtlpValue::StringValue(text)) => Some(&**text),
                    _ => None,
                });
                texts.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the value of `key` as JSON.
    pub fn get_json(&self, key: &str) -> Option<Value> {
        self.0.get(key).map(|value| to_json(value))
    }

    pub fn remove(&mut self, keys: &[&str]) {
        self.0.retain(|key, _| !keys.contains(key));
    }

    /// Returns all attributes with their values as JSON.
    pub fn iter_json(&self) -> impl Iterator<Item = (&'a str, Value)> {
        self.0.iter().map(|(key, value)| (*key, to_json(value)))
    }
}

/// Builds a JSON object from the fields that have a value.
pub fn build_object<'a>(
    fields: impl IntoIterator<Item = (&'a str, Option<Value>)>,
) -> Map<String, Value> {
    let present_fields = fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    present_fields.collect()
}

fn to_json(value: &OtlpValue) -> Value {
    let any_to_json = |value: &AnyValue| value.value.as_ref().map_or(Value::Null, to_json);
    match value {
        OtlpValue::StringValue(text) => text.as_str().into(),
        OtlpValue::BoolValue(value) => (*value).into(),
        OtlpValue::IntValue(number) => (*number).into(),
        OtlpValue::DoubleValue(number) if number.is_finite() => (*number).into(),
        // JSON cannot express NaN and infinite numbers. ProtoJSON writes NaN and infinite numbers as the
        // following texts.
        OtlpValue::DoubleValue(number) if number.is_nan() => "NaN".into(),
        OtlpValue::DoubleValue(number) if *number > 0.0 => "Infinity".into(),
        OtlpValue::DoubleValue(_) => "-Infinity".into(),
        OtlpValue::ArrayValue(array) => array.values.iter().map(any_to_json).collect(),
        OtlpValue::KvlistValue(list) => {
            let pairs = list.values.iter().map(|pair| {
                let value = pair.value.as_ref().map_or(Value::Null, any_to_json);
                (pair.key.clone(), value)
            });
            pairs.collect()
        }
        OtlpValue::BytesValue(bytes) => STANDARD.encode(bytes).into(),
        // `StringValueStrindex` is an index into a string table. Only OTLP profiles contain a string table,
        // so the attributes of spans contain no `StringValueStrindex`.
        OtlpValue::StringValueStrindex(_) => Value::Null,
    }
}
