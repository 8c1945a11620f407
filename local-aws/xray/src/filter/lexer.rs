//! Splits an expression into tokens.

use super::error::ParseError;

/// A token and the position of the token.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: TokenKind,
    /// Position of the first character. The first character of the expression has position 1.
    pub position: usize,
}

/// The kind of a token and the value of the token.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A keyword, an operator that is a word, or a text without quotation marks.
    Word(String),
    /// A text in quotation marks.
    Text(String),
    /// A number.
    Number(f64),
    /// `annotation[key]`.
    Annotation(String),
    /// The character `#` and the JSON value after the character.
    Json(serde_json::Value),
    /// One of `( ) { } , :`, or an operator such as `!=` that is not a word.
    Symbol(&'static str),
    /// The end of the expression.
    End,
}

/// All symbols of filter expressions. A longer symbol such as `<=` is before its prefix `<`, because the
/// lexer uses the first symbol that matches.
const SYMBOLS: [&str; 13] = [
    "!=", "<=", ">=", "=", "<", ">", "!", "(", ")", "{", "}", ",", ":",
];

/// Splits an expression into tokens. The last token is [`TokenKind::End`].
pub fn tokenize(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer { text, offset: 0 };
    let mut tokens = Vec::new();
    loop {
        let rest = lexer.rest().trim_start();
        lexer.offset = text.len() - rest.len();
        let start = lexer.offset;
        let kind = match rest.chars().next() {
            None => TokenKind::End,
            Some('"') => lexer.read_quoted_text()?,
            Some('#') => lexer.read_json()?,
            Some(c) if c.is_ascii_digit() || "-+.".contains(c) => lexer.read_number()?,
            Some(c) if is_letter(c) => lexer.read_word()?,
            Some(c) => lexer.read_symbol(c)?,
        };
        let is_end = kind == TokenKind::End;
        tokens.push(Token {
            kind,
            position: start,
        });
        if is_end {
            convert_positions(text, &mut tokens);
            return Ok(tokens);
        }
    }
}

/// Converts the positions of tokens from byte offsets, which start at 0, to character numbers, which start at 1.
fn convert_positions(text: &str, tokens: &mut [Token]) {
    let (mut offset, mut character_number) = (0, 1);
    for token in tokens {
        character_number += text[offset..token.position].chars().count();
        offset = token.position;
        token.position = character_number;
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

struct Lexer<'a> {
    text: &'a str,
    /// Byte offset of the next token.
    offset: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    fn error_at(&self, offset: usize, message: impl Into<String>) -> ParseError {
        ParseError {
            position: self.text[..offset].chars().count() + 1,
            message: message.into(),
        }
    }

    /// Reads characters as long as the predicate is true.
    fn take_while(&mut self, predicate: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !predicate(c)).unwrap_or(rest.len());
        self.offset += end;
        &rest[..end]
    }

    /// Reads a text in quotation marks. In the text, a backslash escapes a quotation mark or another
    /// backslash. Before any other character, a backslash is a normal character.
    fn read_quoted_text(&mut self) -> Result<TokenKind, ParseError> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((offset, c)) = characters.next() {
            match c {
                '"' => {
                    self.offset += offset + 1;
                    return Ok(TokenKind::Text(value));
                }
                '\\' => match characters.next_if(|(_, next)| "\"\\".contains(*next)) {
                    Some((_, next)) => value.push(next),
                    None => value.push(c),
                },
                c => value.push(c),
            }
        }
        Err(self.error_at(self.offset, "this text has no closing quotation mark"))
    }

    fn read_number(&mut self) -> Result<TokenKind, ParseError> {
        let start = self.offset;
        let text = self.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(TokenKind::Number(number)),
            _ => Err(self.error_at(start, format!("'{text}' is not a number"))),
        }
    }

    fn read_word(&mut self) -> Result<TokenKind, ParseError> {
        let word = self.take_while(|c| c.is_alphanumeric() || "_.".contains(c));
        if word.eq_ignore_ascii_case("annotation") && self.rest().starts_with('[') {
            return self.read_annotation();
        }
        Ok(TokenKind::Word(word.to_owned()))
    }

    /// Reads `[key]`. The key of the annotation can contain any character except `]`. Quotation marks around
    /// the key are optional.
    fn read_annotation(&mut self) -> Result<TokenKind, ParseError> {
        let start = self.offset;
        self.offset += 1;
        let key = self.take_while(|c| c != ']').trim();
        if self.rest().is_empty() {
            return Err(self.error_at(start, "this bracket is not closed"));
        }
        self.offset += 1;
        let unquoted_key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
        match unquoted_key.unwrap_or(key) {
            "" => Err(self.error_at(start, "the annotation's key is missing")),
            key => Ok(TokenKind::Annotation(key.to_owned())),
        }
    }

    fn read_json(&mut self) -> Result<TokenKind, ParseError> {
        let json = &self.rest()[1..];
        let mut values = serde_json::Deserializer::from_str(json).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                self.offset += 1 + values.byte_offset();
                Ok(TokenKind::Json(value))
            }
            Some(Err(error)) => {
                let offset = self.offset + 1 + byte_offset(json, error.line(), error.column());
                Err(self.error_at(offset, format!("after '#', {error}")))
            }
            None => Err(self.error_at(self.offset, "expected JSON after '#'")),
        }
    }

    fn read_symbol(&mut self, c: char) -> Result<TokenKind, ParseError> {
        let symbol = SYMBOLS
            .iter()
            .find(|symbol| self.rest().starts_with(**symbol));
        match symbol {
            Some(symbol) => {
                self.offset += symbol.len();
                Ok(TokenKind::Symbol(symbol))
            }
            None => Err(self.error_at(
                self.offset,
                format!("'{}' has no meaning here", c.escape_default()),
            )),
        }
    }
}

/// Converts the line and the column that `serde_json` reports to a byte offset. The numbers of lines and
/// columns start at 1.
fn byte_offset(json: &str, line: usize, column: usize) -> usize {
    let lines = json.split_inclusive('\n').take(line.saturating_sub(1));
    let offset = lines.map(str::len).sum::<usize>() + column.saturating_sub(1);
    json.floor_char_boundary(offset)
}
