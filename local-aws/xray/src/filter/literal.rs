//! Operators, and the literal values that keywords are compared with.

use super::lexer::TokenKind;
use super::tree::{NumberOperator, TextOperator};

/// A value in an expression.
pub enum Literal {
    Flag(bool),
    Number(f64),
    Text(String),
}

/// A comparison operator. `=` and `!=` are number operators that also compare flags and texts.
#[derive(Clone, Copy)]
pub enum Operator {
    Number(NumberOperator),
    Text(TextOperator),
}

impl Operator {
    /// Parses an operator. Returns `None` if the token is not an operator.
    pub fn from_token(token: &TokenKind) -> Option<Self> {
        Some(match token {
            TokenKind::Symbol("=") => Self::Number(NumberOperator::Equal),
            TokenKind::Symbol("!=") => Self::Number(NumberOperator::NotEqual),
            TokenKind::Symbol("<") => Self::Number(NumberOperator::Less),
            TokenKind::Symbol("<=") => Self::Number(NumberOperator::LessOrEqual),
            TokenKind::Symbol(">") => Self::Number(NumberOperator::Greater),
            TokenKind::Symbol(">=") => Self::Number(NumberOperator::GreaterOrEqual),
            TokenKind::Word(word) => match word.to_ascii_lowercase().as_str() {
                "contains" => Self::Text(TextOperator::Contains),
                "beginswith" => Self::Text(TextOperator::BeginsWith),
                "endswith" => Self::Text(TextOperator::EndsWith),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Returns the operator for texts. Returns `None` if the operator compares only numbers.
    pub fn as_text_operator(self) -> Option<TextOperator> {
        match self {
            Self::Number(NumberOperator::Equal) => Some(TextOperator::Equal),
            Self::Number(NumberOperator::NotEqual) => Some(TextOperator::NotEqual),
            Self::Number(_) => None,
            Self::Text(operator) => Some(operator),
        }
    }
}

impl Literal {
    /// Returns the literal as a text. The words `true` and `false` count as texts where a text is expected.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Number(_) => None,
        }
    }

    /// Returns the literal as a boolean. The texts `"true"` and `"false"` count as booleans where a boolean
    /// is expected.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => text.to_ascii_lowercase().parse().ok(),
            Self::Number(_) => None,
        }
    }
}

/// Whether the word is an operator.
pub fn is_operator_word(word: &str) -> bool {
    let operators = ["and", "or", "contains", "beginswith", "endswith"];
    operators
        .iter()
        .any(|operator| operator.eq_ignore_ascii_case(word))
}
