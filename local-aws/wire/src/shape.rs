//! Shapes: what the model of a service says about the parameters of an operation, and the check of a request against it.
//!
//! The parameters are the same in all protocols of the service. Only the query protocol has every scalar as a text.

mod check;

use check::Check;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::query::shorten;

/// The shape of a value. Lengths of texts are numbers of characters.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text.
    Text {
        /// Least length.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// A text with a pattern, for which the function decides.
    Pattern {
        /// Least length.
        min: usize,
        /// Most characters.
        max: usize,
        /// The pattern as the model has it, for the error message.
        pattern: &'static str,
        /// Whether a text has the pattern.
        is_match: fn(&str) -> bool,
    },
    /// One of these texts.
    Enum(&'static [&'static str]),
    /// An integer of at most 32 bits that is at least `min` and at most `max`.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A finite number.
    Double,
    /// A truth value.
    Boolean,
    /// A point in time. A checked request has it as a number of seconds since the Unix epoch.
    Timestamp,
    /// A list.
    List {
        /// The shape of the items.
        member: &'static Shape,
        /// Least number of items.
        min: usize,
        /// Most items.
        max: usize,
    },
    /// A structure with these members.
    Structure(&'static [Member]),
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The name of the member.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// Whether a request must have it.
    pub is_required: bool,
}

/// The words in which a service refuses parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The code `ValidationError`, with all violations in one message.
    Constraints,
    /// The codes `MissingParameter` and `InvalidParameterValue`, with the first violation.
    Parameters,
}

/// The parameters of a request, in any protocol.
#[derive(Debug)]
pub struct Input {
    pub(crate) value: Value,
    /// Whether every scalar is a text.
    pub(crate) is_text: bool,
}

impl Input {
    /// Checks the parameters against the `members` of an operation, and converts them.
    ///
    /// # Errors
    ///
    /// Fails if a parameter is unknown, is absent, has another type, or violates a constraint. The message names it.
    pub fn parse<T: DeserializeOwned>(
        self,
        members: &'static [Member],
        words: Words,
    ) -> Result<T, Error> {
        let value = Check::new(self.is_text, words).check(self.value, members)?;
        serde_json::from_value(value)
            .map_err(|error| Error::bad_request("ValidationError", shorten(&error.to_string())))
    }
}

#[cfg(test)]
mod tests;
