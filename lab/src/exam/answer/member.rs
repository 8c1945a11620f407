//! Members of a JSON document that know their path, so that errors can name it.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::InvalidAnswer;

/// A value and its path.
pub(super) struct Member<'a> {
    path: String,
    value: &'a Value,
}

/// An object and its path.
pub(super) struct Object<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Member<'a> {
    pub fn root(value: &'a Value) -> Self {
        let path = String::new();
        Self { path, value }
    }

    pub fn error(&self, problem: impl Into<String>) -> InvalidAnswer {
        InvalidAnswer::new(&self.path, problem)
    }

    fn unexpected(&self, expected: &str) -> InvalidAnswer {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.error(format!("{expected} is expected, not {found}"))
    }

    /// An object that has no other members than `names`.
    pub fn object(&self, names: &[&str]) -> Result<Object<'a>, InvalidAnswer> {
        let members = self
            .value
            .as_object()
            .ok_or_else(|| self.unexpected("an object"))?;
        match members.keys().find(|name| !names.contains(&name.as_str())) {
            Some(unknown) => Err(self.error(format!(
                "no member {unknown:?}; the members are {}",
                names.join(", ")
            ))),
            None => Ok(Object {
                path: self.path.clone(),
                members,
            }),
        }
    }

    /// The items of an array.
    pub fn items(&self, max: usize) -> Result<Vec<Member<'a>>, InvalidAnswer> {
        let items = self
            .value
            .as_array()
            .ok_or_else(|| self.unexpected("an array"))?;
        if items.len() > max {
            let given = items.len();
            return Err(self.error(format!("at most {max} items are expected, not {given}")));
        }
        let item = |(index, value)| Member {
            path: format!("{}[{index}]", self.path),
            value,
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    pub fn bool(&self) -> Result<bool, InvalidAnswer> {
        self.value
            .as_bool()
            .ok_or_else(|| self.unexpected("true or false"))
    }

    pub fn number(&self, min: f64, max: f64) -> Result<f64, InvalidAnswer> {
        let expected = || format!("a number from {min} to {max}");
        let number = self
            .value
            .as_f64()
            .ok_or_else(|| self.unexpected(&expected()))?;
        match (min..=max).contains(&number) {
            true => Ok(number),
            false => Err(self.error(format!("{} is expected, not {number}", expected()))),
        }
    }

    pub fn string(&self) -> Result<&'a str, InvalidAnswer> {
        self.value
            .as_str()
            .ok_or_else(|| self.unexpected("a string"))
    }

    /// A string of 1 to `max` characters.
    pub fn text(&self, max: usize) -> Result<&'a str, InvalidAnswer> {
        let text = self.string()?;
        match (1..=max).contains(&text.chars().count()) {
            true => Ok(text),
            false => Err(self.error(format!("1 to {max} characters are expected"))),
        }
    }

    /// A time with an offset, as Unix time in seconds.
    pub fn unix_seconds(&self) -> Result<f64, InvalidAnswer> {
        let text = self.string()?;
        // `time` also accepts other separators, small letters and more digits. The schema does not.
        let has_capital_letters = text.as_bytes().get(10) == Some(&b'T') && !text.ends_with('z');
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .filter(|_| has_capital_letters && digits <= 9)
            .map(|time| time.unix_timestamp() as f64 + f64::from(time.nanosecond()) / 1e9)
            .ok_or_else(|| {
                self.error(format!(
                    "{text:?} is no time; an example is 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00"
                ))
            })
    }
}

impl<'a> Object<'a> {
    pub fn optional(&self, name: &str) -> Option<Member<'a>> {
        let path = match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let value = self.members.get(name)?;
        Some(Member { path, value })
    }

    pub fn required(&self, name: &str) -> Result<Member<'a>, InvalidAnswer> {
        self.optional(name).ok_or_else(|| {
            InvalidAnswer::new(&self.path, format!("the member {name:?} is missing"))
        })
    }
}
