//! The environment as names and values, and how a value is read.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// All variables of the process. Names are in lower case, as `envy` gives them.
#[derive(Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl From<BTreeMap<String, String>> for Variables {
    fn from(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }
}

impl Variables {
    /// The value of `name`, as it is.
    fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The value of `name`, or nothing. The OpenTelemetry specification takes an empty value for none.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).unwrap_or_default()
    }

    /// Reads a variable of our own, to which an empty value is a value.
    ///
    /// # Errors
    ///
    /// As with [`Self::optional`].
    pub fn own<T: Default>(&self, name: &str, kind: &Kind<T>) -> Result<T, String> {
        let value = self.raw(name);
        value.map_or_else(|| Ok(T::default()), |value| kind.parse(name, value))
    }

    /// Reads `name` as `kind`.
    ///
    /// # Errors
    ///
    /// When it has a value that is not of this kind; the text names the variable and what it expects.
    pub fn optional<T>(&self, name: &str, kind: &Kind<T>) -> Result<Option<T>, String> {
        match self.text(name) {
            "" => Ok(None),
            value => kind.parse(name, value).map(Some),
        }
    }

    /// The same, with a value for where the variable is not set.
    ///
    /// # Errors
    ///
    /// As with [`Self::optional`].
    pub fn read<T>(&self, name: &str, kind: &Kind<T>, default: T) -> Result<T, String> {
        Ok(self.optional(name, kind)?.unwrap_or(default))
    }
}

type Parser<T> = Box<dyn Fn(&str) -> Option<T>>;

/// How the text of a variable becomes a value.
pub(crate) struct Kind<T> {
    /// What an error says after "expected".
    expected: Cow<'static, str>,
    parse: Parser<T>,
    /// Values that the specification defines and that do not exist here.
    not_built_in: &'static [&'static str],
    /// The value may hold a key, so no error shows it.
    secret: bool,
}

impl<T> Kind<T> {
    /// What `parse` accepts.
    pub fn new(
        expected: impl Into<Cow<'static, str>>,
        parse: impl Fn(&str) -> Option<T> + 'static,
    ) -> Self {
        Self {
            expected: expected.into(),
            parse: Box::new(parse),
            not_built_in: &[],
            secret: false,
        }
    }

    /// Errors about these values say that they are not built in.
    pub fn not_built_in(mut self, values: &'static [&'static str]) -> Self {
        self.not_built_in = values;
        self
    }

    /// Errors do not show the value.
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The value of the variable `name`.
    ///
    /// # Errors
    ///
    /// When `value` is not of this kind.
    pub fn parse(&self, name: &str, value: &str) -> Result<T, String> {
        let expected = &self.expected;
        // The snapshot of the environment has this character in place of bytes that are not UTF-8.
        if value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(format!("{name} is not UTF-8: expected {expected}"));
        }
        (self.parse)(value).ok_or_else(|| {
            // What stands before an @ in a URL is a password.
            if self.secret || value.contains('@') {
                return format!(
                    "{name} makes no sense (its value is not shown): expected {expected}"
                );
            }
            let mut not_built_in = self.not_built_in.iter();
            let known = not_built_in.any(|it| it.eq_ignore_ascii_case(value));
            let why = if known { ", which is not built in" } else { "" };
            format!("{name} is '{value}'{why}: expected {expected}")
        })
    }
}
