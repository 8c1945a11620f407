//! Words become a tree.

mod comparisons;

use super::Invalid;
use super::keyword::Scope;
use super::lexer::{Token, What, words};
use super::literal::is_operator;
use super::tree::{Cause, Expression, Id, Part};

/// How deep brackets may be nested.
const MAX_DEPTH: usize = 100;

/// Longest expression in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Reads an expression about traces.
pub fn parse(text: &str) -> Result<Expression, Invalid> {
    let mut parser = Parser::new(text)?;
    let expression = parser.any(Scope::Trace)?;
    match parser.peek() {
        What::End => Ok(expression),
        _ => Err(parser.unexpected("AND, OR or the end")),
    }
}

/// Reads one `service()` or `edge()`, or `id()`, which stands for the service; none where it is something
/// else, or more.
pub fn parse_selector(text: &str) -> Result<Option<Expression>, Invalid> {
    let mut parser = Parser::new(text)?;
    let selector = match parser.is_word("id") {
        true => Expression::Service(parser.id()?, None),
        false => parser.any(Scope::Trace)?,
    };
    let is_one = matches!(selector, Expression::Service(..) | Expression::Edge(..));
    Ok((is_one && *parser.peek() == What::End).then_some(selector))
}

struct Parser {
    words: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_BYTES {
            return Err(Invalid {
                position: 1,
                message: format!("the expression is longer than {MAX_BYTES} bytes"),
            });
        }
        Ok(Self {
            words: words(text)?,
            at: 0,
            depth: 0,
        })
    }

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
