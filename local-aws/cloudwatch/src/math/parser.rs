//! Expressions of metric math.

use super::Series;

/// Most parentheses, signs and functions inside each other.
const MAX_DEPTH: usize = 100;

/// Most operands. Each operator is a level of its expression, and each level needs stack. AWS's guide has only a limit of
/// characters.
const MAX_OPERANDS: usize = 200;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    Number(f64),
    Id(String),
    Operation(Box<Expression>, char, Box<Expression>),
    /// The sum of several series. A period counts if one of the series has a value.
    Sum(Vec<Expression>),
    Fill(Box<Expression>, Filling),
}

/// What replaces a missing value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Filling {
    Value(f64),
    /// The value of the last period that has one.
    Repeat,
}

/// The value of an expression.
enum Value {
    Number(f64),
    Series(Series),
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// Fails with a description if the text is no expression, or has functions that are not implemented.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            rest: text,
            depth: 0,
            operands: 0,
        };
        let expression = parser.sum()?;
        parser.skip_spaces();
        match parser.rest {
            "" => Ok(expression),
            rest => Err(format!("is not implemented or not valid at `{rest}`")),
        }
    }

    /// The ids in the expression.
    pub fn ids(&self) -> Vec<&str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Id(id) => vec![id],
            Self::Operation(left, _, right) => [left.ids(), right.ids()].concat(),
            Self::Sum(terms) => terms.iter().flat_map(Self::ids).collect(),
            Self::Fill(of, _) => of.ids(),
        }
    }

    /// Evaluates the expression. `series` returns the series with an id. `periods` are the starts of all periods.
    pub fn evaluate(&self, series: &impl Fn(&str) -> Series, periods: &[i64]) -> Series {
        match self.value(series, periods) {
            Value::Series(series) => series,
            Value::Number(number) => periods.iter().map(|start| (*start, number)).collect(),
        }
    }

    fn value(&self, series: &impl Fn(&str) -> Series, periods: &[i64]) -> Value {
        match self {
            Self::Number(number) => Value::Number(*number),
            Self::Id(id) => Value::Series(series(id)),
            Self::Operation(left, operator, right) => {
                let (left, right) = (left.value(series, periods), right.value(series, periods));
                combine(left, *operator, right)
            }
            Self::Sum(terms) => {
                let mut sum = Series::new();
                for term in terms {
                    for (start, value) in term.evaluate(series, periods) {
                        *sum.entry(start).or_default() += value;
                    }
                }
                Value::Series(sum)
            }
            Self::Fill(of, filling) => {
                let mut filled = of.evaluate(series, periods);
                let mut last = None;
                for start in periods {
                    let replacement = match filling {
                        Filling::Value(value) => Some(*value),
                        Filling::Repeat => last,
                    };
                    if let (None, Some(value)) = (filled.get(start), replacement) {
                        filled.insert(*start, value);
                    }
                    last = filled.get(start).copied().or(last);
                }
                Value::Series(filled)
            }
        }
    }
}

/// Applies an operator. A period in which one side has no value, or the result is no number, has no result.
fn combine(left: Value, operator: char, right: Value) -> Value {
    let apply = |left: f64, right: f64| match operator {
        '+' => left + right,
        '-' => left - right,
        '*' => left * right,
        _ => left / right,
    };
    let series: Series = match (left, right) {
        (Value::Number(left), Value::Number(right)) => return Value::Number(apply(left, right)),
        (Value::Series(left), Value::Number(right)) => {
            let left = left.into_iter();
            left.map(|(start, left)| (start, apply(left, right)))
                .collect()
        }
        (Value::Number(left), Value::Series(right)) => {
            let right = right.into_iter();
            right
                .map(|(start, right)| (start, apply(left, right)))
                .collect()
        }
        (Value::Series(left), Value::Series(right)) => {
            let left = left.into_iter();
            left.filter_map(|(start, left)| Some((start, apply(left, *right.get(&start)?))))
                .collect()
        }
    };
    let finite = series.into_iter().filter(|(_, value)| value.is_finite());
    Value::Series(finite.collect())
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    operands: usize,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Expression, String> {
        self.operations(&['+', '-'], Self::product)
    }

    fn product(&mut self) -> Result<Expression, String> {
        self.operations(&['*', '/'], Self::operand)
    }

    fn operations(
        &mut self,
        operators: &[char],
        operand: fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut left = operand(self)?;
        while let Some(operator) = operators.iter().find(|it| self.accept(**it)) {
            left = Expression::Operation(Box::new(left), *operator, Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("has too many levels".to_owned());
        }
        self.operands += 1;
        if self.operands > MAX_OPERANDS {
            return Err(format!("has more than {MAX_OPERANDS} operands"));
        }
        let operand = self.operand_in_depth();
        self.depth -= 1;
        operand
    }

    fn operand_in_depth(&mut self) -> Result<Expression, String> {
        if self.accept('(') {
            let inner = self.sum()?;
            self.expect(')')?;
            return Ok(inner);
        }
        if self.accept('-') {
            let negated = Box::new(self.operand()?);
            return Ok(Expression::Operation(
                Box::new(Expression::Number(0.0)),
                '-',
                negated,
            ));
        }
        let word = self.word();
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            let number = word.parse().ok();
            return match number.filter(|number: &f64| number.is_finite()) {
                Some(number) => Ok(Expression::Number(number)),
                None => Err(format!("has the invalid number {word}")),
            };
        }
        match &*word {
            "SUM" => {
                self.expect('(')?;
                self.expect('[')?;
                let mut terms = vec![self.sum()?];
                while self.accept(',') {
                    terms.push(self.sum()?);
                }
                self.expect(']')?;
                self.expect(')')?;
                Ok(Expression::Sum(terms))
            }
            "FILL" => {
                self.expect('(')?;
                let of = Box::new(self.sum()?);
                self.expect(',')?;
                let filling = match self.sum()? {
                    Expression::Number(value) => Filling::Value(value),
                    Expression::Id(id) if id == "REPEAT" => Filling::Repeat,
                    _ => {
                        return Err(
                            "has a FILL that is not implemented: use a number or REPEAT".to_owned()
                        );
                    }
                };
                self.expect(')')?;
                Ok(Expression::Fill(of, filling))
            }
            "" => Err(format!(
                "is not implemented or not valid at `{}`",
                self.rest
            )),
            word if self.rest.trim_start().starts_with('(') => {
                Err(format!("has the function {word}, which is not implemented"))
            }
            word => Ok(Expression::Id(word.to_owned())),
        }
    }

    /// Takes a name or a number.
    fn word(&mut self) -> String {
        self.skip_spaces();
        let end = self
            .rest
            .find(|it: char| !it.is_ascii_alphanumeric() && it != '_' && it != '.');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }

    fn accept(&mut self, character: char) -> bool {
        self.skip_spaces();
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, character: char) -> Result<(), String> {
        match self.accept(character) {
            true => Ok(()),
            false => Err(format!("needs `{character}` at `{}`", self.rest)),
        }
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }
}
