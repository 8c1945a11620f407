//! The syntax tree of a filter expression.

use serde_json::Value;

use super::keyword::{FlagKeyword, Keyword, NumberKeyword, TextKeyword};

/// A filter expression, or a part of a filter expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// The expression is true if all conditions of the list are true. The list contains at least two
    /// conditions.
    And(Vec<Self>),
    /// The expression is true if at least one condition of the list is true. The list contains at least two
    /// conditions.
    Or(Vec<Self>),
    /// The expression is true if the inner condition is false.
    Not(Box<Self>),
    /// The expression is true if the flag keyword, such as `fault`, has the given boolean value.
    Flag(FlagKeyword, bool),
    /// The expression is true if the comparison `number operator value` is true.
    Number(NumberKeyword, NumberOperator, f64),
    /// The expression is true if the comparison `text operator value` is true.
    Text(TextKeyword, TextOperator, String),
    /// The expression is true if the keyword has a value.
    IsSet(Keyword),
    /// The expression is true if the annotation with the given key meets the condition.
    Annotation(String, AnnotationCondition),
    /// The expression `service(node) { condition }` is true if the node has a segment that meets the
    /// condition.
    Service(NodePattern, Option<Box<Self>>),
    /// The expression `edge(from, to) { condition }` is true if the edge has a call that meets the condition.
    Edge(NodePattern, NodePattern, Option<Box<Self>>),
    /// The expression `rootcause.kind.part { condition }` is true if a root cause of the given kind has a
    /// part that meets the condition.
    RootCause(CauseKind, CausePart, Option<Box<Self>>),
    /// The expression `rootcause.json` is true if each pattern matches a root cause.
    RootCauseJson(Value),
}

/// An operator that compares numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberOperator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An operator that compares texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOperator {
    Equal,
    NotEqual,
    Contains,
    BeginsWith,
    EndsWith,
}

/// A condition on the values of an annotation. A comparison with a literal ignores annotation values whose
/// type differs from the type of the literal.
#[derive(Clone, Debug, PartialEq)]
pub enum AnnotationCondition {
    /// The condition is true if the annotation has a value other than `false`.
    IsSet,
    /// The condition is true if at least one value of the annotation equals the given boolean.
    FlagEquals(bool),
    /// The condition is true if the annotation has boolean values and all boolean values differ from the
    /// given boolean.
    FlagDiffers(bool),
    /// The condition is true if the comparison `annotation operator number` is true.
    Number(NumberOperator, f64),
    /// The condition is true if the comparison `annotation operator text` is true.
    Text(TextOperator, String),
}

/// The pattern `id()` of an expression: the required properties of a service node. An absent property of the
/// pattern matches any value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodePattern {
    pub name: Option<String>,
    pub node_type: Option<String>,
    pub account_id: Option<String>,
}

/// The kind of a root cause: the problem that the root cause explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CauseKind {
    Fault,
    Error,
    ResponseTime,
}

/// A part of a root cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CausePart {
    Service,
    Entity,
    Exception,
}

impl NumberOperator {
    /// Whether `left operator right` is true.
    pub fn compare(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

impl CauseKind {
    /// All kinds of root causes, and the name of each kind in filter expressions.
    pub const ALL: [(Self, &str); 3] = [
        (Self::Fault, "fault"),
        (Self::Error, "error"),
        (Self::ResponseTime, "responsetime"),
    ];
}

impl CausePart {
    /// All parts of root causes, and the name of each part in filter expressions.
    pub const ALL: [(Self, &str); 3] = [
        (Self::Service, "service"),
        (Self::Entity, "entity"),
        (Self::Exception, "exception"),
    ];
}

impl Expression {
    /// Whether the predicate is true for this expression or for a part of this expression.
    pub fn any_part(&self, predicate: &impl Fn(&Self) -> bool) -> bool {
        predicate(self)
            || match self {
                Self::And(parts) | Self::Or(parts) => {
                    parts.iter().any(|part| part.any_part(predicate))
                }
                Self::Not(part) => part.any_part(predicate),
                Self::Service(_, part) | Self::Edge(_, _, part) | Self::RootCause(_, _, part) => {
                    part.as_ref().is_some_and(|part| part.any_part(predicate))
                }
                _ => false,
            }
    }

    /// The texts that the expression compares with one of the keywords by `=` or `!=`.
    pub fn compared_texts(&self, keywords: &[TextKeyword]) -> Vec<&str> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts
                .iter()
                .flat_map(|part| part.compared_texts(keywords))
                .collect(),
            Self::Not(part) => part.compared_texts(keywords),
            Self::Text(keyword, TextOperator::Equal | TextOperator::NotEqual, text)
                if keywords.contains(keyword) =>
            {
                vec![text]
            }
            _ => Vec::new(),
        }
    }
}
