//! Words become a tree.

use super::Invalid;
use super::keyword::{Keyword, Scope};
use super::lexer::{Token, What, words};
use super::tree::{AnnotationTest, Cause, Expression, Id, Match, Order, Part};

/// How deep brackets may be nested.
const MAX_DEPTH: usize = 100;

/// Longest expression in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Reads an expression about traces.
pub fn parse(text: &str) -> Result<Expression, Invalid> {
    if text.len() > MAX_BYTES {
        return Err(Invalid {
            position: 1,
            message: format!("the expression is longer than {MAX_BYTES} bytes"),
        });
    }
    let mut parser = Parser {
        words: words(text)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.any(Scope::Trace)?;
    match parser.peek() {
        What::End => Ok(expression),
        _ => Err(parser.unexpected("AND, OR or the end")),
    }
}

struct Parser {
    words: Vec<Token>,
    at: usize,
    depth: usize,
}

/// What may be compared with.
enum Literal {
    Flag(bool),
    Number(f64),
    Text(String),
}

impl Parser {
    fn token(&self) -> &Token {
        // The last word is the end, which is never passed.
        &self.words[self.at.min(self.words.len() - 1)]
    }

    fn peek(&self) -> &What {
        &self.token().what
    }

    fn position(&self) -> usize {
        self.token().position
    }

    fn invalid(&self, message: impl Into<String>) -> Invalid {
        Invalid {
            position: self.position(),
            message: message.into(),
        }
    }

    fn unexpected(&self, wanted: &str) -> Invalid {
        let found = match self.peek() {
            What::Word(word) => format!("'{word}'"),
            What::Text(_) => "a text".to_owned(),
            What::Number(_) => "a number".to_owned(),
            What::Annotation(_) => "an annotation".to_owned(),
            What::Json(_) => "JSON".to_owned(),
            What::Sign(sign) => format!("'{sign}'"),
            What::End => "the end".to_owned(),
        };
        self.invalid(format!("{wanted} is expected, not {found}"))
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.peek(), What::Sign(found) if *found == sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn wants(&mut self, sign: &str) -> Result<(), Invalid> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("'{sign}'"))),
        }
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.peek(), What::Word(word) if word.eq_ignore_ascii_case(wanted))
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let is_there = self.is_word(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn any(&mut self, scope: Scope) -> Result<Expression, Invalid> {
        let mut parts = vec![self.all(scope)?];
        while self.takes_word("or") {
            parts.push(self.all(scope)?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn all(&mut self, scope: Scope) -> Result<Expression, Invalid> {
        let mut parts = vec![self.term(scope)?];
        loop {
            let is_over = match self.peek() {
                What::End => true,
                What::Sign(sign) => !["(", "!"].contains(sign),
                _ => self.is_word("or"),
            };
            if is_over {
                return Ok(one_or(parts, Expression::All));
            }
            // Two terms side by side mean the same.
            self.takes_word("and");
            parts.push(self.term(scope)?);
        }
    }

    fn term(&mut self, scope: Scope) -> Result<Expression, Invalid> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.invalid(format!("more than {MAX_DEPTH} brackets are open")));
        }
        let term = match self.peek() {
            What::Sign("!") => {
                self.at += 1;
                self.term(scope).map(|term| Expression::Not(Box::new(term)))
            }
            What::Sign("(") => {
                self.at += 1;
                let inner = self.any(scope)?;
                self.wants(")").map(|()| inner)
            }
            _ => self.statement(scope),
        };
        self.depth -= 1;
        term
    }

    fn statement(&mut self, scope: Scope) -> Result<Expression, Invalid> {
        match self.peek().clone() {
            What::Annotation(key) => {
                self.at += 1;
                self.annotation(key, scope)
            }
            What::Word(word) => {
                let lower = word.to_ascii_lowercase();
                match lower.as_str() {
                    _ if is_operator(&lower) => Err(self.unexpected("a keyword")),
                    "service" => self.service(scope),
                    "edge" => self.edge(scope),
                    _ if lower.starts_with("rootcause.") => self.root_cause(&lower, scope),
                    _ if lower.starts_with("annotation.") => {
                        let key = word["annotation.".len()..].to_owned();
                        if key.is_empty() {
                            return Err(self.invalid("the annotation's key is missing"));
                        }
                        self.at += 1;
                        self.annotation(key, scope)
                    }
                    _ => self.keyword(&word, scope),
                }
            }
            _ => Err(self.unexpected("a keyword")),
        }
    }

    fn keyword(&mut self, word: &str, scope: Scope) -> Result<Expression, Invalid> {
        let Some((keyword, scopes)) = Keyword::find(word) else {
            return Err(self.invalid(format!("'{word}' is no keyword")));
        };
        if !scopes.contains(&scope) {
            let known: Vec<_> = Keyword::names(scope).collect();
            let known = known.join(", ");
            let message = format!("'{word}' cannot be asked here; what can: {known}");
            return Err(self.invalid(message));
        }
        self.at += 1;
        let position = self.position();
        let wrong = |message: String| Err(Invalid { position, message });
        let name = keyword.name();
        match keyword {
            Keyword::Flag(flag) => match self.comparison()? {
                None => Ok(Expression::Flag(flag, true)),
                Some((Comparison::Order(order @ (Order::Equal | Order::Unequal)), value)) => {
                    match value.truth() {
                        Some(truth) => Ok(Expression::Flag(flag, truth == (order == Order::Equal))),
                        None => wrong(format!("{name} is true or false")),
                    }
                }
                Some(_) => wrong(format!(
                    "{name} is true or false, and compares by = and != alone"
                )),
            },
            Keyword::Number(number) => match self.comparison()? {
                None => Ok(Expression::Has(keyword)),
                Some((Comparison::Order(order), Literal::Number(value))) => {
                    Ok(Expression::Number(number, order, value))
                }
                Some(_) => wrong(format!("{name} compares with a number by = != < <= > >=")),
            },
            Keyword::Text(text) => match self.comparison()? {
                None => Ok(Expression::Has(keyword)),
                Some((how, value)) => match (how.of_text(), value.into_text()) {
                    (Some(how), Some(value)) => Ok(Expression::Text(text, how, value)),
                    _ => wrong(format!(
                        "{name} compares with a text by = != CONTAINS BEGINSWITH ENDSWITH"
                    )),
                },
            },
        }
    }

    fn annotation(&mut self, key: String, scope: Scope) -> Result<Expression, Invalid> {
        if !matches!(scope, Scope::Trace | Scope::Segment) {
            self.at -= 1;
            return Err(self.invalid("root causes have no annotations"));
        }
        let position = self.position();
        let Some((how, value)) = self.comparison()? else {
            return Ok(Expression::Annotation(key, AnnotationTest::Holds));
        };
        let test = match (how, value) {
            (Comparison::Order(order), Literal::Number(value)) => {
                Some(AnnotationTest::Number(order, value))
            }
            (Comparison::Order(Order::Equal), Literal::Flag(value)) => {
                Some(AnnotationTest::Flag(value))
            }
            (Comparison::Order(Order::Unequal), Literal::Flag(value)) => {
                Some(AnnotationTest::Flag(!value))
            }
            (how, Literal::Text(value)) => {
                how.of_text().map(|how| AnnotationTest::Text(how, value))
            }
            _ => None,
        };
        match test {
            Some(test) => Ok(Expression::Annotation(key, test)),
            None => Err(Invalid {
                position,
                message: "this operator does not compare values of this type".to_owned(),
            }),
        }
    }

    /// An operator and a value, if there is an operator.
    fn comparison(&mut self) -> Result<Option<(Comparison, Literal)>, Invalid> {
        let Some(how) = Comparison::of(self.peek()) else {
            return Ok(None);
        };
        self.at += 1;
        let value = match self.peek().clone() {
            What::Text(text) => Literal::Text(text),
            What::Number(number) => Literal::Number(number),
            What::Word(word) if word.eq_ignore_ascii_case("true") => Literal::Flag(true),
            What::Word(word) if word.eq_ignore_ascii_case("false") => Literal::Flag(false),
            // The guide says that texts stand in quotation marks, and has an example where one does not.
            What::Word(word) if !is_operator(&word) => Literal::Text(word),
            _ => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        Ok(Some((how, value)))
    }

    fn service(&mut self, scope: Scope) -> Result<Expression, Invalid> {
        self.at_outermost("service", scope)?;
        self.wants("(")?;
        let id = match self.peek() {
            What::Sign(")") => Id::default(),
            _ => self.id()?,
        };
        self.wants(")")?;
        Ok(Expression::Service(id, self.braces(Scope::Segment)?))
    }

    fn edge(&mut self, scope: Scope) -> Result<Expression, Invalid> {
        self.at_outermost("edge", scope)?;
        self.wants("(")?;
        let from = self.id()?;
        self.wants(",")?;
        let to = self.id()?;
        self.wants(")")?;
        Ok(Expression::Edge(from, to, self.braces(Scope::Segment)?))
    }

    fn at_outermost(&mut self, name: &str, scope: Scope) -> Result<(), Invalid> {
        if scope != Scope::Trace {
            return Err(self.invalid(format!("{name}() cannot stand in braces")));
        }
        self.at += 1;
        Ok(())
    }

    fn id(&mut self) -> Result<Id, Invalid> {
        if let What::Text(name) = self.peek().clone() {
            self.at += 1;
            return Ok(Id {
                name: Some(name),
                ..Id::default()
            });
        }
        if !self.takes_word("id") {
            return Err(self.unexpected("a name in quotation marks or id()"));
        }
        self.wants("(")?;
        let mut id = Id::default();
        while !self.takes(")") {
            let part = match self.peek() {
                What::Word(word) => match word.to_ascii_lowercase().as_str() {
                    "name" => &mut id.name,
                    "type" => &mut id.kind,
                    "account.id" => &mut id.account,
                    _ => return Err(self.unexpected("name:, type: or account.id:")),
                },
                _ => return Err(self.unexpected("name:, type: or account.id:")),
            };
            if part.is_some() {
                return Err(self.invalid("this is said already"));
            }
            self.at += 1;
            self.wants(":")?;
            let What::Text(value) = self.peek().clone() else {
                return Err(self.unexpected("a text in quotation marks"));
            };
            *part = Some(value);
            self.at += 1;
            if !self.takes(",") && !matches!(self.peek(), What::Sign(")")) {
                return Err(self.unexpected("',' or ')'"));
            }
        }
        Ok(id)
    }

    fn root_cause(&mut self, word: &str, scope: Scope) -> Result<Expression, Invalid> {
        if word == "rootcause.json" {
            self.at_outermost(word, scope)?;
            self.wants("=")?;
            let What::Json(json) = self.peek().clone() else {
                return Err(self.unexpected("'#' and JSON"));
            };
            if !super::json::is_pattern(&json) {
                return Err(self.invalid("after '#', an array of objects is expected"));
            }
            self.at += 1;
            return Ok(Expression::RootCauseJson(json));
        }
        let Some((cause, part)) = cause(word) else {
            return Err(self.invalid(format!(
                "'{word}' is no root cause; rootcause.json is one, rootcause.fault.service, \
                 rootcause.fault.entity, rootcause.fault.exception, the same of error, \
                 rootcause.responsetime.service and rootcause.responsetime.entity"
            )));
        };
        self.at_outermost(word, scope)?;
        let inner = match part {
            Part::Service => Scope::CauseService,
            Part::Entity => Scope::CauseEntity {
                has_coverage: cause == Cause::ResponseTime,
            },
            Part::Exception => Scope::CauseException,
        };
        Ok(Expression::RootCause(cause, part, self.braces(inner)?))
    }

    fn braces(&mut self, scope: Scope) -> Result<Option<Box<Expression>>, Invalid> {
        if !self.takes("{") {
            return Ok(None);
        }
        let inner = self.any(scope)?;
        self.wants("}")?;
        Ok(Some(Box::new(inner)))
    }
}

/// How a keyword and a value compare.
#[derive(Clone, Copy)]
enum Comparison {
    Order(Order),
    Match(Match),
}

impl Comparison {
    fn of(what: &What) -> Option<Self> {
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

    fn of_text(self) -> Option<Match> {
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
    fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Number(_) => None,
        }
    }

    /// True or false, also as a text.
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => text.to_ascii_lowercase().parse().ok(),
            Self::Number(_) => None,
        }
    }
}

fn is_operator(word: &str) -> bool {
    let operators = ["and", "or", "contains", "beginswith", "endswith"];
    operators
        .iter()
        .any(|operator| operator.eq_ignore_ascii_case(word))
}

fn cause(word: &str) -> Option<(Cause, Part)> {
    let (cause, part) = word.strip_prefix("rootcause.")?.split_once('.')?;
    let (cause, _) = Cause::ALL.iter().find(|(_, name)| *name == cause)?;
    let (part, _) = Part::ALL.iter().find(|(_, name)| *name == part)?;
    let is_known = (*cause, *part) != (Cause::ResponseTime, Part::Exception);
    is_known.then_some((*cause, *part))
}

fn one_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}
