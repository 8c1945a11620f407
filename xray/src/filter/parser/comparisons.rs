//! Keywords and annotations, and what they are compared with.

use super::Parser;
use crate::filter::Invalid;
use crate::filter::keyword::{Keyword, Scope};
use crate::filter::lexer::What;
use crate::filter::literal::{Comparison, Literal, is_operator};
use crate::filter::tree::{AnnotationTest, Expression, Order};

impl Parser {
    /// A keyword, with what it is compared with.
    pub(super) fn keyword(&mut self, word: &str, scope: Scope) -> Result<Expression, Invalid> {
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

    /// An annotation, with what it is compared with.
    pub(super) fn annotation(&mut self, key: String, scope: Scope) -> Result<Expression, Invalid> {
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
                Some(AnnotationTest::FlagUnequal(value))
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
}
