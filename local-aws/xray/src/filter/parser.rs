//! Parses an expression into a syntax tree, by recursive descent.

use super::comparisons::{parse_annotation_condition, parse_keyword_condition};
use super::cursor::Cursor;
use super::error::ParseError;
use super::json::is_pattern_array;
use super::keyword::Scope;
use super::lexer::TokenKind;
use super::literal::is_operator_word;
use super::tree::{CauseKind, CausePart, Expression, NodePattern};

/// Maximum nesting depth of brackets and negations. The maximum nesting depth limits the recursion of the
/// parser.
const MAX_DEPTH: usize = 100;

/// Parses a filter expression.
pub fn parse_filter(text: &str) -> Result<Expression, ParseError> {
    let mut parser = Parser::new(text)?;
    let expression = parser.parse_or(Scope::Trace)?;
    match parser.cursor.peek() {
        TokenKind::End => Ok(expression),
        _ => Err(parser.cursor.unexpected_token("AND, OR or the end")),
    }
}

/// Parses one `service()`, `edge()` or `id()`. `id()` selects nodes in the same way as `service()`. Returns
/// `None` if the text is another kind of expression.
pub fn parse_entity_selector(text: &str) -> Result<Option<Expression>, ParseError> {
    let mut parser = Parser::new(text)?;
    let selector = if parser.cursor.is_at_word("id") {
        Expression::Service(parser.parse_node_pattern()?, None)
    } else {
        parser.parse_or(Scope::Trace)?
    };
    let is_selector = matches!(selector, Expression::Service(..) | Expression::Edge(..));
    let is_at_end = *parser.cursor.peek() == TokenKind::End;
    Ok((is_selector && is_at_end).then_some(selector))
}

struct Parser {
    cursor: Cursor,
    /// Number of open brackets and negations around the next token.
    depth: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, ParseError> {
        Ok(Self {
            cursor: Cursor::new(text)?,
            depth: 0,
        })
    }

    fn parse_or(&mut self, scope: Scope) -> Result<Expression, ParseError> {
        let mut parts = vec![self.parse_and(scope)?];
        while self.cursor.consume_word("or") {
            parts.push(self.parse_and(scope)?);
        }
        Ok(combine_parts(parts, Expression::Or))
    }

    fn parse_and(&mut self, scope: Scope) -> Result<Expression, ParseError> {
        let mut parts = vec![self.parse_term(scope)?];
        loop {
            let is_complete = match self.cursor.peek() {
                TokenKind::End => true,
                TokenKind::Symbol(symbol) => !["(", "!"].contains(symbol),
                _ => self.cursor.is_at_word("or"),
            };
            if is_complete {
                return Ok(combine_parts(parts, Expression::And));
            }
            // The word `and` is optional: two conditions without a word in between are also combined with
            // AND.
            self.cursor.consume_word("and");
            parts.push(self.parse_term(scope)?);
        }
    }

    fn parse_term(&mut self, scope: Scope) -> Result<Expression, ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} brackets are open");
            return Err(self.cursor.error(message));
        }
        let term = if self.cursor.consume_symbol("!") {
            let term = self.parse_term(scope)?;
            Expression::Not(Box::new(term))
        } else if self.cursor.consume_symbol("(") {
            let term = self.parse_or(scope)?;
            self.cursor.expect_symbol(")")?;
            term
        } else {
            self.parse_condition(scope)?
        };
        self.depth -= 1;
        Ok(term)
    }

    fn parse_condition(&mut self, scope: Scope) -> Result<Expression, ParseError> {
        match self.cursor.peek().clone() {
            TokenKind::Annotation(key) => self.parse_annotation(key, scope),
            TokenKind::Word(word) => {
                let lowercase = word.to_ascii_lowercase();
                match lowercase.as_str() {
                    _ if is_operator_word(&lowercase) => {
                        Err(self.cursor.unexpected_token("a keyword"))
                    }
                    "service" => self.parse_service(scope),
                    "edge" => self.parse_edge(scope),
                    _ if lowercase.starts_with("rootcause.") => {
                        self.parse_root_cause(&lowercase, scope)
                    }
                    _ if lowercase.starts_with("annotation.") => {
                        let key = word["annotation.".len()..].to_owned();
                        if key.is_empty() {
                            return Err(self.cursor.error("the annotation's key is missing"));
                        }
                        self.parse_annotation(key, scope)
                    }
                    _ => parse_keyword_condition(&mut self.cursor, &word, scope),
                }
            }
            _ => Err(self.cursor.unexpected_token("a keyword")),
        }
    }

    fn parse_annotation(&mut self, key: String, scope: Scope) -> Result<Expression, ParseError> {
        if !matches!(scope, Scope::Trace | Scope::Segment) {
            return Err(self.cursor.error("root causes have no annotations"));
        }
        self.cursor.advance();
        parse_annotation_condition(&mut self.cursor, key)
    }

    fn parse_service(&mut self, scope: Scope) -> Result<Expression, ParseError> {
        self.advance_past_function("service", scope)?;
        self.cursor.expect_symbol("(")?;
        let node = if self.cursor.is_at_symbol(")") {
            NodePattern::default()
        } else {
            self.parse_node_pattern()?
        };
        self.cursor.expect_symbol(")")?;
        let condition = self.parse_braces(Scope::Segment)?;
        Ok(Expression::Service(node, condition))
    }

    fn parse_edge(&mut self, scope: Scope) -> Result<Expression, ParseError> {
        self.advance_past_function("edge", scope)?;
        self.cursor.expect_symbol("(")?;
        let from = self.parse_node_pattern()?;
        self.cursor.expect_symbol(",")?;
        let to = self.parse_node_pattern()?;
        self.cursor.expect_symbol(")")?;
        let condition = self.parse_braces(Scope::Segment)?;
        Ok(Expression::Edge(from, to, condition))
    }

    /// Moves past the name of a function. The function fails if the name is in braces, because functions are
    /// not permitted in braces.
    fn advance_past_function(&mut self, name: &str, scope: Scope) -> Result<(), ParseError> {
        if scope != Scope::Trace {
            let message = format!("{name}() is not permitted in braces");
            return Err(self.cursor.error(message));
        }
        self.cursor.advance();
        Ok(())
    }

    /// Parses the name of a node, or `id()`.
    fn parse_node_pattern(&mut self) -> Result<NodePattern, ParseError> {
        if let TokenKind::Text(name) = self.cursor.peek().clone() {
            self.cursor.advance();
            return Ok(NodePattern {
                name: Some(name),
                ..NodePattern::default()
            });
        }
        if !self.cursor.consume_word("id") {
            let expected = "a name in quotation marks or id()";
            return Err(self.cursor.unexpected_token(expected));
        }
        self.cursor.expect_symbol("(")?;
        let mut pattern = NodePattern::default();
        while !self.cursor.consume_symbol(")") {
            self.parse_node_property(&mut pattern)?;
            if !self.cursor.consume_symbol(",") && !self.cursor.is_at_symbol(")") {
                return Err(self.cursor.unexpected_token("',' or ')'"));
            }
        }
        Ok(pattern)
    }

    fn parse_node_property(&mut self, pattern: &mut NodePattern) -> Result<(), ParseError> {
        let property = if self.cursor.is_at_word("name") {
            &mut pattern.name
        } else if self.cursor.is_at_word("type") {
            &mut pattern.node_type
        } else if self.cursor.is_at_word("account.id") {
            &mut pattern.account_id
        } else {
            return Err(self.cursor.unexpected_token("name:, type: or account.id:"));
        };
        if property.is_some() {
            return Err(self.cursor.error("this property occurs twice"));
        }
        self.cursor.advance();
        self.cursor.expect_symbol(":")?;
        let TokenKind::Text(value) = self.cursor.peek().clone() else {
            return Err(self.cursor.unexpected_token("a text in quotation marks"));
        };
        *property = Some(value);
        self.cursor.advance();
        Ok(())
    }

    fn parse_root_cause(&mut self, word: &str, scope: Scope) -> Result<Expression, ParseError> {
        if word == "rootcause.json" {
            self.advance_past_function(word, scope)?;
            self.cursor.expect_symbol("=")?;
            let TokenKind::Json(json) = self.cursor.peek().clone() else {
                return Err(self.cursor.unexpected_token("'#' and JSON"));
            };
            if !is_pattern_array(&json) {
                return Err(self.cursor.error("expected an array of objects after '#'"));
            }
            self.cursor.advance();
            return Ok(Expression::RootCauseJson(json));
        }
        let Some((kind, part)) = parse_kind_and_part(word) else {
            return Err(self.cursor.error(format!(
                "'{word}' is not a root cause; permitted are rootcause.json, rootcause.fault.service, \
                 rootcause.fault.entity, rootcause.fault.exception, the same for error, \
                 rootcause.responsetime.service and rootcause.responsetime.entity"
            )));
        };
        self.advance_past_function(word, scope)?;
        let condition_scope = match part {
            CausePart::Service => Scope::CauseService,
            CausePart::Entity => Scope::CauseEntity {
                has_coverage: kind == CauseKind::ResponseTime,
            },
            CausePart::Exception => Scope::CauseException,
        };
        let condition = self.parse_braces(condition_scope)?;
        Ok(Expression::RootCause(kind, part, condition))
    }

    /// Parses `{ condition }` if the next token is a brace.
    fn parse_braces(&mut self, scope: Scope) -> Result<Option<Box<Expression>>, ParseError> {
        if !self.cursor.consume_symbol("{") {
            return Ok(None);
        }
        let condition = self.parse_or(scope)?;
        self.cursor.expect_symbol("}")?;
        Ok(Some(Box::new(condition)))
    }
}

/// Parses the kind and the part of a root cause from a word such as `rootcause.fault.service`.
fn parse_kind_and_part(word: &str) -> Option<(CauseKind, CausePart)> {
    let (kind, part) = word.strip_prefix("rootcause.")?.split_once('.')?;
    let (kind, _) = CauseKind::ALL.iter().find(|(_, name)| *name == kind)?;
    let (part, _) = CausePart::ALL.iter().find(|(_, name)| *name == part)?;
    let is_permitted = (*kind, *part) != (CauseKind::ResponseTime, CausePart::Exception);
    is_permitted.then_some((*kind, *part))
}

/// Combines several expressions with `combination`. Returns a single expression unchanged.
fn combine_parts(
    mut parts: Vec<Expression>,
    combination: fn(Vec<Expression>) -> Expression,
) -> Expression {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        combination(parts)
    }
}
