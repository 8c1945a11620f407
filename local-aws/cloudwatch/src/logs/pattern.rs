//! Filter patterns: the language in which CloudWatch Logs selects log events. A pattern has one of three forms: terms,
//! a JSON expression in braces, or the fields of space-delimited log events in brackets.
//!
//! Source of the rules: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail"
//! in the CloudWatch Logs User Guide, <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>.

use std::collections::BTreeMap;

mod comparison;
mod cursor;
mod document;
mod fields;
mod json;
mod regex;
mod selector;
mod terms;
#[cfg(test)]
mod tests;

pub use cursor::PatternError;
pub use document::select;
use fields::FieldPattern;
use json::JsonPattern;
pub use selector::Selector;
use terms::Terms;

/// Maximum number of characters in a pattern, from AWS's model of the API.
pub const MAX_CHARACTERS: usize = 1024;

/// Maximum number of regular expressions in a pattern.
const MAX_REGEXES: usize = 2;

/// A parsed filter pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    form: Form,
    has_regex: bool,
}

#[derive(Clone, Debug)]
enum Form {
    /// The empty pattern.
    Everything,
    Terms(Terms),
    Json(JsonPattern),
    Fields(FieldPattern),
}

/// Values of a log event by the name that a metric filter gives them, for example `$.latency` or `$bytes`.
pub type Extracted = BTreeMap<String, String>;

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a pattern. The error has the position of the text that is wrong.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut regexes = RegexCount::default();
        let form = if text.trim().is_empty() {
            Form::Everything
        } else if text.starts_with('{') {
            Form::Json(JsonPattern::parse(text, &mut regexes)?)
        } else if text.starts_with('[') {
            Form::Fields(FieldPattern::parse(text, &mut regexes)?)
        } else {
            Form::Terms(Terms::parse(text, &mut regexes)?)
        };
        Ok(Self {
            form,
            has_regex: regexes.0 > 0,
        })
    }

    /// Whether the pattern matches a log event.
    pub fn matches(&self, message: &str) -> bool {
        match &self.form {
            Form::Everything => true,
            Form::Terms(terms) => terms.matches(message),
            Form::Json(json) => json.matches(message),
            Form::Fields(fields) => fields.matches(message),
        }
    }

    /// The values that the pattern names in a log event, or `None` if the pattern does not match the event.
    pub fn extract(&self, message: &str) -> Option<Extracted> {
        match &self.form {
            Form::Json(json) => json.extract(message),
            Form::Fields(fields) => fields.extract(message),
            Form::Everything | Form::Terms(_) => self.matches(message).then(Extracted::new),
        }
    }

    /// Whether the pattern has a regular expression.
    pub fn has_regex(&self) -> bool {
        self.has_regex
    }

    /// Whether the pattern names values, so that a metric filter can have dimensions.
    pub fn names_values(&self) -> bool {
        matches!(self.form, Form::Json(_) | Form::Fields(_))
    }
}

/// Counts the regular expressions in a pattern.
#[derive(Debug, Default)]
struct RegexCount(usize);

impl RegexCount {
    /// Counts one more regular expression. `position` is its position in the pattern.
    fn add(&mut self, position: usize) -> Result<(), PatternError> {
        self.0 += 1;
        if self.0 <= MAX_REGEXES {
            return Ok(());
        }
        let message =
            format!("A filter pattern cannot have more than {MAX_REGEXES} regular expressions");
        Err(PatternError::new(message, position))
    }
}
