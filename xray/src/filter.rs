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

use crate::trace::Trace;
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
    /// What they have in common; nothing where that is nothing.
    pub filter: Option<Filter>,
}

/// Which nodes or edges statistics are about: one `service()`, `edge()` or `id()`.
#[derive(Debug)]
pub struct Selector(Expression);

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
}

impl Selector {
    /// Reads a selector; `id()` means the nodes. None where it is something else, or more.
    ///
    /// # Errors
    ///
    /// When it cannot be read; the error says where and why.
    pub fn parse(text: &str) -> Result<Option<Self>, Invalid> {
        Ok(parser::parse_selector(text)?.map(Self))
    }

    /// Whether it selects nodes, and not edges.
    pub fn is_of_services(&self) -> bool {
        matches!(self.0, Expression::Service(..))
    }

    /// The places of the entities that measured what it selects: segments of nodes, calls of edges.
    pub fn select(&self, trace: &Trace) -> Vec<usize> {
        match &self.0 {
            Expression::Service(id, inner) => {
                evaluate::services(trace, id, inner.as_deref()).collect()
            }
            Expression::Edge(from, to, inner) => evaluate::edges(trace, from, to, inner.as_deref())
                .map(|call| call.measured_index)
                .collect(),
            _ => Vec::new(),
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
