//! Reads a pattern from left to right.

use std::fmt::{self, Display, Formatter};

/// Why a text is not a filter pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    message: String,
    position: usize,
}

impl PatternError {
    /// `position` is the index of a character in the pattern.
    pub(super) fn new(message: impl Into<String>, position: usize) -> Self {
        Self {
            message: message.into(),
            position,
        }
    }

    /// The index of the first character that is wrong. It is the number of characters of the pattern if the pattern ends
    /// too early.
    #[cfg(test)]
    pub fn position(&self) -> usize {
        self.position
    }
}

impl Display for PatternError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        // People count from 1.
        write!(
            formatter,
            "{} (position {})",
            self.message,
            self.position + 1
        )
    }
}

/// A position in a pattern.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    rest: &'a str,
    position: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            position: 0,
        }
    }

    /// The index of the next character.
    pub fn position(&self) -> usize {
        self.position
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Moves over the given text. Returns whether the rest begins with it.
    pub fn eat(&mut self, text: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(text) else {
            return false;
        };
        self.rest = rest;
        self.position += text.chars().count();
        true
    }

    /// Moves over the characters of a kind, and returns them.
    pub fn take_while(&mut self, is_kind: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|it| !is_kind(it)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.position += taken.chars().count();
        taken
    }

    pub fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Moves over a text in double quotes, and returns the text without them. A backslash before a double quote or before
    /// a backslash is removed.
    pub fn take_quoted(&mut self) -> Result<String, PatternError> {
        let start = self.position;
        let mut characters = self.rest.char_indices().skip(1);
        let mut text = String::new();
        while let Some((index, character)) = characters.next() {
            match character {
                '"' => {
                    self.position += self.rest[..=index].chars().count();
                    self.rest = &self.rest[index + 1..];
                    return match text.is_empty() {
                        true => Err(invalid_characters("\"\"", start)),
                        false => Ok(text),
                    };
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                _ => text.push(character),
            }
        }
        Err(PatternError::new("The closing \" is missing", start))
    }

    /// Moves over a regular expression between percent signs, and returns the text between them.
    pub fn take_between_percent_signs(&mut self) -> Result<&'a str, PatternError> {
        let start = self.position;
        self.eat("%");
        let text = self.take_while(|it| it != '%');
        match self.eat("%") {
            true => Ok(text),
            false => Err(PatternError::new(
                "The closing % of the regular expression is missing",
                start,
            )),
        }
    }

    /// The error of the next character, which cannot be at this position.
    pub fn unexpected(&self, expected: &str) -> PatternError {
        let is_part_of_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let mut after = *self;
        after.skip_blanks();
        let position = after.position;
        let mut term = after.take_while(|it| !is_part_of_word(it) && !it.is_whitespace());
        if term.is_empty() {
            term = after.take_while(is_part_of_word);
        }
        match term.is_empty() {
            true => PatternError::new(
                format!("The pattern ends where {expected} must follow"),
                position,
            ),
            false => invalid_characters(term, position),
        }
    }
}

/// The error in the words of AWS, for example "Invalid character(s) in term ':'" (the message of FilterLogEvents for
/// `?Status: timeout`).
pub fn invalid_characters(term: &str, position: usize) -> PatternError {
    PatternError::new(format!("Invalid character(s) in term '{term}'"), position)
}
