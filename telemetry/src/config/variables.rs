//! The environment variables of the process, and the errors about their values.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// A snapshot of the environment. `envy` has converted the names to lower case.
#[derive(Debug)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl From<BTreeMap<String, String>> for Variables {
    fn from(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }
}

/// What a parser expects instead of the value that it refused.
#[derive(Debug)]
pub(crate) struct Expected {
    text: Cow<'static, str>,
    /// The refused value may be a secret, so the error does not show it.
    hides_value: bool,
}

impl Expected {
    /// Creates an expectation. The error message is "… is '…': expected `text`".
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            hides_value: false,
        }
    }

    /// Creates an expectation whose error message does not show the refused value, because it may be a
    /// secret.
    pub fn new_hiding_value(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            hides_value: true,
        }
    }
}

impl Variables {
    /// The value of the variable `name`, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// Parses the variable `name`. An empty value counts as unset, by the OpenTelemetry specification.
    ///
    /// # Errors
    ///
    /// When the parser refuses the value. The error names the variable and the expected value.
    pub fn parse<T>(
        &self,
        name: &str,
        parser: impl Fn(&str) -> Result<T, Expected>,
    ) -> Result<Option<T>, String> {
        let value = self.get(name).filter(|value| !value.is_empty());
        value
            .map(|value| parse_value(name, value, parser))
            .transpose()
    }

    /// Parses the variable `name`, or returns `default` if it is unset or empty.
    ///
    /// # Errors
    ///
    /// As for [`Self::parse`].
    pub fn parse_or<T>(
        &self,
        name: &str,
        parser: impl Fn(&str) -> Result<T, Expected>,
        default: T,
    ) -> Result<T, String> {
        Ok(self.parse(name, parser)?.unwrap_or(default))
    }

    /// Parses the variable `name`, or returns `default` if it is unset. An empty value is parsed like
    /// any other, because the OpenTelemetry specification does not define these variables.
    ///
    /// # Errors
    ///
    /// As for [`Self::parse`].
    pub fn parse_strict_or<T>(
        &self,
        name: &str,
        parser: impl Fn(&str) -> Result<T, Expected>,
        default: T,
    ) -> Result<T, String> {
        let value = self.get(name);
        value.map_or(Ok(default), |value| parse_value(name, value, parser))
    }
}

fn parse_value<T>(
    name: &str,
    value: &str,
    parser: impl Fn(&str) -> Result<T, Expected>,
) -> Result<T, String> {
    // In the snapshot, this character replaces bytes that are not UTF-8.
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err(format!("{name} is not UTF-8: expected UTF-8 text"));
    }
    parser(value).map_err(|Expected { text, hides_value }| {
        // In a URL, the text before an @ can be a password.
        if hides_value || value.contains('@') {
            format!("{name} is invalid (its value is not shown): expected {text}")
        } else {
            format!("{name} is '{value}': expected {text}")
        }
    })
}
