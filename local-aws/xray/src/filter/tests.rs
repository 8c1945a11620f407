//! Property test: the parser returns the syntax tree from which the text of an expression was generated.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::keyword::{Keyword, Scope};
use super::tree::{
    AnnotationCondition, CauseKind, CausePart, Expression, NodePattern, NumberOperator,
    TextOperator,
};
use super::*;

/// A generated expression: the text, and the syntax tree that the parser must return for the text.
type GeneratedExpression = (String, Expression);

const NUMBER_OPERATORS: [(&str, NumberOperator); 6] = [
    ("=", NumberOperator::Equal),
    ("!=", NumberOperator::NotEqual),
    ("<", NumberOperator::Less),
    ("<=", NumberOperator::LessOrEqual),
    (">", NumberOperator::Greater),
    (">=", NumberOperator::GreaterOrEqual),
];

const TEXT_OPERATORS: [(&str, TextOperator); 5] = [
    ("=", TextOperator::Equal),
    ("!=", TextOperator::NotEqual),
    ("CONTAINS", TextOperator::Contains),
    ("BEGINSWITH", TextOperator::BeginsWith),
    ("ENDSWITH", TextOperator::EndsWith),
];

fn finite_numbers() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("expressions have only finite numbers", |number| {
        number.is_finite()
    })
}

fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// Generates conditions on the keywords that the scope permits.
fn keyword_conditions(scope: Scope) -> BoxedStrategy<GeneratedExpression> {
    let names: Vec<_> = Keyword::names_in_scope(scope).collect();
    select(names)
        .prop_flat_map(|name| {
            let (keyword, _) = Keyword::from_name(name).unwrap();
            match keyword {
                Keyword::Flag(flag) => prop_oneof![
                    Just((name.to_owned(), Expression::Flag(flag, true))),
                    any::<bool>().prop_map(move |value| {
                        (format!("{name} = {value}"), Expression::Flag(flag, value))
                    }),
                ]
                .boxed(),
                Keyword::Number(number) => prop_oneof![
                    Just((name.to_owned(), Expression::IsSet(keyword))),
                    (select(&NUMBER_OPERATORS[..]), finite_numbers()).prop_map(
                        move |((symbol, operator), value)| {
                            let text = format!("{name} {symbol} {value:?}");
                            (text, Expression::Number(number, operator, value))
                        }
                    ),
                ]
                .boxed(),
                Keyword::Text(text) => prop_oneof![
                    Just((name.to_owned(), Expression::IsSet(keyword))),
                    (select(&TEXT_OPERATORS[..]), any::<String>()).prop_map(
                        move |((symbol, operator), value)| {
                            let condition = format!("{name} {symbol} {}", quote(&value));
                            (condition, Expression::Text(text, operator, value))
                        }
                    ),
                ]
                .boxed(),
            }
        })
        .boxed()
}

fn annotation_conditions() -> impl Strategy<Value = GeneratedExpression> {
    let condition = prop_oneof![
        Just((String::new(), AnnotationCondition::IsSet)),
        any::<bool>()
            .prop_map(|flag| (format!(" = {flag}"), AnnotationCondition::FlagEquals(flag))),
        any::<bool>().prop_map(|flag| {
            (
                format!(" != {flag}"),
                AnnotationCondition::FlagDiffers(flag),
            )
        }),
        (select(&NUMBER_OPERATORS[..]), finite_numbers()).prop_map(
            |((symbol, operator), value)| {
                let text = format!(" {symbol} {value:?}");
                (text, AnnotationCondition::Number(operator, value))
            }
        ),
        (select(&TEXT_OPERATORS[..]), any::<String>()).prop_map(|((symbol, operator), value)| {
            let text = format!(" {symbol} {}", quote(&value));
            (text, AnnotationCondition::Text(operator, value))
        }),
    ];
    ("[a-zA-Z0-9_.-]{1,8}", condition).prop_map(|(key, (comparison, condition))| {
        let text = format!("annotation[{key}]{comparison}");
        (text, Expression::Annotation(key, condition))
    })
}

/// Joins expressions with `AND` or `OR`. An expression that itself contains `AND` or `OR` is put in brackets.
fn join_parts(parts: Vec<GeneratedExpression>, separator: &str) -> (String, Vec<Expression>) {
    let texts = parts
        .iter()
        .map(|(text, tree)| bracket_if_combined(text, tree));
    let text = texts.collect::<Vec<_>>().join(separator);
    (text, parts.into_iter().map(|(_, tree)| tree).collect())
}

fn bracket_if_combined(text: &str, tree: &Expression) -> String {
    match tree {
        Expression::And(_) | Expression::Or(_) => format!("({text})"),
        _ => text.to_owned(),
    }
}

/// Generates combinations of conditions by AND, OR and `!`, several levels deep.
fn combined_conditions(
    condition: impl Strategy<Value = GeneratedExpression> + 'static,
) -> BoxedStrategy<GeneratedExpression> {
    condition
        .prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 2..4).prop_map(|parts| {
                    let (text, trees) = join_parts(parts, " AND ");
                    (text, Expression::And(trees))
                }),
                vec(inner.clone(), 2..4).prop_map(|parts| {
                    let (text, trees) = join_parts(parts, " OR ");
                    (text, Expression::Or(trees))
                }),
                inner.prop_map(|(text, tree)| {
                    let negated_text = format!("!{}", bracket_if_combined(&text, &tree));
                    (negated_text, Expression::Not(Box::new(tree)))
                }),
            ]
        })
        .boxed()
}

/// Generates an optional condition in braces.
fn optional_braces(scope: Scope) -> impl Strategy<Value = (String, Option<Box<Expression>>)> {
    let conditions = combined_conditions(keyword_conditions(scope));
    option::of(conditions).prop_map(|condition| match condition {
        Some((text, tree)) => (format!(" {{ {text} }}"), Some(Box::new(tree))),
        None => (String::new(), None),
    })
}

fn node_patterns() -> impl Strategy<Value = (String, NodePattern)> {
    let property = || option::of(any::<String>());
    (property(), property(), property()).prop_map(|(name, node_type, account_id)| {
        let properties = [
            ("name", &name),
            ("type", &node_type),
            ("account.id", &account_id),
        ];
        let properties = properties.iter().filter_map(|(key, value)| {
            let value = value.as_ref()?;
            Some(format!("{key}: {}", quote(value)))
        });
        let text = format!("id({})", properties.collect::<Vec<_>>().join(", "));
        let pattern = NodePattern {
            name,
            node_type,
            account_id,
        };
        (text, pattern)
    })
}

fn root_cause_conditions(
    name: &'static str,
    kind: CauseKind,
    part: CausePart,
    scope: Scope,
) -> impl Strategy<Value = GeneratedExpression> {
    optional_braces(scope).prop_map(move |(text, condition)| {
        let tree = Expression::RootCause(kind, part, condition);
        (format!("rootcause.{name}{text}"), tree)
    })
}

fn filter_expressions() -> impl Strategy<Value = GeneratedExpression> {
    let entity_scope = |has_coverage| Scope::CauseEntity { has_coverage };
    combined_conditions(prop_oneof![
        keyword_conditions(Scope::Trace),
        annotation_conditions(),
        (node_patterns(), optional_braces(Scope::Segment)).prop_map(
            |((node, pattern), (text, condition))| {
                let tree = Expression::Service(pattern, condition);
                (format!("service({node}){text}"), tree)
            }
        ),
        (
            node_patterns(),
            node_patterns(),
            optional_braces(Scope::Segment)
        )
            .prop_map(
                |((from, from_pattern), (to, to_pattern), (text, condition))| {
                    let tree = Expression::Edge(from_pattern, to_pattern, condition);
                    (format!("edge({from}, {to}){text}"), tree)
                }
            ),
        root_cause_conditions(
            "fault.service",
            CauseKind::Fault,
            CausePart::Service,
            Scope::CauseService
        ),
        root_cause_conditions(
            "error.entity",
            CauseKind::Error,
            CausePart::Entity,
            entity_scope(false)
        ),
        root_cause_conditions(
            "responsetime.entity",
            CauseKind::ResponseTime,
            CausePart::Entity,
            entity_scope(true)
        ),
        root_cause_conditions(
            "fault.exception",
            CauseKind::Fault,
            CausePart::Exception,
            Scope::CauseException
        ),
        any::<String>().prop_map(|name| {
            let json = serde_json::json!([{ "Services": [{ "Name": name }] }]);
            let text = format!("rootcause.json = #{json}");
            (text, Expression::RootCauseJson(json))
        }),
    ])
}

proptest! {
    #[test]
    fn parsing_a_generated_expression_returns_its_tree((text, tree) in filter_expressions()) {
        prop_assert_eq!(Filter::parse(&text).unwrap(), Filter(tree), "{}", text);
    }
}
