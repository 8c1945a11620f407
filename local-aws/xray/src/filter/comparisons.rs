//! Parses conditions on one keyword or annotation, such as `http.status >= 400`.

use super::cursor::Cursor;
use super::error::ParseError;
use super::keyword::{FlagKeyword, Keyword, NumberKeyword, Scope, TextKeyword};
use super::lexer::TokenKind;
use super::literal::{Literal, Operator, is_operator_word};
use super::tree::{AnnotationCondition, Expression, NumberOperator};

/// An operator and the value on the right side of the operator.
type Comparison = (Operator, Literal);

/// Parses a condition on the keyword `word`. When the function is called, the next token is `word`.
pub fn parse_keyword_condition(
    cursor: &mut Cursor,
    word: &str,
    scope: Scope,
) -> Result<Expression, ParseError> {
    let Some((keyword, scopes)) = Keyword::from_name(word) else {
        return Err(cursor.error(format!("'{word}' is not a keyword")));
    };
    if !scopes.contains(&scope) {
        let permitted_keywords: Vec<_> = Keyword::names_in_scope(scope).collect();
        let permitted_keywords = permitted_keywords.join(", ");
        let message =
            format!("'{word}' is not permitted here; permitted keywords are {permitted_keywords}");
        return Err(cursor.error(message));
    }
    cursor.advance();
    let position = cursor.position();
    let Some(comparison) = parse_comparison(cursor)? else {
        return Ok(match keyword {
            Keyword::Flag(flag) => Expression::Flag(flag, true),
            _ => Expression::IsSet(keyword),
        });
    };
    let condition = match keyword {
        Keyword::Flag(flag) => flag_condition(flag, comparison),
        Keyword::Number(number) => number_condition(number, comparison),
        Keyword::Text(text) => text_condition(text, comparison),
    };
    condition.map_err(|required| ParseError {
        position,
        message: format!("{} {required}", keyword.name()),
    })
}

fn flag_condition(
    keyword: FlagKeyword,
    (operator, value): Comparison,
) -> Result<Expression, &'static str> {
    let is_equal = match operator {
        Operator::Number(NumberOperator::Equal) => true,
        Operator::Number(NumberOperator::NotEqual) => false,
        _ => return Err("can be compared only by = and !="),
    };
    let value = value
        .as_bool()
        .ok_or("must be compared with true or false")?;
    Ok(Expression::Flag(keyword, value == is_equal))
}

fn number_condition(
    keyword: NumberKeyword,
    comparison: Comparison,
) -> Result<Expression, &'static str> {
    let (Operator::Number(operator), Literal::Number(value)) = comparison else {
        return Err("must be compared with a number by = != < <= > >=");
    };
    Ok(Expression::Number(keyword, operator, value))
}

fn text_condition(
    keyword: TextKeyword,
    (operator, value): Comparison,
) -> Result<Expression, &'static str> {
    let (Some(operator), Some(value)) = (operator.as_text_operator(), value.into_text()) else {
        return Err("must be compared with a text by = != CONTAINS BEGINSWITH ENDSWITH");
    };
    Ok(Expression::Text(keyword, operator, value))
}

/// Parses the rest of a condition on the annotation with the given key. The parsed tokens begin after the
/// annotation.
pub fn parse_annotation_condition(
    cursor: &mut Cursor,
    key: String,
) -> Result<Expression, ParseError> {
    let position = cursor.position();
    let Some(comparison) = parse_comparison(cursor)? else {
        return Ok(Expression::Annotation(key, AnnotationCondition::IsSet));
    };
    let condition = match comparison {
        (Operator::Number(operator), Literal::Number(value)) => {
            Some(AnnotationCondition::Number(operator, value))
        }
        (Operator::Number(NumberOperator::Equal), Literal::Flag(value)) => {
            Some(AnnotationCondition::FlagEquals(value))
        }
        (Operator::Number(NumberOperator::NotEqual), Literal::Flag(value)) => {
            Some(AnnotationCondition::FlagDiffers(value))
        }
        (operator, Literal::Text(value)) => {
            let operator = operator.as_text_operator();
            operator.map(|operator| AnnotationCondition::Text(operator, value))
        }
        _ => None,
    };
    match condition {
        Some(condition) => Ok(Expression::Annotation(key, condition)),
        None => Err(ParseError {
            position,
            message: "this operator does not compare values of this type".to_owned(),
        }),
    }
}

/// Parses an operator and a value. Returns `None` if the next token is not an operator.
fn parse_comparison(cursor: &mut Cursor) -> Result<Option<Comparison>, ParseError> {
    let Some(operator) = Operator::from_token(cursor.peek()) else {
        return Ok(None);
    };
    cursor.advance();
    let value = match cursor.peek().clone() {
        TokenKind::Text(text) => Literal::Text(text),
        TokenKind::Number(number) => Literal::Number(number),
        TokenKind::Word(word) if word.eq_ignore_ascii_case("true") => Literal::Flag(true),
        TokenKind::Word(word) if word.eq_ignore_ascii_case("false") => Literal::Flag(false),
        // The X-Ray developer guide requires quotation marks around texts, but one example of the guide has a
        // text without quotation marks.
        TokenKind::Word(word) if !is_operator_word(&word) => Literal::Text(word),
        _ => return Err(cursor.unexpected_token("a value")),
    };
    cursor.advance();
    Ok(Some((operator, value)))
}
