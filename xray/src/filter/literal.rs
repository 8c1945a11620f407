//! Operators and the values that keywords are compared with.

use super::lexer::What;
use super::tree::{Match, Order};

/// What may be compared with.
pub enum Literal {
    Flag(bool),
    Number(f64),
    Text(String),
}

/// How a keyword and a value compare.
#[derive(Clone, Copy)]
pub enum Comparison {
    Order(Order),
    Match(Match),
}

impl Comparison {
    /// The operator that this word is.
    pub fn of(what: &What) -> Option<Self> {
        Some(match what {
            What::Sign("=") => Self::Order(Order::Equal),
            What::Sign("!=") => Self::Order(Order::Unequal),
            What::Sign("<") => Self::Order(Order::Less),
            What::Sign("<=") => Self::Order(Order::AtMost),
            What::Sign(">") => Self::Order(Order::Greater),
            What::Sign(">=") => Self::Order(Order::AtLeast),
            What::Word(word) => match word.to_ascii_lowercase().as_str() {
                "contains" => Self::Match(Match::Contains),
                "beginswith" => Self::Match(Match::BeginsWith),
                "endswith" => Self::Match(Match::EndsWith),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// How texts compare so, if they do.
    pub fn of_text(self) -> Option<Match> {
        match self {
            Self::Order(Order::Equal) => Some(Match::Equal),
            Self::Order(Order::Unequal) => Some(Match::Unequal),
            Self::Order(_) => None,
            Self::Match(how) => Some(how),
        }
    }
}

impl Literal {
    /// The text; `true` and `false` without quotation marks look like booleans.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Number(_) => None,
        }
    }

    /// True or false, also as a text.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => text.to_ascii_lowercase().parse().ok(),
            Self::Number(_) => None,
        }
    }
}

/// Whether this word is an operator.
pub fn is_operator(word: &str) -> bool {
    let operators = ["and", "or", "contains", "beginswith", "endswith"];
    operators
        .iter()
        .any(|operator| operator.eq_ignore_ascii_case(word))
}
