//! A tree that was written down is read as the same tree.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::keyword::{Flag, Keyword, Number, Scope, Text};
use super::tree::{AnnotationTest, Cause, Expression, Id, Match, Order, Part};
use super::*;

fn orders() -> impl Strategy<Value = Order> {
    use Order::{AtLeast, AtMost, Equal, Greater, Less, Unequal};
    select(vec![Equal, Unequal, Less, AtMost, Greater, AtLeast])
}

fn matches() -> impl Strategy<Value = Match> {
    use Match::{BeginsWith, Contains, EndsWith, Equal, Unequal};
    select(vec![Equal, Unequal, Contains, BeginsWith, EndsWith])
}

fn numbers() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("JSON has no others", |number| number.is_finite())
}

fn keywords(scope: Scope) -> Vec<Keyword> {
    let found = Keyword::names(scope).filter_map(Keyword::find);
    found.map(|(keyword, _)| keyword).collect()
}

fn comparisons(scope: Scope) -> BoxedStrategy<Expression> {
    let keywords = keywords(scope);
    let of = |pick: fn(&Keyword) -> bool| {
        let picked: Vec<_> = keywords.iter().copied().filter(pick).collect();
        select(picked)
    };
    let flag = |keyword| match keyword {
        Keyword::Flag(flag) => flag,
        _ => Flag::Ok,
    };
    let number = |keyword| match keyword {
        Keyword::Number(number) => number,
        _ => Number::Index,
    };
    let text = |keyword| match keyword {
        Keyword::Text(text) => text,
        _ => Text::Name,
    };
    let flags = of(|it| matches!(it, Keyword::Flag(_)));
    let others = of(|it| !matches!(it, Keyword::Flag(_)));
    let numbered = of(|it| matches!(it, Keyword::Number(_)));
    let texts = of(|it| matches!(it, Keyword::Text(_)));
    prop_oneof![
        (flags, any::<bool>()).prop_map(move |(it, is)| Expression::Flag(flag(it), is)),
        others.prop_map(Expression::Has),
        (numbered, orders(), numbers()).prop_map(move |(it, order, value)| Expression::Number(
            number(it),
            order,
            value
        )),
        (texts, matches(), any::<String>()).prop_map(move |(it, how, value)| Expression::Text(
            text(it),
            how,
            value
        )),
    ]
    .boxed()
}

fn annotations() -> impl Strategy<Value = Expression> {
    let test = prop_oneof![
        Just(AnnotationTest::Holds),
        any::<bool>().prop_map(AnnotationTest::Flag),
        any::<bool>().prop_map(AnnotationTest::FlagUnequal),
        (orders(), numbers()).prop_map(|(order, value)| AnnotationTest::Number(order, value)),
        (matches(), any::<String>()).prop_map(|(how, value)| AnnotationTest::Text(how, value)),
    ];
    ("[a-zA-Z0-9_.-]{1,8}", test).prop_map(|(key, test)| Expression::Annotation(key, test))
}

/// Combines as the parser does: never a list in a list of its own kind without brackets, so that any
/// nesting is written with them.
fn combined(leaf: impl Strategy<Value = Expression> + 'static) -> BoxedStrategy<Expression> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expression::All),
            vec(inner.clone(), 2..4).prop_map(Expression::Any),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
    .boxed()
}

fn inner(scope: Scope) -> impl Strategy<Value = Option<Box<Expression>>> {
    option::of(combined(comparisons(scope)).prop_map(Box::new))
}

fn ids() -> impl Strategy<Value = Id> {
    let part = || option::of(any::<String>());
    (part(), part(), part()).prop_map(|(name, kind, account)| Id {
        name,
        kind,
        account,
    })
}

fn expressions() -> impl Strategy<Value = Expression> {
    let entity = |has_coverage| Scope::CauseEntity { has_coverage };
    let cause = |cause, part, scope| {
        inner(scope).prop_map(move |inner| Expression::RootCause(cause, part, inner))
    };
    let leaf = prop_oneof![
        comparisons(Scope::Trace),
        annotations(),
        (ids(), inner(Scope::Segment)).prop_map(|(id, inner)| Expression::Service(id, inner)),
        (ids(), ids(), inner(Scope::Segment))
            .prop_map(|(from, to, inner)| Expression::Edge(from, to, inner)),
        cause(Cause::Fault, Part::Service, Scope::CauseService),
        cause(Cause::Error, Part::Entity, entity(false)),
        cause(Cause::ResponseTime, Part::Entity, entity(true)),
        cause(Cause::Fault, Part::Exception, Scope::CauseException),
        any::<String>().prop_map(|name| {
            Expression::RootCauseJson(serde_json::json!([{ "Services": [{ "Name": name }] }]))
        }),
    ];
    combined(leaf)
}

proptest! {
    #[test]
    fn what_was_written_is_read_as_the_same(expression in expressions()) {
        let filter = Filter(expression);
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text).unwrap(), filter, "{}", text);
    }
}
