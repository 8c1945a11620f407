//! The fields of a JSON object by ProtoJSON's rules: absent, null and the default value are the same; unknown
//! fields are ignored.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Number, Value};

/// ProtoJSON takes base64 with and without padding. The bits that remain at the end are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A message of protobuf.
pub trait Message: Sized {
    /// Reads the fields of a message.
    ///
    /// # Errors
    ///
    /// `.field: reason` of the first field that is wrong.
    fn read(fields: &mut Fields) -> Result<Self, String>;

    /// The same, of a value that has to be an object.
    ///
    /// # Errors
    ///
    /// As `read`.
    fn read_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(object) => Self::read(&mut Fields(object)),
            other => Err(format!(": expected an object, found {}", kind(&other))),
        }
    }
}

/// The fields of an object. Each is taken out when it is read.
pub struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl Fields {
    /// Whether the field is set.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// `string`.
    pub fn text(&mut self, name: &str) -> Result<String, String> {
        self.read(name, |value| match value {
            Value::String(text) => Ok(text),
            other => Err(expected("a string", &other)),
        })
    }

    /// `repeated string`.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        self.list(name, |value| match value {
            Value::String(text) => Ok(text),
            other => Err(expected("a string", &other)),
        })
    }

    /// `bool`.
    pub fn flag(&mut self, name: &str) -> Result<bool, String> {
        self.read(name, |value| match value {
            Value::Bool(flag) => Ok(flag),
            other => Err(expected("true or false", &other)),
        })
    }

    /// An id: `bytes`, in hexadecimal digits instead of base64.
    pub fn id(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.read(name, |value| {
            let digits = value.as_str().and_then(hexadecimal);
            digits.ok_or_else(|| expected("hexadecimal digits", &value))
        })
    }

    /// `bytes`, in base64 of either alphabet.
    pub fn bytes(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.read(name, |value| {
            let standard = value
                .as_str()
                .map(|it| it.replace('-', "+").replace('_', "/"));
            let bytes = standard.and_then(|text| BASE64.decode(text).ok());
            bytes.ok_or_else(|| expected("base64", &value))
        })
    }

    /// A whole number: a JSON number or a string of one.
    pub fn integer<T: TryFrom<i128> + Default>(&mut self, name: &str) -> Result<T, String> {
        self.read(name, |value| {
            let whole = number(&value).and_then(|number| whole(&number));
            let fitting = whole.and_then(|whole| T::try_from(whole).ok());
            fitting.ok_or_else(|| expected("a whole number of the field's range", &value))
        })
    }

    /// An enum: a number, and never its name.
    pub fn enumeration(&mut self, name: &str) -> Result<i32, String> {
        self.read(name, |value| {
            let whole = value.as_number().and_then(whole);
            let fitting = whole.and_then(|whole| i32::try_from(whole).ok());
            fitting.ok_or_else(|| expected("the enum's number, as OTLP wants it", &value))
        })
    }

    /// `double`: a number, a string of one, or `"NaN"`, `"Infinity"` and `"-Infinity"`.
    pub fn double(&mut self, name: &str) -> Result<f64, String> {
        self.read(name, |value| match value.as_str() {
            Some("NaN") => Ok(f64::NAN),
            Some("Infinity") => Ok(f64::INFINITY),
            Some("-Infinity") => Ok(f64::NEG_INFINITY),
            _ => number(&value)
                .and_then(|number| number.as_f64())
                .ok_or_else(|| expected("a number", &value)),
        })
    }

    /// A message.
    pub fn message<T: Message>(&mut self, name: &str) -> Result<Option<T>, String> {
        self.read(name, |value| T::read_value(value).map(Some))
    }

    /// `repeated` messages. None of them may be null.
    pub fn messages<T: Message>(&mut self, name: &str) -> Result<Vec<T>, String> {
        self.list(name, T::read_value)
    }

    fn list<T>(
        &mut self,
        name: &str,
        element: impl Fn(Value) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.read(name, |value| match value {
            Value::Array(values) => {
                let values = values.into_iter().enumerate();
                values
                    .map(|(place, value)| element(value).map_err(|why| format!("[{place}]{why}")))
                    .collect()
            }
            other => Err(expected("a list", &other)),
        })
    }

    fn read<T: Default>(
        &mut self,
        name: &str,
        value: impl FnOnce(Value) -> Result<T, String>,
    ) -> Result<T, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(T::default()),
            Some(found) => value(found).map_err(|why| format!(".{name}{why}")),
        }
    }
}

fn expected(what: &str, found: &Value) -> String {
    format!(": expected {what}, found {}", kind(found))
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        // Long texts would fill the response.
        Value::String(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        scalar => scalar.to_string(),
    }
}

/// A number, or one that a string spells by the grammar of JSON: `"1e3"`, and not `" 1"`, `"+1"` or `"01"`.
fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) if !text.contains(char::is_whitespace) => {
            serde_json::from_str(text).ok()
        }
        _ => None,
    }
}

fn whole(number: &Number) -> Option<i128> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), _, _) => Some(whole.into()),
        (_, Some(whole), _) => Some(whole.into()),
        // `1e3` and `1000.0` are whole numbers. Larger ones may have been rounded into the range.
        (_, _, Some(float)) if float.fract() == 0.0 && float.abs() < 2_f64.powi(63) => {
            Some(float as i128)
        }
        _ => None,
    }
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}
