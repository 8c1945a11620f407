//! Patterns of terms: `ERROR "not found" -DEBUG`, `?ERROR ?WARN`, `%4[0-9]{2}%`.

use ::regex::Regex;
use memchr::memmem::Finder;

use super::cursor::{Cursor, PatternError};
use super::{RegexCount, regex};

/// The terms of a pattern. An event matches if it contains all required terms and no excluded term. The optional terms
/// count only in a pattern without other terms: an event then matches if it contains one of them.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    required: Vec<Term>,
    optional: Vec<Term>,
    excluded: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Term {
    Text(Box<Finder<'static>>),
    Regex(Regex),
    /// A quoted text of blanks, which AWS documents as the pattern for everything.
    Everything,
}

impl Terms {
    pub fn parse(text: &str, regexes: &mut RegexCount) -> Result<Self, PatternError> {
        let mut cursor = Cursor::new(text);
        let mut terms = Self::default();
        cursor.skip_blanks();
        while !cursor.is_at_end() {
            let list = if cursor.eat("?") {
                &mut terms.optional
            } else if cursor.eat("-") {
                &mut terms.excluded
            } else {
                &mut terms.required
            };
            if cursor.peek().is_none_or(char::is_whitespace) {
                let message = "A term must follow the ? or -";
                return Err(PatternError::new(message, cursor.position()));
            }
            list.push(Term::parse(&mut cursor, regexes)?);
            cursor.skip_blanks();
        }
        Ok(terms)
    }

    pub fn matches(&self, message: &str) -> bool {
        if self.required.is_empty() && self.excluded.is_empty() {
            return self.optional.iter().any(|term| term.is_in(message));
        }
        self.required.iter().all(|term| term.is_in(message))
            && !self.excluded.iter().any(|term| term.is_in(message))
    }
}

impl Term {
    fn parse(cursor: &mut Cursor<'_>, regexes: &mut RegexCount) -> Result<Self, PatternError> {
        let find = |text: &str| Self::Text(Box::new(Finder::new(text).into_owned()));
        match cursor.peek() {
            Some('"') => {
                let text = cursor.take_quoted()?;
                Ok(match text.trim().is_empty() {
                    true => Self::Everything,
                    false => find(&text),
                })
            }
            Some('%') => Ok(Self::Regex(regex::parse(cursor, regexes)?)),
            _ => {
                let word = cursor.take_while(|it| it.is_ascii_alphanumeric() || it == '_');
                match word.is_empty() {
                    true => Err(cursor.unexpected("a term")),
                    false => Ok(find(word)),
                }
            }
        }
    }

    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(finder) => finder.find(message.as_bytes()).is_some(),
            Self::Regex(regex) => regex.is_match(message),
            Self::Everything => true,
        }
    }
}
