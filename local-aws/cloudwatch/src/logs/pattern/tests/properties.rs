//! Properties of all patterns.

use proptest::prelude::*;
use serde_json::json;

use super::super::Pattern;
use super::parse;

/// A JSON expression, its text, and its value for [`DOCUMENT`].
#[derive(Clone, Debug)]
enum Expression {
    Leaf(bool),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

const DOCUMENT: &str = r#"{"a": 1, "b": "x"}"#;

impl Expression {
    fn value(&self) -> bool {
        match self {
            Self::Leaf(value) => *value,
            Self::And(parts) => parts.iter().all(Self::value),
            Self::Or(parts) => parts.iter().any(Self::value),
        }
    }

    /// The text with only those parentheses that the precedence of the operators needs.
    fn text(&self, blank: &str) -> String {
        match self {
            Self::Leaf(true) => format!("$.a{blank}={blank}1"),
            Self::Leaf(false) => format!("$.b{blank}={blank}\"y\""),
            Self::And(parts) => {
                let texts = parts.iter().map(|part| match part {
                    Self::Or(_) => format!("({})", part.text(blank)),
                    _ => part.text(blank),
                });
                let texts: Vec<_> = texts.collect();
                texts.join(&format!("{blank}&&{blank}"))
            }
            Self::Or(parts) => {
                let texts: Vec<_> = parts.iter().map(|part| part.text(blank)).collect();
                texts.join(&format!("{blank}||{blank}"))
            }
        }
    }
}

fn expression() -> impl Strategy<Value = Expression> {
    any::<bool>()
        .prop_map(Expression::Leaf)
        .prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::And),
                prop::collection::vec(inner, 2..4).prop_map(Expression::Or),
            ]
        })
}

/// Texts that look like patterns.
fn pattern_like() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("$."),
        Just("$.a"),
        Just("a"),
        Just("1"),
        Just(" "),
        Just("="),
        Just("!="),
        Just(">="),
        Just("&&"),
        Just("||"),
        Just("\""),
        Just("%"),
        Just("\\"),
        Just("*"),
        Just("..."),
        Just(","),
        Just("?"),
        Just("-"),
        Just("IS"),
        Just("NULL"),
        Just("NOT"),
        Just("EXISTS"),
        Just("['"),
        Just("']"),
        Just("é"),
        Just("\\x4"),
    ];
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn each_text_is_a_pattern_or_has_an_error_within_it(
        text in prop_oneof![any::<String>(), pattern_like(), pattern_like().prop_map(|it| format!("{{{it}}}")),
            pattern_like().prop_map(|it| format!("[{it}]"))],
        message in prop_oneof![any::<String>(), pattern_like()],
    ) {
        match Pattern::parse(&text) {
            Ok(pattern) => prop_assert_eq!(pattern.matches(&message), pattern.extract(&message).is_some()),
            Err(error) => prop_assert!(error.position() <= text.chars().count(), "{}", error),
        }
    }

    #[test]
    fn and_binds_stronger_than_or(expression in expression(), blank in " {0,2}") {
        let pattern = format!("{{{}}}", expression.text(&blank));
        prop_assert_eq!(parse(&pattern).matches(DOCUMENT), expression.value(), "{}", pattern);
    }

    #[test]
    fn equal_is_the_opposite_of_not_equal_for_a_value_that_exists(
        value in prop_oneof![any::<String>().prop_map(|it| json!(it)), any::<i32>().prop_map(|it| json!(it)),
            any::<f64>().prop_map(|it| json!(it))],
        operand in "[a-z0-9.*]{1,4}|\"[ -!#-\\[\\]-~]{1,4}\"",
    ) {
        prop_assume!(!value.is_null());
        let message = json!({ "v": value }).to_string();
        let [equal, other] = ["=", "!="].map(|operator| parse(&format!("{{ $.v {operator} {operand} }}")));
        prop_assert_ne!(equal.matches(&message), other.matches(&message));
    }

    #[test]
    fn a_quoted_text_matches_the_events_that_contain_it(
        before in any::<String>(), text in "[^ ]{1,8}", after in any::<String>(), other in any::<String>(),
    ) {
        prop_assume!(!text.trim().is_empty());
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let pattern = parse(&format!("\"{quoted}\""));
        let message = [before, text.clone(), after].concat();
        prop_assert!(pattern.matches(&message));
        prop_assert_eq!(pattern.matches(&other), other.contains(&text));
        let excluded = parse(&format!("-\"{quoted}\""));
        prop_assert_ne!(excluded.matches(&other), pattern.matches(&other));
    }

    #[test]
    fn a_quoted_value_equals_itself(text in "[^*]{1,16}", key in "[^']{1,8}") {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let pattern = parse(&format!("{{ $.['{key}'] = \"{quoted}\" }}"));
        let message = json!({ key: text }).to_string();
        prop_assert!(pattern.matches(&message));
    }

    #[test]
    fn the_extracted_fields_of_an_ellipsis_are_the_words(words in prop::collection::vec("[a-z0-9]{1,6}", 1..9)) {
        let extracted = parse("[...]").extract(&words.join(" ")).unwrap();
        for (number, word) in words.iter().enumerate() {
            prop_assert_eq!(&extracted[&format!("${}", number + 1)], word);
        }
    }
}
