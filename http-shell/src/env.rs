//! The environment, read once, and errors that name the variable.
//!
//! `envy` names a variable by itself only where the field is a primitive; [`field`] does it for
//! every other type.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use thiserror::Error;

/// Exit code for a configuration that cannot be used: `EX_USAGE` of BSD's `sysexits.h`.
pub const EX_USAGE: u8 = 64;

/// Longest time in milliseconds that a deadline may be set to: ten minutes.
const MAX_MILLIS: u64 = 600_000;

/// A variable that is missing or that makes no sense.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The variable has no default and is not set.
    #[error("{0} is not set: it is required")]
    Missing(String),
    /// The variable is set to something that it cannot be; the text names it.
    #[error("{0}")]
    Invalid(String),
}

/// What the environment was when the process started.
#[derive(Clone, Debug)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The environment of this process; what is not UTF-8 in it is replaced, never a panic.
    pub fn snapshot() -> Self {
        std::env::vars_os()
            .map(|(name, value)| {
                let name = name.to_string_lossy().into_owned();
                (name, value.to_string_lossy().into_owned())
            })
            .collect()
    }

    /// The same with `name` set to `value`, unless it is set already.
    pub fn or(mut self, name: &str, value: impl fmt::Display) -> Self {
        if self.0.iter().all(|(set, _)| set != name) {
            self.0.push((name.to_owned(), value.to_string()));
        }
        self
    }

    /// The value of the variable `name`, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(set, _)| set == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Reads a struct whose fields are variables in lower case.
    ///
    /// # Errors
    ///
    /// When a variable is missing or has a value that its field refuses.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        envy::from_iter(self.0.iter().cloned()).map_err(|error| match error {
            envy::Error::MissingValue(field) => ConfigError::Missing(field.to_uppercase()),
            envy::Error::Custom(text) => ConfigError::Invalid(text),
        })
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        // envy folds case, which the environment does not: `port` is not `PORT`, and a process
        // that has both would be refused for a duplicate.
        let upper = |name: &str| !name.contains(|c: char| c.is_ascii_lowercase());
        let variables = variables.into_iter().filter(|(name, _)| upper(name));
        Self(variables.collect())
    }
}

/// Whether this value of a snapshot was UTF-8: [`Environment::snapshot`] replaces all other bytes.
pub fn is_utf_8(value: &str) -> bool {
    !value.contains(char::REPLACEMENT_CHARACTER)
}

/// Deserialises the variable `name` with `parse`; the error says what was `expected` instead.
///
/// # Errors
///
/// When `parse` refuses the value.
pub fn field<'de, D, T>(
    deserializer: D,
    name: &str,
    expected: impl fmt::Display,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    let value = String::deserialize(deserializer)?;
    if !is_utf_8(&value) {
        let text = format_args!("{name} is not UTF-8: expected {expected}");
        return Err(D::Error::custom(text));
    }
    parse(&value)
        .ok_or_else(|| D::Error::custom(format_args!("{name} is '{value}': expected {expected}")))
}

/// Deserialises a deadline in milliseconds, at least 1.
///
/// # Errors
///
/// When the value is no such number.
pub fn millis<'de, D: Deserializer<'de>>(
    deserializer: D,
    name: &str,
) -> Result<Duration, D::Error> {
    let expected = format_args!("whole milliseconds from 1 to {MAX_MILLIS}");
    field(deserializer, name, expected, |value| {
        let millis = value.parse().ok()?;
        (1..=MAX_MILLIS)
            .contains(&millis)
            .then(|| Duration::from_millis(millis))
    })
}

/// Deserialises a switch: `on` or `off`.
///
/// # Errors
///
/// When the value is neither.
pub fn switch<'de, D: Deserializer<'de>>(deserializer: D, name: &str) -> Result<bool, D::Error> {
    field(deserializer, name, "on or off", |value| match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Named {
        #[serde(deserialize_with = "table")]
        table: String,
    }

    fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        field(deserializer, "TABLE", "a name", |value| {
            Some(value.to_owned())
        })
    }

    #[test]
    fn a_value_that_was_not_utf_8_is_refused() {
        let read = |value: &str| {
            let variable = ("TABLE".to_owned(), value.to_owned());
            let env: Environment = [variable].into_iter().collect();
            env.read::<Named>()
        };
        assert_eq!(read("gr\u{fc}n").unwrap().table, "gr\u{fc}n");
        let error = read("a\u{fffd}").unwrap_err().to_string();
        assert_eq!(error, "TABLE is not UTF-8: expected a name");
    }
}
