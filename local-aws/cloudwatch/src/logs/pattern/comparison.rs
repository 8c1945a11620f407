//! A comparison of a value with a literal: `= 404`, `!= "GET *"`, `> 1e3`, `= %^10\.%`.

use ::regex::Regex;

use super::cursor::{Cursor, PatternError, invalid_characters};
use super::{RegexCount, regex};

/// An operator and what is on its right side.
#[derive(Clone, Debug)]
pub struct Comparison {
    operator: Operator,
    operand: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer operators come before their prefixes.
const OPERATORS: [(&str, Operator); 6] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

#[derive(Clone, Debug)]
enum Operand {
    /// A number without quotation marks.
    Number {
        number: f64,
        text: String,
    },
    Text(Wildcard),
    Regex(Regex),
}

/// A text in which an asterisk at the beginning or at the end stands for any text. Another asterisk stands for itself:
/// `Ev*ent` equals only `Ev*ent` (user guide of 2018, revision e9343db).
#[derive(Clone, Debug)]
struct Wildcard {
    text: String,
    begins_with_any: bool,
    ends_with_any: bool,
}

impl Comparison {
    /// Whether an operator follows.
    pub fn follows(cursor: &Cursor<'_>) -> bool {
        matches!(cursor.peek(), Some('!' | '<' | '>' | '='))
    }

    /// Parses an operator and its operand.
    pub fn parse(cursor: &mut Cursor<'_>, regexes: &mut RegexCount) -> Result<Self, PatternError> {
        let found = OPERATORS.iter().find(|(text, _)| cursor.eat(text));
        let (_, operator) = *found.ok_or_else(|| cursor.unexpected("an operator"))?;
        cursor.skip_blanks();
        let start = cursor.position();
        let operand = match cursor.peek() {
            Some('"') => Operand::Text(Wildcard::new(&cursor.take_quoted()?)),
            Some('%') => Operand::Regex(regex::parse(cursor, regexes)?),
            _ => {
                let text = cursor.take_while(is_part_of_unquoted_value);
                match parse_number(text) {
                    _ if text.is_empty() => return Err(cursor.unexpected("a value")),
                    Some(number) => Operand::Number {
                        number,
                        text: text.to_owned(),
                    },
                    None => Operand::Text(Wildcard::new(text)),
                }
            }
        };
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        match &operand {
            Operand::Text(wildcard) if !is_equality => {
                // AWS's message has the quotation marks, also for a value without them.
                Err(invalid_characters(&format!("\"{}\"", wildcard.text), start))
            }
            Operand::Regex(_) if !is_equality => Err(invalid_characters("%", start)),
            _ => Ok(Self { operator, operand }),
        }
    }

    /// Compares with a text in JSON. Numbers and texts have no order.
    pub fn matches_text(&self, value: &str) -> bool {
        let is_equal = match &self.operand {
            Operand::Number { text, .. } => text == value,
            Operand::Text(wildcard) => wildcard.matches(value),
            Operand::Regex(regex) => regex.is_match(value),
        };
        match self.operator {
            Operator::Equal => is_equal,
            Operator::NotEqual => !is_equal,
            _ => false,
        }
    }

    /// Compares with a number. `text` is the number as it is written.
    pub fn matches_number(&self, value: f64, text: impl FnOnce() -> String) -> bool {
        let Operand::Number { number, .. } = self.operand else {
            return self.matches_text(&text());
        };
        match self.operator {
            Operator::Equal => value == number,
            Operator::NotEqual => value != number,
            Operator::Less => value < number,
            Operator::LessOrEqual => value <= number,
            Operator::Greater => value > number,
            Operator::GreaterOrEqual => value >= number,
        }
    }

    /// Compares with a field of a space-delimited event. The field is a number if it looks like a number.
    pub fn matches_field(&self, value: &str) -> bool {
        match parse_number(value) {
            Some(number) => self.matches_number(number, || value.to_owned()),
            None => self.matches_text(value),
        }
    }
}

impl Wildcard {
    fn new(text: &str) -> Self {
        let after = text.strip_prefix('*');
        let rest = after.unwrap_or(text);
        let before = rest.strip_suffix('*');
        Self {
            text: before.unwrap_or(rest).to_owned(),
            begins_with_any: after.is_some(),
            // One asterisk stands for any text.
            ends_with_any: before.is_some() || text == "*",
        }
    }

    fn matches(&self, value: &str) -> bool {
        match (self.begins_with_any, self.ends_with_any) {
            (false, false) => value == self.text,
            (false, true) => value.starts_with(&self.text),
            (true, false) => value.ends_with(&self.text),
            (true, true) => value.contains(&self.text),
        }
    }
}

/// Whether a value without quotation marks can have this character.
fn is_part_of_unquoted_value(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_.*+-".contains(character)
}

/// Parses a decimal number with an optional sign and an optional exponent. Other texts that Rust takes for numbers, such
/// as `inf`, are not numbers here.
pub fn parse_number(text: &str) -> Option<f64> {
    let is_numeric = |it: u8| it.is_ascii_digit() || b"+-.eE".contains(&it);
    if !text.bytes().all(is_numeric) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
