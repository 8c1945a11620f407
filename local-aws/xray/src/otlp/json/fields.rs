//! Decodes the fields of a JSON object by ProtoJSON's rules: an absent field, null and the default value mean the same,
//! and unknown fields are ignored.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Number, Value};

/// ProtoJSON accepts base64 with or without padding, and ignores unused bits of the last character.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Error messages quote at most this many characters of an invalid text.
const MAX_QUOTED_CHARS: usize = 40;

/// A protobuf message that can be decoded from JSON.
pub trait Message: Sized {
    /// Decodes the message from the fields of a JSON object.
    ///
    /// # Errors
    ///
    /// Fails with `.field: reason` for the first invalid field.
    fn from_fields(fields: &mut Fields) -> Result<Self, String>;

    /// Decodes the message from a JSON value.
    ///
    /// # Errors
    ///
    /// Fails if the value is not an object, or if [`Message::from_fields`] fails.
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(object) => Self::from_fields(&mut Fields(object)),
            other => Err(unexpected(&other, "an object")),
        }
    }
}

/// The fields of a JSON object. Each `take_…` function removes one field and decodes the value of the field.
pub struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl Fields {
    /// Whether the field is present and not null.
    pub fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    pub fn take_string(&mut self, name: &str) -> Result<String, String> {
        self.take(name, decode_string)
    }

    pub fn take_strings(&mut self, name: &str) -> Result<Vec<String>, String> {
        self.take_list(name, decode_string)
    }

    pub fn take_bool(&mut self, name: &str) -> Result<bool, String> {
        self.take(name, |value| match value {
            Value::Bool(value) => Ok(value),
            other => Err(unexpected(&other, "true or false")),
        })
    }

    /// Decodes an id. OTLP encodes the bytes of ids as hexadecimal digits instead of base64.
    pub fn take_id(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.take(name, |value| {
            let bytes = value.as_str().and_then(decode_hex);
            bytes.ok_or_else(|| unexpected(&value, "hexadecimal digits"))
        })
    }

    /// Decodes bytes from base64, with the standard or the URL-safe alphabet.
    pub fn take_bytes(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.take(name, |value| {
            let standard_base64 = value
                .as_str()
                .map(|text| text.replace('-', "+").replace('_', "/"));
            let bytes = standard_base64.and_then(|text| BASE64.decode(text).ok());
            bytes.ok_or_else(|| unexpected(&value, "base64"))
        })
    }

    /// Decodes an integer from a number or a string.
    pub fn take_integer<T: TryFrom<i128> + Default>(&mut self, name: &str) -> Result<T, String> {
        self.take(name, |value| {
            let integer = parse_number(&value).and_then(|number| to_integer(&number));
            let integer_in_range = integer.and_then(|integer| T::try_from(integer).ok());
            integer_in_range.ok_or_else(|| unexpected(&value, "an integer in the field's range"))
        })
    }

    /// Decodes the number of an enum value. OTLP does not permit the name of an enum value.
    pub fn take_enum_number(&mut self, name: &str) -> Result<i32, String> {
        self.take(name, |value| {
            let integer = value.as_number().and_then(to_integer);
            let integer_in_range = integer.and_then(|integer| i32::try_from(integer).ok());
            integer_in_range.ok_or_else(|| unexpected(&value, "the number of an enum value"))
        })
    }

    /// Decodes a double from a number or a string. If the value is a string, the string can also be `NaN`,
    /// `Infinity` or `-Infinity`.
    pub fn take_double(&mut self, name: &str) -> Result<f64, String> {
        self.take(name, |value| match value.as_str() {
            Some("NaN") => Ok(f64::NAN),
            Some("Infinity") => Ok(f64::INFINITY),
            Some("-Infinity") => Ok(f64::NEG_INFINITY),
            _ => parse_number(&value)
                .and_then(|number| number.as_f64())
                .ok_or_else(|| unexpected(&value, "a number")),
        })
    }

    pub fn take_message<T: Message>(&mut self, name: &str) -> Result<Option<T>, String> {
        self.take(name, |value| T::from_value(value).map(Some))
    }

    /// Decodes a list of messages. A null element in the list is an error.
    pub fn take_messages<T: Message>(&mut self, name: &str) -> Result<Vec<T>, String> {
        self.take_list(name, T::from_value)
    }

    fn take_list<T>(
        &mut self,
        name: &str,
        decode_element: impl Fn(Value) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.take(name, |value| match value {
            Value::Array(values) => {
                let values = values.into_iter().enumerate();
                values
                    .map(|(index, value)| {
                        decode_element(value).map_err(|reason| format!("[{index}]{reason}"))
                    })
                    .collect()
            }
            other => Err(unexpected(&other, "a list")),
        })
    }

    fn take<T: Default>(
        &mut self,
        name: &str,
        decode: impl FnOnce(Value) -> Result<T, String>,
    ) -> Result<T, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(T::default()),
            Some(value) => decode(value).map_err(|reason| format!(".{name}{reason}")),
        }
    }
}

fn decode_string(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(unexpected(&other, "a string")),
    }
}

/// Returns the error for a value of the wrong type.
fn unexpected(value: &Value, expected: &str) -> String {
    let actual = match value {
        Value::Null => "null".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => {
            let quoted: String = text.chars().take(MAX_QUOTED_CHARS).collect();
            format!("{quoted:?}")
        }
        number_or_bool => number_or_bool.to_string(),
    };
    format!(": expected {expected}, found {actual}")
}

/// Parses a number, or a string that contains a number in JSON's syntax. The string `"1e3"` is valid. The
/// strings `" 1"`, `"+1"` and `"01"` are invalid.
fn parse_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) if !text.contains(char::is_whitespace) => {
            serde_json::from_str(text).ok()
        }
        _ => None,
    }
}

fn to_integer(number: &Number) -> Option<i128> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(integer), _, _) => Some(integer.into()),
        (_, Some(integer), _) => Some(integer.into()),
        // ProtoJSON accepts `1e3` and `1000.0` as integers. serde_json parses integers of more than 64 bits
        // as floats. Floats of 2^63 or more are refused, because the rounding of a larger integer may result
        // in a float in the range of a 64-bit type.
        (_, _, Some(float)) if float.fract() == 0.0 && float.abs() < 2_f64.powi(63) => {
            Some(float as i128)
        }
        _ => None,
    }
}

fn decode_hex(digits: &str) -> Option<Vec<u8>> {
    let parse_digit = |byte: &u8| char::from(*byte).to_digit(16);
    let bytes = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(parse_digit(high)? << 4 | parse_digit(low)?).ok(),
        _ => None,
    });
    bytes.collect()
}
