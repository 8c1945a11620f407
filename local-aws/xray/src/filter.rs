//! Filter expressions: conditions on traces.
//!
//! Source: the X-Ray developer guide, "Using filter expressions". The developer guide does not state the
//! following rules: Comparisons of texts are case-sensitive. A comparison with an absent value is false. The
//! keyword `index` starts at 0. An annotation matches only values of the annotation's own type. The braces of
//! `service()` and `edge()` can contain annotations, as AWS permits today.

mod comparisons;
mod cursor;
mod error;
mod evaluate;
mod json;
mod keyword;
mod lexer;
mod literal;
mod parser;
mod subject;
mod tree;

use crate::trace::Trace;
pub use error::ParseError;
pub use evaluate::NamedGroup;
use keyword::{Keyword, TextKeyword};
use tree::Expression;

/// Keywords whose values are names or ARNs of groups.
const GROUP_KEYWORDS: [TextKeyword; 2] = [TextKeyword::GroupName, TextKeyword::GroupArn];

/// A filter expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expression);

/// A filter expression that selects nodes or edges of the service graph: one `service()`, `edge()` or `id()`.
#[derive(Debug)]
pub struct EntitySelector(Expression);

impl Filter {
    /// Parses a filter expression.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a valid filter expression. The error contains the position and the reason.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parser::parse_filter(text).map(Self)
    }

    /// Whether the trace matches the expression. The conditions `group.name` and `group.arn` can refer to
    /// `groups`.
    pub fn matches(&self, trace: &Trace, groups: &[NamedGroup]) -> bool {
        evaluate::matches(&self.0, trace, groups)
    }

    /// Names and ARNs that the expression compares with `group.name` and `group.arn`.
    pub fn mentioned_groups(&self) -> Vec<&str> {
        self.0.compared_texts(&GROUP_KEYWORDS)
    }

    /// Whether the expression contains `group.name` or `group.arn`.
    pub fn has_group_condition(&self) -> bool {
        self.0.any_part(&|part| match part {
            Expression::Text(keyword, ..) | Expression::IsSet(Keyword::Text(keyword)) => {
                GROUP_KEYWORDS.contains(keyword)
            }
            _ => false,
        })
    }
}

impl NamedGroup {
    /// Creates a group. A group without a filter contains all traces.
    pub fn new(name: String, arn: String, filter: Option<Filter>) -> Self {
        Self {
            name,
            arn,
            expression: filter.map(|filter| filter.0),
        }
    }
}

impl EntitySelector {
    /// Parses a selector. `id()` selects nodes. Returns `None` if the text is another kind of filter
    /// expression.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a valid filter expression. The error contains the position and the reason.
    pub fn parse(text: &str) -> Result<Option<Self>, ParseError> {
        Ok(parser::parse_entity_selector(text)?.map(Self))
    }

    /// Returns true if the selector selects nodes, and false if the selector selects edges.
    pub fn selects_nodes(&self) -> bool {
        matches!(self.0, Expression::Service(..))
    }

    /// Returns the indices of the trace's entities whose durations and flags are counted. The counted
    /// entities are the segments of the selected nodes, or the subsegments of the calls along the selected
    /// edges.
    pub fn measured_entities(&self, trace: &Trace) -> Vec<usize> {
        match &self.0 {
            Expression::Service(node, condition) => {
                evaluate::matching_segments(trace, node, condition.as_deref()).collect()
            }
            Expression::Edge(from, to, condition) => {
                evaluate::matching_calls(trace, from, to, condition.as_deref())
                    .map(|call| call.measured_index)
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
