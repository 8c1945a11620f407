//! An expression as a tree, and as text again.

use std::fmt::{self, Display, Formatter, Write};

use serde_json::Value;

use super::keyword::{Flag, Keyword, Number, Text};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// All of at least two.
    All(Vec<Self>),
    /// One of at least two.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// The flag is as said.
    Flag(Flag, bool),
    /// The number compares so.
    Number(Number, Order, f64),
    /// A text compares so.
    Text(Text, Match, String),
    /// The keyword is set.
    Has(Keyword),
    /// The annotation of this key.
    Annotation(String, AnnotationTest),
    /// A node with a segment of which the rest is true.
    Service(Id, Option<Box<Self>>),
    /// An edge with a call of which the rest is true.
    Edge(Id, Id, Option<Box<Self>>),
    /// A root cause with a part of which the rest is true.
    RootCause(Cause, Part, Option<Box<Self>>),
    /// Root causes that look like these.
    RootCauseJson(Value),
}

/// How numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// How texts compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    Equal,
    Unequal,
    Contains,
    BeginsWith,
    EndsWith,
}

/// What is asked of an annotation; its type follows from the value.
#[derive(Clone, Debug, PartialEq)]
pub enum AnnotationTest {
    /// It is set, and if it is a boolean, true.
    Holds,
    /// It is this boolean.
    Flag(bool),
    /// It is a boolean, and no value is this one.
    FlagUnequal(bool),
    /// It is a number that compares so.
    Number(Order, f64),
    /// It is a text that compares so.
    Text(Match, String),
}

/// Which nodes; what is not said matches any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Id {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub account: Option<String>,
}

/// Why a trace is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Fault,
    Error,
    ResponseTime,
}

/// Which part of a root cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Service,
    Entity,
    Exception,
}

impl Order {
    /// Whether `left` and `right` compare so.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

impl Match {
    /// Whether this text compares so; of `Unequal`, whether it is the text itself.
    pub fn finds(self, text: &str, wanted: &str) -> bool {
        match self {
            Self::Equal | Self::Unequal => text == wanted,
            Self::Contains => text.contains(wanted),
            Self::BeginsWith => text.starts_with(wanted),
            Self::EndsWith => text.ends_with(wanted),
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Contains => "CONTAINS",
            Self::BeginsWith => "BEGINSWITH",
            Self::EndsWith => "ENDSWITH",
        }
    }
}

impl Cause {
    pub const ALL: [(Self, &str); 3] = [
        (Self::Fault, "fault"),
        (Self::Error, "error"),
        (Self::ResponseTime, "responsetime"),
    ];
}

impl Part {
    pub const ALL: [(Self, &str); 3] = [
        (Self::Service, "service"),
        (Self::Entity, "entity"),
        (Self::Exception, "exception"),
    ];
}

impl Expression {
    /// Whether this or a part of it is so.
    pub fn contains(&self, is_so: &impl Fn(&Self) -> bool) -> bool {
        is_so(self)
            || match self {
                Self::All(parts) | Self::Any(parts) => {
                    parts.iter().any(|part| part.contains(is_so))
                }
                Self::Not(part) => part.contains(is_so),
                Self::Service(_, part) | Self::Edge(_, _, part) | Self::RootCause(_, _, part) => {
                    part.as_ref().is_some_and(|part| part.contains(is_so))
                }
                _ => false,
            }
    }

    /// The values that one of these is compared with.
    pub fn values(&self, texts: &[Text]) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(|part| part.values(texts)).collect()
            }
            Self::Not(part) => part.values(texts),
            Self::Text(text, Match::Equal | Match::Unequal, value) if texts.contains(text) => {
                vec![value]
            }
            _ => Vec::new(),
        }
    }

    /// Writes it so that it can stand beside others.
    fn write_grouped(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(_) | Self::Any(_) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts, " AND "),
            Self::Any(parts) => joined(f, parts, " OR "),
            Self::Not(part) => {
                f.write_char('!')?;
                part.write_grouped(f)
            }
            Self::Flag(flag, true) => f.write_str(Keyword::Flag(*flag).name()),
            Self::Flag(flag, false) => write!(f, "{} = false", Keyword::Flag(*flag).name()),
            Self::Number(number, order, value) => {
                let name = Keyword::Number(*number).name();
                write!(f, "{name} {} {value:?}", order.sign())
            }
            Self::Text(text, how, value) => {
                let name = Keyword::Text(*text).name();
                write!(f, "{name} {} {}", how.sign(), Quoted(value))
            }
            Self::Has(keyword) => f.write_str(keyword.name()),
            Self::Annotation(key, test) => {
                write!(f, "annotation[{key}]")?;
                match test {
                    AnnotationTest::Holds => Ok(()),
                    AnnotationTest::Flag(flag) => write!(f, " = {flag}"),
                    AnnotationTest::FlagUnequal(flag) => write!(f, " != {flag}"),
                    AnnotationTest::Number(order, value) => {
                        write!(f, " {} {value:?}", order.sign())
                    }
                    AnnotationTest::Text(how, value) => {
                        write!(f, " {} {}", how.sign(), Quoted(value))
                    }
                }
            }
            Self::Service(id, part) => {
                write!(f, "service({id})")?;
                braced(f, part.as_deref())
            }
            Self::Edge(from, to, part) => {
                write!(f, "edge({from}, {to})")?;
                braced(f, part.as_deref())
            }
            Self::RootCause(cause, which, part) => {
                let cause = Cause::ALL.iter().find(|(known, _)| known == cause);
                let which = Part::ALL.iter().find(|(known, _)| known == which);
                let name = |found: Option<&str>| found.unwrap_or_default().to_owned();
                let cause = name(cause.map(|(_, name)| *name));
                let which = name(which.map(|(_, name)| *name));
                write!(f, "rootcause.{cause}.{which}")?;
                braced(f, part.as_deref())
            }
            Self::RootCauseJson(json) => write!(f, "rootcause.json = #{json}"),
        }
    }
}

impl Display for Id {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let parts = [
            ("name", &self.name),
            ("type", &self.kind),
            ("account.id", &self.account),
        ];
        f.write_str("id(")?;
        let mut separator = "";
        for (key, value) in parts {
            if let Some(value) = value {
                write!(f, "{separator}{key}: {}", Quoted(value))?;
                separator = ", ";
            }
        }
        f.write_str(")")
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Expression], separator: &str) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            f.write_str(separator)?;
        }
        part.write_grouped(f)?;
    }
    Ok(())
}

fn braced(f: &mut Formatter<'_>, part: Option<&Expression>) -> fmt::Result {
    match part {
        Some(part) => write!(f, " {{ {part} }}"),
        None => Ok(()),
    }
}

struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            if "\"\\".contains(c) {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}
