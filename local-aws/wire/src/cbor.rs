//! CBOR (RFC 8949) as the protocol Smithy RPC v2 CBOR uses it, and its conversion to and from JSON values.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

/// The tag of a number of seconds since the Unix epoch.
const EPOCH_TIME: u64 = 1;

/// Decodes the body of a request. A timestamp becomes a number of seconds. A number that JSON does not have becomes a text
/// as in AWS JSON, for example `NaN`.
///
/// # Errors
///
/// Fails with a description if the body is no CBOR, or has values that the protocol does not have.
pub fn decode(mut body: &[u8]) -> Result<Value, String> {
    let value = ciborium::from_reader(&mut body).map_err(|error| error.to_string())?;
    if !body.is_empty() {
        return Err("more than one value".to_owned());
    }
    into_json(value)
}

fn into_json(value: Cbor) -> Result<Value, String> {
    Ok(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => value.into(),
        Cbor::Text(text) => text.into(),
        Cbor::Integer(number) => match i64::try_from(number) {
            Ok(number) => number.into(),
            Err(_) => return Err("an integer of more than 64 bits".to_owned()),
        },
        Cbor::Float(number) if number == f64::INFINITY => "Infinity".into(),
        Cbor::Float(number) if number == f64::NEG_INFINITY => "-Infinity".into(),
        Cbor::Float(number) => Number::from_f64(number).map_or_else(|| "NaN".into(), Value::Number),
        Cbor::Tag(EPOCH_TIME, time) => into_json(*time)?,
        Cbor::Array(items) => items
            .into_iter()
            .map(into_json)
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        Cbor::Map(members) => {
            let mut object = Map::new();
            for (name, value) in members {
                let Cbor::Text(name) = name else {
                    return Err("a map with a key that is not a text".to_owned());
                };
                object.insert(name, into_json(value)?);
            }
            object.into()
        }
        _ => return Err("bytes, or a value with an unknown tag".to_owned()),
    })
}

/// Encodes the body of a response. The numbers in the members `timestamps` are times in seconds. A null value is an absent
/// member.
pub fn encode(value: &Value, timestamps: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    // Writing to memory does not fail.
    let _ = ciborium::into_writer(&to_cbor(value, timestamps, false), &mut body);
    body
}

fn to_cbor(value: &Value, timestamps: &[&str], is_time: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => (*value).into(),
        Value::String(text) => text.as_str().into(),
        Value::Number(number) if is_time => {
            let seconds = number.as_f64().unwrap_or_default();
            Cbor::Tag(EPOCH_TIME, Box::new(seconds.into()))
        }
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| to_cbor(item, timestamps, is_time));
            Cbor::Array(items.collect())
        }
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(name, value)| {
                let is_time = timestamps.contains(&&**name);
                (name.as_str().into(), to_cbor(value, timestamps, is_time))
            });
            Cbor::Map(members.collect())
        }
    }
}

#[cfg(test)]
mod tests;
