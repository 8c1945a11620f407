//! Reads the environment variables of a process once, at the start of the process. Each error names its
//! variable.
//!
//! Each method of [`Variables`] reads one variable. The arguments are the variable's name, its default, and
//! its range or parser.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Exit code for an invalid configuration: `EX_USAGE` of BSD's `sysexits.h`.
pub const EX_USAGE: u8 = 64;

/// Longest deadline in milliseconds: ten minutes.
const MAX_DEADLINE_MS: u64 = 600_000;

/// A variable is missing or has an invalid value.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A required variable is not set.
    #[error("{0} is not set: it is required")]
    Missing(String),
    /// The variable has an invalid value. The error text names the variable.
    #[error("{0}")]
    Invalid(String),
}

impl ConfigError {
    /// Creates the error for an invalid value of the variable `name`. The message omits a value that contains
    /// `@`, because a password can precede the `@` of a URL.
    pub fn invalid(name: &str, value: &str, expected: impl Display) -> Self {
        if value.contains('@') {
            return Self::invalid_secret(name, expected);
        }
        Self::Invalid(if is_utf_8(value) {
            format!("{name} is '{value}': expected {expected}")
        } else {
            format!("{name} is not UTF-8: expected {expected}")
        })
    }

    /// Creates the error for an invalid value of the variable `name`. The message omits the value, because
    /// the value is secret.
    pub fn invalid_secret(name: &str, expected: impl Display) -> Self {
        Self::Invalid(format!(
            "{name} is invalid (its value is not shown): expected {expected}"
        ))
    }
}

/// A snapshot of the environment variables of a process.
#[derive(Clone, Debug)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// Takes a snapshot of this process's environment. Bytes that are not UTF-8 become replacement
    /// characters.
    pub fn snapshot() -> Self {
        std::env::vars_os()
            .map(|(name, value)| {
                let name = name.to_string_lossy().into_owned();
                (name, value.to_string_lossy().into_owned())
            })
            .collect()
    }

    /// Sets the variable `name` to `value` if the variable is not set.
    pub fn with_default(mut self, name: &str, value: impl fmt::Display) -> Self {
        if self.0.iter().all(|(set, _)| set != name) {
            self.0.push((name.to_owned(), value.to_string()));
        }
        self
    }

    /// Returns the environment without the variable `name`. The start state of lab 3 calls this method; see
    /// `infra/script/exercise`.
    pub fn without(&self, name: &str) -> Self {
        let others = self.0.iter().filter(|(set, _)| set != name);
        Self(others.cloned().collect())
    }

    /// Deserialises the variables to `T`. Each field of `T` has the name of a variable in lower case.
    ///
    /// # Errors
    ///
    /// Returns an error when a required variable is missing, or a field of `T` rejects the value of its
    /// variable.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        envy::from_iter(self.0.iter().cloned()).map_err(|error| match error {
            envy::Error::MissingValue(field) => ConfigError::Missing(field.to_uppercase()),
            envy::Error::Custom(text) => ConfigError::Invalid(text),
        })
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        // Names of variables are case-sensitive, but `envy` ignores case. If both `port` and `PORT` were
        // passed to `envy`, `envy` would report a duplicate field.
        let is_upper_case = |name: &str| !name.contains(|c: char| c.is_ascii_lowercase());
        let variables = variables.into_iter();
        Self(variables.filter(|(name, _)| is_upper_case(name)).collect())
    }
}

/// All variables of an [`Environment`]. Each method reads one variable.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Variables {
    /// The values of the variables by variable name. `envy` converts the names to lower case.
    values: BTreeMap<String, String>,
}

impl Variables {
    /// The value of the variable `name`; `None` if the variable is not set.
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = self.values.get(&name.to_ascii_lowercase());
        value.map(String::as_str)
    }

    /// Parses the variable `name`. Returns `None` if the variable is not set.
    ///
    /// # Errors
    ///
    /// Returns an error when `parse` rejects the value. The message contains `expected`, a description of
    /// the valid values.
    pub fn parse_optional<T>(
        &self,
        name: &str,
        expected: impl Display,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        let parsed = is_utf_8(value).then(|| parse(value)).flatten();
        let parsed = parsed.ok_or_else(|| ConfigError::invalid(name, value, expected))?;
        Ok(Some(parsed))
    }

    /// Parses the variable `name`, which has no default.
    ///
    /// # Errors
    ///
    /// Returns an error when the variable is not set, or `parse` rejects the value.
    pub fn parse_required<T>(
        &self,
        name: &str,
        expected: impl Display,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.parse_optional(name, expected, parse)?
            .ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    /// Parses the variable `name` as a whole number in `range`.
    ///
    /// # Errors
    ///
    /// Returns an error when the value is not a whole number, or is outside of `range`.
    pub fn parse_number<T>(
        &self,
        name: &str,
        default: T,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let parse = |value: &str| value.parse().ok().filter(|number| range.contains(number));
        Ok(self
            .parse_optional(name, expected, parse)?
            .unwrap_or(default))
    }

    /// Parses the variable `name` as a deadline in whole milliseconds, from 1 ms to ten minutes.
    ///
    /// # Errors
    ///
    /// Returns an error when the value is not a whole number of milliseconds from 1 ms to ten minutes.
    pub fn parse_deadline(&self, name: &str, default: Duration) -> Result<Duration, ConfigError> {
        let expected = format_args!("whole milliseconds from 1 to {MAX_DEADLINE_MS}");
        let deadline = self.parse_optional(name, expected, |value| {
            let milliseconds = value.parse().ok()?;
            let is_allowed = (1..=MAX_DEADLINE_MS).contains(&milliseconds);
            is_allowed.then(|| Duration::from_millis(milliseconds))
        })?;
        Ok(deadline.unwrap_or(default))
    }

    /// Parses the variable `name`, whose value must be `on` or `off`.
    ///
    /// # Errors
    ///
    /// Returns an error when the value is neither `on` nor `off`.
    pub fn parse_switch(&self, name: &str, default: bool) -> Result<bool, ConfigError> {
        let switch = self.parse_optional(name, "on or off", |value| match value {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })?;
        Ok(switch.unwrap_or(default))
    }
}

/// Whether the operating system's value of the variable was UTF-8. [`Environment::snapshot`] has replaced
/// invalid bytes with replacement characters.
fn is_utf_8(value: &str) -> bool {
    !value.contains(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variables of an environment that contains only the variable `NAME`.
    fn variables(value: &str) -> Variables {
        let variable = ("NAME".to_owned(), value.to_owned());
        let environment: Environment = [variable].into_iter().collect();
        environment.read().unwrap()
    }

    fn parse_text(value: &str) -> Result<Option<String>, String> {
        let parse = |value: &str| Some(value.to_owned());
        let parsed = variables(value).parse_optional("NAME", "a name", parse);
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_with_a_replacement_character_is_rejected_as_not_utf_8() {
        assert_eq!(parse_text("gr\u{fc}n"), Ok(Some("gr\u{fc}n".to_owned())));
        let error = "NAME is not UTF-8: expected a name".to_owned();
        assert_eq!(parse_text("a\u{fffd}"), Err(error));
    }

    #[test]
    fn without_a_variable_the_environment_keeps_the_others() {
        let env: Environment = ["A", "B"]
            .map(|name| (name.to_owned(), "1".to_owned()))
            .into_iter()
            .collect();
        let Environment(left) = env.without("A");
        assert_eq!(left, [("B".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_required_variable_that_is_not_set_is_missing() {
        let error = variables("x").parse_required("OTHER", "a name", |_| Some(()));
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "OTHER is not set: it is required");
    }

    #[test]
    fn a_number_outside_of_the_range_is_rejected_with_the_range() {
        let parse_number = |value: &str| variables(value).parse_number("NAME", 5, 1..=10);
        assert_eq!(parse_number("10").unwrap(), 10);
        assert_eq!(variables("3").parse_number("OTHER", 5, 1..=10).unwrap(), 5);
        let error = parse_number("11").unwrap_err().to_string();
        assert_eq!(error, "NAME is '11': expected a whole number from 1 to 10");
    }

    #[test]
    fn an_error_does_not_show_a_password_in_a_url() {
        let error =
            variables("http://user:secret@host").parse_required("NAME", "a host", |_| None::<()>);
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("NAME") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn a_default_is_set_only_if_the_variable_is_not_set() {
        let set: Environment = [("PORT".to_owned(), "1".to_owned())].into_iter().collect();
        assert_eq!(
            set.with_default("PORT", 2).0,
            [("PORT".to_owned(), "1".to_owned())]
        );
        let empty: Environment = [].into_iter().collect();
        assert_eq!(
            empty.with_default("PORT", 2).0,
            [("PORT".to_owned(), "2".to_owned())]
        );
    }

    #[test]
    fn a_switch_is_on_or_off() {
        let switch = |value: &str| variables(value).parse_switch("NAME", true);
        assert!(switch("on").unwrap());
        assert!(!switch("off").unwrap());
        let error = switch("ON").unwrap_err().to_string();
        assert_eq!(error, "NAME is 'ON': expected on or off");
        assert!(variables("off").parse_switch("OTHER", true).unwrap());
        assert!(!variables("on").parse_switch("OTHER", false).unwrap());
    }

    #[test]
    fn a_deadline_is_1_to_600000_milliseconds() {
        let default = Duration::from_secs(3);
        let deadline = |value: &str| variables(value).parse_deadline("NAME", default);
        assert_eq!(deadline("1").unwrap(), Duration::from_millis(1));
        assert_eq!(deadline("600000").unwrap(), Duration::from_secs(600));
        for value in ["0", "600001", "1.5", "-1", ""] {
            assert!(deadline(value).is_err(), "{value}");
        }
        let unset = variables("1").parse_deadline("OTHER", default);
        assert_eq!(unset.unwrap(), default);
    }
}
