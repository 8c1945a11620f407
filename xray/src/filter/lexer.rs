//! The words of an expression.

use super::Invalid;

/// A word and where it begins, in characters from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub what: What,
    pub position: usize,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A keyword, an operator in letters, or a text without quotation marks.
    Word(String),
    /// A text in quotation marks.
    Text(String),
    /// A number.
    Number(f64),
    /// `annotation[key]`.
    Annotation(String),
    /// `#` and what follows up to its last bracket.
    Json(serde_json::Value),
    /// One of `( ) { } , :` and the operators.
    Sign(&'static str),
    /// After the last word.
    End,
}

/// All signs; of two that begin alike, the longer one first.
const SIGNS: [&str; 13] = [
    "!=", "<=", ">=", "=", "<", ">", "!", "(", ")", "{", "}", ",", ":",
];

/// Splits an expression into words; the last one is [`What::End`].
pub fn words(text: &str) -> Result<Vec<Token>, Invalid> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let rest = lexer.rest().trim_start();
        lexer.at = text.len() - rest.len();
        let from = lexer.at;
        let what = match rest.chars().next() {
            None => What::End,
            Some('"') => lexer.quoted()?,
            Some('#') => lexer.json()?,
            Some(c) if c.is_ascii_digit() || "-+.".contains(c) => lexer.number()?,
            Some(c) if is_letter(c) => lexer.word()?,
            Some(c) => lexer.sign(c)?,
        };
        let is_end = what == What::End;
        tokens.push(Token {
            what,
            position: from,
        });
        if is_end {
            count_characters(text, &mut tokens);
            return Ok(tokens);
        }
    }
}

/// Turns bytes into characters, which is what people count.
fn count_characters(text: &str, tokens: &mut [Token]) {
    let (mut byte, mut characters) = (0, 1);
    for token in tokens {
        characters += text[byte..token.position].chars().count();
        byte = token.position;
        token.position = characters;
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn invalid(&self, at: usize, message: impl Into<String>) -> Invalid {
        Invalid {
            position: self.text[..at].chars().count() + 1,
            message: message.into(),
        }
    }

    fn take(&mut self, is_in: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A backslash stands before a quotation mark or another backslash; elsewhere, for itself.
    fn quoted(&mut self) -> Result<What, Invalid> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(What::Text(value));
                }
                '\\' => match characters.next_if(|(_, next)| "\"\\".contains(*next)) {
                    Some((_, next)) => value.push(next),
                    None => value.push(c),
                },
                c => value.push(c),
            }
        }
        Err(self.invalid(self.at, "this text has no closing quotation mark"))
    }

    fn number(&mut self) -> Result<What, Invalid> {
        let from = self.at;
        let text = self.take(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(What::Number(number)),
            _ => Err(self.invalid(from, format!("'{text}' is not a number"))),
        }
    }

    fn word(&mut self) -> Result<What, Invalid> {
        let word = self.take(|c| c.is_alphanumeric() || "_.".contains(c));
        if word.eq_ignore_ascii_case("annotation") && self.rest().starts_with('[') {
            return self.annotation();
        }
        Ok(What::Word(word.to_owned()))
    }

    /// The key may contain anything but the bracket, and may stand in quotation marks.
    fn annotation(&mut self) -> Result<What, Invalid> {
        let from = self.at;
        self.at += 1;
        let key = self.take(|c| c != ']').trim();
        if self.rest().is_empty() {
            return Err(self.invalid(from, "this bracket is not closed"));
        }
        self.at += 1;
        let unquoted = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
        match unquoted.unwrap_or(key) {
            "" => Err(self.invalid(from, "the annotation's key is missing")),
            key => Ok(What::Annotation(key.to_owned())),
        }
    }

    fn json(&mut self) -> Result<What, Invalid> {
        let json = &self.rest()[1..];
        let mut values = serde_json::Deserializer::from_str(json).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                self.at += 1 + values.byte_offset();
                Ok(What::Json(value))
            }
            Some(Err(error)) => {
                let at = self.at + 1 + offset(json, error.line(), error.column());
                Err(self.invalid(at, format!("after '#', {error}")))
            }
            None => Err(self.invalid(self.at, "after '#', JSON is expected")),
        }
    }

    fn sign(&mut self, c: char) -> Result<What, Invalid> {
        let sign = SIGNS.iter().find(|sign| self.rest().starts_with(**sign));
        match sign {
            Some(sign) => {
                self.at += sign.len();
                Ok(What::Sign(sign))
            }
            None => Err(self.invalid(
                self.at,
                format!("'{}' has no meaning here", c.escape_default()),
            )),
        }
    }
}

/// Where a line and column of `serde_json` are, in bytes.
fn offset(json: &str, line: usize, column: usize) -> usize {
    let lines = json.split_inclusive('\n').take(line.saturating_sub(1));
    let at = lines.map(str::len).sum::<usize>() + column.saturating_sub(1);
    json.floor_char_boundary(at)
}
