//! A cursor that reads the tokens of an expression one by one.

use super::error::ParseError;
use super::lexer::{Token, TokenKind, tokenize};

/// Maximum length of an expression in bytes.
const MAX_EXPRESSION_BYTES: usize = 64 * 1024;

/// The tokens of an expression, and the index of the next token.
pub struct Cursor {
    tokens: Vec<Token>,
    index: usize,
}

impl Cursor {
    /// Splits the text into tokens. After the split, the first token is the next token.
    pub fn new(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_EXPRESSION_BYTES {
            return Err(ParseError {
                position: 1,
                message: format!("the expression is longer than {MAX_EXPRESSION_BYTES} bytes"),
            });
        }
        Ok(Self {
            tokens: tokenize(text)?,
            index: 0,
        })
    }

    fn next_token(&self) -> &Token {
        // The last token is `End`, and the cursor never moves past `End`.
        &self.tokens[self.index.min(self.tokens.len() - 1)]
    }

    /// The next token.
    pub fn peek(&self) -> &TokenKind {
        &self.next_token().kind
    }

    /// Returns the position of the next token in characters. The first character of the expression has
    /// position 1.
    pub fn position(&self) -> usize {
        self.next_token().position
    }

    /// Moves past the next token.
    pub fn advance(&mut self) {
        self.index += 1;
    }

    /// Returns an error at the position of the next token.
    pub fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            position: self.position(),
            message: message.into(),
        }
    }

    /// Returns the error for the case that the next token is not the expected token.
    pub fn unexpected_token(&self, expected: &str) -> ParseError {
        let actual = match self.peek() {
            TokenKind::Word(word) => format!("'{word}'"),
            TokenKind::Text(_) => "a text".to_owned(),
            TokenKind::Number(_) => "a number".to_owned(),
            TokenKind::Annotation(_) => "an annotation".to_owned(),
            TokenKind::Json(_) => "JSON".to_owned(),
            TokenKind::Symbol(symbol) => format!("'{symbol}'"),
            TokenKind::End => "the end".to_owned(),
        };
        self.error(format!("expected {expected}, not {actual}"))
    }

    /// Returns whether the next token is `symbol`.
    pub fn is_at_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), TokenKind::Symbol(found) if *found == symbol)
    }

    /// If the next token is `symbol`, moves past the token and returns true. Otherwise returns false.
    pub fn consume_symbol(&mut self, symbol: &str) -> bool {
        let is_next = self.is_at_symbol(symbol);
        self.index += usize::from(is_next);
        is_next
    }

    /// Moves past the next token if the token is `symbol`. Fails if the next token is not `symbol`.
    pub fn expect_symbol(&mut self, symbol: &str) -> Result<(), ParseError> {
        if self.consume_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected_token(&format!("'{symbol}'")))
        }
    }

    /// Whether the next token is the given word, in upper or lower case.
    pub fn is_at_word(&self, word: &str) -> bool {
        matches!(self.peek(), TokenKind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// If the next token is the given word, in upper or lower case, moves past the token and returns true.
    /// Otherwise returns false.
    pub fn consume_word(&mut self, word: &str) -> bool {
        let is_next = self.is_at_word(word);
        self.index += usize::from(is_next);
        is_next
    }
}
