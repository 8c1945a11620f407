//! Reads environment variables, and creates the errors about invalid values.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The environment variables at the start of the process. `envy` converts the names of the variables to lower
/// case.
#[derive(Debug)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl From<BTreeMap<String, String>> for Variables {
    fn from(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }
}

/// The error of a parser: a description of the values that the parser accepts.
#[derive(Debug)]
pub(crate) struct ExpectedValue {
    text: Cow<'static, str>,
    /// Whether the error message hides the invalid value, because the value can be a secret.
    hides_value: bool,
}

impl ExpectedValue {
    /// Creates an error whose message ends with `: expected <text>` and shows the invalid value.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            hides_value: false,
        }
    }

    /// Creates an error whose message does not show the invalid value, because the value can be a secret.
    pub fn new_hiding_value(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            hides_value: true,
        }
    }
}

impl Variables {
    /// Returns the value of the variable `name`, or `None` if the variable is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// Parses the variable `name`. OpenTelemetry's specification requires that an empty value has the same
    /// meaning as an unset variable.
    ///
    /// # Errors
    ///
    /// Returns an error when the parser rejects the value. The error names the variable and the expected
    /// value.
    pub fn parse<T>(
        &self,
        name: &str,
        parser: impl Fn(&str) -> Result<T, ExpectedValue>,
    ) -> Result<Option<T>, String> {
        let value = self.get(name).filter(|value| !value.is_empty());
        value
            .map(|value| parse_value(name, value, parser))
            .transpose()
    }

    /// Parses the variable `name`, or returns `default` if the variable is unset or empty.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Self::parse`].
    pub fn parse_or<T>(
        &self,
        name: &str,
        parser: impl Fn(&str) -> Result<T, ExpectedValue>,
        default: T,
    ) -> Result<T, String> {
        Ok(self.parse(name, parser)?.unwrap_or(default))
    }

    /// Parses the variable `name`, or returns `default` if the variable is unset. An empty value is passed to
    /// the parser. `parse_even_if_empty_or` reads variables that OpenTelemetry's specification does not
    /// define.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Self::parse`].
    pub fn parse_even_if_empty_or<T>(
        &self,
        name: &str,
        parser: impl Fn(&str) -> Result<T, ExpectedValue>,
        default: T,
    ) -> Result<T, String> {
        let value = self.get(name);
        value.map_or(Ok(default), |value| parse_value(name, value, parser))
    }
}

fn parse_value<T>(
    name: &str,
    value: &str,
    parser: impl Fn(&str) -> Result<T, ExpectedValue>,
) -> Result<T, String> {
    // The replacement character stands for bytes that are not UTF-8.
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err(format!("{name} is not UTF-8: expected UTF-8 text"));
    }
    parser(value).map_err(|ExpectedValue { text, hides_value }| {
        // A URL with an @ can contain a password.
        if hides_value || value.contains('@') {
            format!("{name} is invalid (its value is not shown): expected {text}")
        } else {
            format!("{name} is '{value}': expected {text}")
        }
    })
}
