//! Filter expressions: which traces somebody wants to see.
//!
//! Source: the X-Ray developer guide, "Using filter expressions". Choices where it is silent: texts compare
//! with upper and lower case; a keyword that is not set compares with nothing; `index` counts from 0; an
//! annotation is compared only with a value of its own type; annotations may be asked in the braces of
//! `service()` and `edge()`, as today's service allows.

mod evaluate;
mod json;
mod keyword;
mod lexer;
mod literal;
mod parser;
mod subject;
mod tree;

use std::fmt;

use crate::trace::{Call, Trace};
use keyword::{Keyword, Text};
use tree::Expression;

/// A filter expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expression);

/// Why a text is no filter expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter expression: {message} at position {position}")]
pub struct Invalid {
    /// Where, in characters from 1.
    pub position: usize,
    /// What is wrong there.
    pub message: String,
}

/// Traces that have something in common, under a name.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its Amazon Resource Name.
    pub arn: String,
    /// What they have in common.
    /// Nothing where they need not have anything in common.
    pub filter: Option<Filter>,
}

/// What a selector of statistics picks from a trace.
#[derive(Debug)]
pub enum Selected {
    /// Segments, by their places.
    Services(Vec<usize>),
    /// Calls.
    Edges(Vec<Call>),
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// When it is none; the error says where and why.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        parser::parse(text).map(Self)
    }

    /// Whether the trace is as the expression says. `groups` are those that it may name.
    pub fn matches(&self, trace: &Trace, groups: &[Group]) -> bool {
        evaluate::matches(&self.0, trace, groups)
    }

    /// The groups that it names, by name or ARN.
    pub fn groups(&self) -> Vec<&str> {
        self.0.values(&[Text::GroupName, Text::GroupArn])
    }

    /// Whether it asks for a group.
    pub fn asks_for_groups(&self) -> bool {
        self.0.contains(&|part| {
            let texts = [Text::GroupName, Text::GroupArn];
            match part {
                Expression::Text(text, ..) | Expression::Has(Keyword::Text(text)) => {
                    texts.contains(text)
                }
                _ => false,
            }
        })
    }

    /// Whether it is one `service()` or `edge()`, which can select what statistics are about.
    pub fn is_selector(&self) -> bool {
        matches!(self.0, Expression::Service(..) | Expression::Edge(..))
    }

    /// Whether it is one `service()`.
    pub fn is_of_services(&self) -> bool {
        matches!(self.0, Expression::Service(..))
    }

    /// What it selects, if it is a selector.
    pub fn select<'a>(&'a self, trace: &'a Trace) -> Option<Selected> {
        match &self.0 {
            Expression::Service(id, inner) => Some(Selected::Services(
                evaluate::services(trace, id, inner.as_deref()).collect(),
            )),
            Expression::Edge(from, to, inner) => Some(Selected::Edges(
                evaluate::edges(trace, from, to, inner.as_deref()).collect(),
            )),
            _ => None,
        }
    }
}

/// As text again, which means the same.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
