//! The check of a request against its shape.

use std::fmt::Write;

use serde_json::{Map, Number, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Member, Shape, Words};
use crate::error::Error;
use crate::query::shorten;

/// A step from a value to one of its parts.
enum Step {
    Member(&'static str),
    /// The number of an item, from 1.
    Item(usize),
}

/// The check of one request.
pub struct Check {
    is_text: bool,
    words: Words,
    path: Vec<Step>,
    violations: Vec<String>,
}

impl Check {
    /// A check of parameters whose scalars are all texts if `is_text`.
    pub fn new(is_text: bool, words: Words) -> Self {
        Self {
            is_text,
            words,
            path: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Checks the parameters of an operation, and returns them with their types.
    ///
    /// # Errors
    ///
    /// Fails if a parameter is unknown, is absent, has another type, or violates a constraint.
    pub fn check(mut self, value: Value, members: &'static [Member]) -> Result<Value, Error> {
        let value = self.structure(value, members)?;
        match self.violations.len() {
            0 => Ok(value),
            number => {
                let plural = if number == 1 { "" } else { "s" };
                let violations = self.violations.join("; ");
                let message = format!("{number} validation error{plural} detected: {violations}");
                Err(Error::bad_request("ValidationError", message))
            }
        }
    }

    fn value(&mut self, value: Value, shape: &Shape) -> Result<Value, Error> {
        match *shape {
            Shape::Text { min, max } => {
                let text = self.text(value)?;
                self.length(text.chars().count(), min, max, &text)?;
                Ok(text.into())
            }
            Shape::Pattern {
                min,
                max,
                pattern,
                is_match,
            } => {
                let text = self.text(value)?;
                self.length(text.chars().count(), min, max, &text)?;
                if !is_match(&text) {
                    let constraint = format!("satisfy regular expression pattern: {pattern}");
                    self.violate(&text, &constraint)?;
                }
                Ok(text.into())
            }
            Shape::Enum(values) => {
                let text = self.text(value)?;
                if !values.contains(&&*text) {
                    let values = values.join(", ");
                    match self.words {
                        Words::Constraints => {
                            self.violate(&text, &format!("satisfy enum value set: [{values}]"))?;
                        }
                        Words::Parameters => {
                            self.violate(&text, &format!("be a value in the set [ {values} ]"))?;
                        }
                    }
                }
                Ok(text.into())
            }
            Shape::Integer { min, max } => {
                let number = match &value {
                    Value::String(text) if self.is_text => text.parse().ok(),
                    value => value.as_i64(),
                };
                let number = number
                    .filter(|number| i32::try_from(*number).is_ok())
                    .ok_or_else(|| self.wrong_type("an integer", &value))?;
                if number < min {
                    let constraint = format!("have value greater than or equal to {min}");
                    self.violate(&number.to_string(), &constraint)?;
                } else if number > max {
                    let constraint = format!("have value less than or equal to {max}");
                    self.violate(&number.to_string(), &constraint)?;
                }
                Ok(number.into())
            }
            Shape::Double => self.double(&value),
            Shape::Boolean => match (&value, self.is_text) {
                (Value::Bool(_), false) => Ok(value),
                (Value::String(text), true) if text == "true" || text == "false" => {
                    Ok((text == "true").into())
                }
                _ => Err(self.wrong_type("true or false", &value)),
            },
            Shape::Timestamp => self.timestamp(&value),
            Shape::List { member, min, max } => self.list(value, member, min, max),
            Shape::Structure(members) => self.structure(value, members),
        }
    }

    fn structure(&mut self, value: Value, members: &'static [Member]) -> Result<Value, Error> {
        let Value::Object(mut given) = value else {
            return Err(self.wrong_type("a structure", &value));
        };
        let mut checked = Map::new();
        for member in members {
            self.path.push(Step::Member(member.name));
            match given.remove(member.name) {
                None | Some(Value::Null) if member.is_required => self.is_missing()?,
                None | Some(Value::Null) => {}
                Some(value) => {
                    let value = self.value(value, &member.shape)?;
                    checked.insert(member.name.to_owned(), value);
                }
            }
            self.path.pop();
        }
        match given.keys().next() {
            None => Ok(checked.into()),
            Some(name) => {
                let mut path = self.parameter();
                if !path.is_empty() {
                    path.push('.');
                }
                let message = format!(
                    "The parameter {path}{} is not implemented, or does not exist",
                    shorten(name)
                );
                Err(Error::bad_request("ValidationError", message))
            }
        }
    }

    fn list(
        &mut self,
        value: Value,
        member: &'static Shape,
        min: usize,
        max: usize,
    ) -> Result<Value, Error> {
        let items = match value {
            Value::Array(items) => items,
            // Clients of the query protocol send an empty list as an empty text.
            Value::String(text) if self.is_text && text.is_empty() => Vec::new(),
            value => return Err(self.wrong_type("a list", &value)),
        };
        let shown = shown_list(&items);
        if items.len() > max && self.words == Words::Parameters {
            let message = format!(
                "The collection {} must not have a size greater than {max}.",
                self.parameter()
            );
            return Err(Error::bad_request("InvalidParameterValue", message));
        }
        self.length(items.len(), min, max, &shown)?;
        let is_scalar = !matches!(member, Shape::Structure(_) | Shape::List { .. });
        let violations = self.violations.len();
        let mut checked = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.path.push(Step::Item(index + 1));
            checked.push(self.value(item, member)?);
            self.path.pop();
        }
        if is_scalar && self.violations.len() > violations {
            // AWS's validation names the list, not the item.
            self.violations.truncate(violations);
            let constraints = constraints_of(member);
            self.violate(&shown, &format!("satisfy constraint: [{constraints}]"))?;
        }
        Ok(checked.into())
    }

    fn text(&self, value: Value) -> Result<String, Error> {
        match value {
            Value::String(text) => Ok(text),
            value => Err(self.wrong_type("a text", &value)),
        }
    }

    fn double(&self, value: &Value) -> Result<Value, Error> {
        // Also in JSON, NaN and the infinities are texts.
        let number = match value {
            Value::String(text)
                if self.is_text || matches!(&**text, "NaN" | "Infinity" | "-Infinity") =>
            {
                text.parse().ok()
            }
            value => value.as_f64(),
        };
        let number = number.ok_or_else(|| self.wrong_type("a number", value))?;
        let number = Number::from_f64(number).ok_or_else(|| {
            let message = format!(
                "The value {} for parameter {} is invalid.",
                shorten(value.as_str().unwrap_or_default()),
                self.parameter()
            );
            Error::bad_request("InvalidParameterValue", message)
        })?;
        Ok(number.into())
    }

    fn timestamp(&self, value: &Value) -> Result<Value, Error> {
        let seconds = match value {
            Value::String(text) if self.is_text => OffsetDateTime::parse(text, &Rfc3339)
                .ok()
                // The services show milliseconds.
                .map(|time| (time.unix_timestamp_nanos() / 1_000_000) as f64 / 1000.0),
            value => value.as_f64(),
        };
        // Year 9999: later times have no text in ISO 8601.
        let seconds = seconds.filter(|seconds| (0.0..253_402_300_800.0).contains(seconds));
        let seconds = seconds.and_then(Number::from_f64);
        let seconds = seconds.ok_or_else(|| self.wrong_type("a time", value))?;
        Ok(seconds.into())
    }

    fn length(&mut self, length: usize, min: usize, max: usize, value: &str) -> Result<(), Error> {
        let bound = match (length, self.words) {
            (length, _) if (min..=max).contains(&length) => return Ok(()),
            (length, Words::Constraints) if length < min => {
                format!("have length greater than or equal to {min}")
            }
            (_, Words::Constraints) => format!("have length less than or equal to {max}"),
            (length, Words::Parameters) if length < min => {
                format!("be longer than {} characters", min - 1)
            }
            (_, Words::Parameters) => format!("be shorter than {} characters", max + 1),
        };
        self.violate(value, &bound)
    }

    /// Records a violation, or returns it as an error. `constraint` is what the parameter must do.
    fn violate(&mut self, value: &str, constraint: &str) -> Result<(), Error> {
        match self.words {
            Words::Constraints => {
                let violation = format!(
                    "Value '{}' at '{}' failed to satisfy constraint: Member must {constraint}",
                    shorten(value),
                    self.location()
                );
                self.violations.push(violation);
                Ok(())
            }
            Words::Parameters => {
                let message = format!("The parameter {} must {constraint}.", self.parameter());
                Err(Error::bad_request("InvalidParameterValue", message))
            }
        }
    }

    fn is_missing(&mut self) -> Result<(), Error> {
        match self.words {
            Words::Constraints => {
                let violation = format!(
                    "Value null at '{}' failed to satisfy constraint: Member must not be null",
                    self.location()
                );
                self.violations.push(violation);
                Ok(())
            }
            Words::Parameters => {
                let message = format!("The parameter {} is required.", self.parameter());
                Err(Error::bad_request("MissingParameter", message))
            }
        }
    }

    fn wrong_type(&self, expected: &str, value: &Value) -> Error {
        let code = match self.is_text {
            true => "MalformedInput",
            false => "SerializationException",
        };
        let value = shorten(&value.to_string());
        let message = match self.parameter() {
            path if path.is_empty() => format!("The parameters must be {expected}, not {value}"),
            path => format!("The parameter {path} must be {expected}, not {value}"),
        };
        Error::bad_request(code, message)
    }

    /// The name of the present parameter, for example `MetricData.member.1.Value`.
    fn parameter(&self) -> String {
        let steps = self.path.iter().map(|step| match step {
            Step::Member(name) => (*name).to_owned(),
            Step::Item(number) => format!("member.{number}"),
        });
        steps.collect::<Vec<_>>().join(".")
    }

    /// The present parameter in the words of AWS's validation, for example `metricData.1.member.value`.
    fn location(&self) -> String {
        let mut location = String::new();
        for step in &self.path {
            if !location.is_empty() {
                location.push('.');
            }
            match step {
                Step::Member(name) => location.push_str(&camel_case(name)),
                Step::Item(number) => {
                    let _ = write!(location, "{number}.member");
                }
            }
        }
        location
    }
}

/// `StateValue` as `stateValue`, `OKActions` as `oKActions`.
fn camel_case(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// A list as AWS's messages show it: `[a, b]`.
fn shown_list(items: &[Value]) -> String {
    // The message shows at most 200 characters.
    let items = items.iter().take(100).map(|item| match item {
        Value::String(text) => shorten(text),
        item => shorten(&item.to_string()),
    });
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn constraints_of(shape: &Shape) -> String {
    match shape {
        Shape::Enum(values) => format!(
            "Member must satisfy enum value set: [{}]",
            values.join(", ")
        ),
        Shape::Text { min, max } | Shape::Pattern { min, max, .. } => format!(
            "Member must have length less than or equal to {max}, Member must have length greater than or equal to {min}"
        ),
        _ => String::new(),
    }
}
