//! Patterns for JSON log events: `{ $.level = "WARN" && ($.status >= 400 || $.error IS TRUE) }`.

use super::comparison::Comparison;
use super::cursor::{Cursor, PatternError};
use super::document::{Leaf, Selected, select};
use super::selector::Selector;
use super::{Extracted, RegexCount};

/// Maximum number of wildcard selectors in a pattern.
const MAX_WILDCARDS: usize = 3;

/// Maximum number of parentheses inside each other. Each level needs stack while the pattern is parsed. AWS's guide names no
/// limit.
const MAX_DEPTH: usize = 50;

/// An expression over the properties of a JSON document.
#[derive(Clone, Debug)]
pub struct JsonPattern {
    expression: Expression,
    selectors: Vec<Selector>,
}

#[derive(Clone, Debug)]
enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    /// The index of a selector, and a condition of what it selects.
    Condition(usize, Condition),
}

#[derive(Clone, Debug)]
enum Condition {
    Compare(Comparison),
    IsNull,
    Is(bool),
    NotExists,
}

impl JsonPattern {
    pub fn parse(text: &str, regexes: &mut RegexCount) -> Result<Self, PatternError> {
        let mut parser = Parser {
            cursor: Cursor::new(text),
            regexes,
            selectors: Vec::new(),
            depth: 0,
        };
        if !text.ends_with('}') {
            let message = "If a filter pattern starts with '{' it must end with '}'";
            return Err(PatternError::new(message, text.chars().count()));
        }
        parser.cursor.eat("{");
        let expression = parser.parse_any()?;
        if !parser.cursor.eat("}") || !parser.cursor.is_at_end() {
            return Err(parser.cursor.unexpected("}"));
        }
        Ok(Self {
            expression,
            selectors: parser.selectors,
        })
    }

    pub fn matches(&self, message: &str) -> bool {
        let selected = select(message, &self.selectors);
        selected.is_some_and(|selected| self.expression.is_true(&selected))
    }

    pub fn extract(&self, message: &str) -> Option<Extracted> {
        let selected = select(message, &self.selectors)?;
        if !self.expression.is_true(&selected) {
            return None;
        }
        let values = selected.iter().filter_map(|(index, leaf)| {
            let selector = self.selectors.get(*index)?;
            Some((selector.to_string(), leaf.text()?))
        });
        Some(values.collect())
    }
}

impl Expression {
    fn is_true(&self, selected: &Selected<'_>) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.is_true(selected)),
            Self::All(parts) => parts.iter().all(|part| part.is_true(selected)),
            Self::Condition(index, condition) => {
                let own = selected.iter().filter(|(selector, _)| selector == index);
                let mut own = own.map(|(_, leaf)| leaf);
                match condition {
                    Condition::NotExists => own.next().is_none(),
                    _ => own.any(|leaf| condition.is_true(leaf)),
                }
            }
        }
    }
}

impl Condition {
    /// Whether the condition is true for a value that exists.
    fn is_true(&self, leaf: &Leaf<'_>) -> bool {
        match (self, leaf) {
            (Self::IsNull, Leaf::Null) => true,
            (Self::Is(expected), Leaf::Bool(actual)) => expected == actual,
            (Self::Compare(comparison), Leaf::Text(text)) => comparison.matches_text(text),
            (Self::Compare(comparison), Leaf::Number(number)) => number
                .as_f64()
                .is_some_and(|value| comparison.matches_number(value, || number.to_string())),
            _ => false,
        }
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    regexes: &'a mut RegexCount,
    selectors: Vec<Selector>,
    /// The number of parentheses that are open.
    depth: usize,
}

impl Parser<'_> {
    /// Parses conditions with `||` between them. `&&` binds stronger.
    fn parse_any(&mut self) -> Result<Expression, PatternError> {
        self.parse_list("||", Self::parse_all, Expression::Any)
    }

    fn parse_all(&mut self) -> Result<Expression, PatternError> {
        self.parse_list("&&", Self::parse_part, Expression::All)
    }

    fn parse_list(
        &mut self,
        operator: &str,
        parse: fn(&mut Self) -> Result<Expression, PatternError>,
        join: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression, PatternError> {
        let first = parse(self)?;
        if !self.cursor.eat(operator) {
            return Ok(first);
        }
        let mut parts = vec![first, parse(self)?];
        while self.cursor.eat(operator) {
            parts.push(parse(self)?);
        }
        Ok(join(parts))
    }

    /// Parses an expression in parentheses, or a condition. Moves over the blanks before and behind it.
    fn parse_part(&mut self) -> Result<Expression, PatternError> {
        self.cursor.skip_blanks();
        let start = self.cursor.position();
        let part = if self.cursor.eat("(") {
            if self.depth == MAX_DEPTH {
                let message = format!(
                    "A filter pattern cannot have more than {MAX_DEPTH} nested parentheses"
                );
                return Err(PatternError::new(message, start));
            }
            self.depth += 1;
            let expression = self.parse_any()?;
            self.depth -= 1;
            if !self.cursor.eat(")") {
                return Err(self.cursor.unexpected(")"));
            }
            expression
        } else {
            let selector = Selector::take(&mut self.cursor)?;
            self.cursor.skip_blanks();
            let condition = self.parse_condition()?;
            self.selectors.push(selector);
            let wildcards: usize = self.selectors.iter().map(Selector::wildcards).sum();
            if wildcards > MAX_WILDCARDS {
                let message =
                    format!("A filter pattern cannot have more than {MAX_WILDCARDS} wildcards");
                return Err(PatternError::new(message, start));
            }
            Expression::Condition(self.selectors.len() - 1, condition)
        };
        self.cursor.skip_blanks();
        Ok(part)
    }

    fn parse_condition(&mut self) -> Result<Condition, PatternError> {
        let cursor = &mut self.cursor;
        if Comparison::follows(cursor) {
            let comparison = Comparison::parse(cursor, self.regexes)?;
            return Ok(Condition::Compare(comparison));
        }
        let keywords: [(&[&str], Condition); 4] = [
            (&["IS", "NULL"], Condition::IsNull),
            (&["IS", "TRUE"], Condition::Is(true)),
            (&["IS", "FALSE"], Condition::Is(false)),
            (&["NOT", "EXISTS"], Condition::NotExists),
        ];
        for (words, condition) in keywords {
            let mut after = *cursor;
            let is_next = words.iter().all(|word| {
                after.skip_blanks();
                after.take_while(|it| it.is_ascii_alphanumeric()) == *word
            });
            if is_next {
                *cursor = after;
                return Ok(condition);
            }
        }
        Err(cursor.unexpected("an operator"))
    }
}
