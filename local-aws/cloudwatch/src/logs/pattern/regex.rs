//! Regular expressions in patterns, with AWS's restrictions: no groups, only ASCII, only some symbols, and few escapes.

use regex::{Regex, RegexBuilder};

use super::RegexCount;
use super::cursor::{Cursor, PatternError, invalid_characters};

/// Symbols that stand for themselves. AWS's page lists them without the blank, and has an example with a blank.
const SYMBOLS: &str = ":_#=@/;,- ";

/// Operators.
const OPERATORS: &str = "^$?[]{}|*+.";

/// Maximum size of a compiled expression in bytes, which limits repetitions such as `a{1000}{1000}`.
const MAX_COMPILED_SIZE: usize = 1 << 20;

/// Parses a regular expression between percent signs.
pub fn parse(cursor: &mut Cursor<'_>, count: &mut RegexCount) -> Result<Regex, PatternError> {
    let start = cursor.position();
    let text = cursor.take_between_percent_signs()?;
    count.add(start)?;
    let translated = translate(text, start + 1)?;
    let regex = RegexBuilder::new(&translated)
        .size_limit(MAX_COMPILED_SIZE)
        .build();
    regex.map_err(|_| {
        PatternError::new(
            format!("Invalid or too large regular expression '%{text}%'"),
            start,
        )
    })
}

/// Translates an expression of AWS to the syntax of the crate `regex`. `start` is the position of the text in the
/// pattern.
fn translate(text: &str, start: usize) -> Result<String, PatternError> {
    if text.is_empty() {
        return Err(invalid_characters("%%", start - 1));
    }
    let mut translated = String::new();
    let mut characters = text.chars().enumerate().peekable();
    let mut class: Option<Class> = None;
    while let Some((index, character)) = characters.next() {
        let refuse = || invalid_characters(&character.to_string(), start + index);
        match (character, &mut class) {
            ('\\', _) => {
                let (_, escaped) = characters.next().ok_or_else(refuse)?;
                match escaped {
                    'd' => translated.push_str("[0-9]"),
                    'D' => translated.push_str("[^0-9]"),
                    'w' => translated.push_str("[a-zA-Z_0-9]"),
                    'W' => translated.push_str("[^a-zA-Z_0-9]"),
                    's' => translated.push_str("[ \\t\\n]"),
                    'S' => translated.push_str("[^ \\t\\n]"),
                    'x' => {
                        let mut digit = || {
                            let (_, digit) = characters.next()?;
                            digit.to_digit(16)
                        };
                        let (high, low) = digit().zip(digit()).ok_or_else(refuse)?;
                        translated.push_str(&format!("\\x{high:x}{low:x}"));
                    }
                    _ if is_symbol_or_operator(escaped) || escaped == '\\' => {
                        translated.push_str(&regex::escape(&escaped.to_string()));
                    }
                    _ => return Err(refuse()),
                }
            }
            // In a class of the crate `regex`, `[` and doubled symbols are operators.
            ('[', Some(_)) => translated.push_str("\\["),
            ('[', None) => {
                translated.push('[');
                class = Some(Class::default());
                continue;
            }
            // Without a minimum, the minimum is 0.
            ('{', None) if characters.peek().is_some_and(|(_, next)| *next == ',') => {
                translated.push_str("{0");
            }
            (']', Some(open)) if !open.is_empty => {
                translated.push(']');
                class = None;
            }
            ('-', Some(open)) if open.previous == Some('-') => return Err(refuse()),
            _ if character.is_ascii_alphanumeric() || is_symbol_or_operator(character) => {
                translated.push(character);
            }
            _ => return Err(refuse()),
        }
        if let Some(open) = &mut class {
            open.is_empty &= character == '^' && open.previous.is_none();
            open.previous = Some(character);
        }
    }
    Ok(translated)
}

/// The part of a character class before the present character.
#[derive(Debug)]
struct Class {
    /// Whether the class has no character yet. A `]` is then the first character and not the end of the class.
    is_empty: bool,
    previous: Option<char>,
}

impl Default for Class {
    fn default() -> Self {
        Self {
            is_empty: true,
            previous: None,
        }
    }
}

fn is_symbol_or_operator(character: char) -> bool {
    SYMBOLS.contains(character) || OPERATORS.contains(character)
}
