use proptest::prelude::*;

use super::*;
use crate::metrics::{Distribution, Limits, Store};
use crate::time::Timestamp;

fn evaluate(expression: &str) -> Vec<Option<f64>> {
    let series = |id: &str| match id {
        "a" => Series::from([(0, 2.0), (60, 4.0), (180, 8.0)]),
        "b" => Series::from([(0, 1.0), (60, 0.0), (120, 5.0)]),
        _ => Series::new(),
    };
    let periods = [0, 60, 120, 180];
    let result = Expression::parse(expression)
        .unwrap()
        .evaluate(&series, &periods);
    periods.map(|start| result.get(&start).copied()).to_vec()
}

#[test]
fn expressions_have_the_usual_precedence_and_no_value_where_an_operand_has_none() {
    let none = None;
    for (expression, expected) in [
        ("a", [Some(2.0), Some(4.0), none, Some(8.0)]),
        ("a+b", [Some(3.0), Some(4.0), none, none]),
        ("a / b * 100", [Some(200.0), none, none, none]),
        ("1 + a * (2 - b)", [Some(3.0), Some(9.0), none, none]),
        ("10 - a - 1", [Some(7.0), Some(5.0), none, Some(1.0)]),
        ("-a", [Some(-2.0), Some(-4.0), none, Some(-8.0)]),
        ("SUM([a, b])", [Some(3.0), Some(4.0), Some(5.0), Some(8.0)]),
        ("FILL(a, 0)", [Some(2.0), Some(4.0), Some(0.0), Some(8.0)]),
        (
            "FILL(a, REPEAT)",
            [Some(2.0), Some(4.0), Some(4.0), Some(8.0)],
        ),
        ("FILL(nothing, 0)", [Some(0.0); 4]),
        ("FILL(nothing, REPEAT)", [none; 4]),
    ] {
        assert_eq!(evaluate(expression), expected, "{expression}");
    }
}

#[test]
fn what_is_not_implemented_is_named() {
    for (expression, error) in [
        (
            "RATE(m1)",
            "has the function RATE, which is not implemented",
        ),
        (
            "FILL(m1, LINEAR)",
            "has a FILL that is not implemented: use a number or REPEAT",
        ),
        ("SUM(METRICS())", "needs `[` at `METRICS())`"),
        ("m1 > 5", "is not implemented or not valid at `> 5`"),
        ("m1 +", "is not implemented or not valid at ``"),
        ("1.2.3 * m1", "has the invalid number 1.2.3"),
        ("(m1", "needs `)` at ``"),
        ("", "is not implemented or not valid at ``"),
    ] {
        assert_eq!(
            Expression::parse(expression),
            Err(error.to_owned()),
            "{expression}"
        );
    }
    assert!(Expression::parse(&"(".repeat(2000)).is_err());
    assert!(Expression::parse(&"-".repeat(2000)).is_err());
}

fn query(id: &str, expression: &str) -> MetricDataQuery {
    MetricDataQuery {
        id: id.to_owned(),
        metric_stat: None,
        expression: Some(expression.to_owned()),
        label: None,
        return_data: None,
        period: None,
        account_id: None,
    }
}

#[test]
fn expressions_refer_to_other_queries_without_circles() {
    for (queries, error) in [
        (vec![query("a", "b")], "has the unknown id b"),
        (vec![query("a", "1")], "has no metric"),
        (
            vec![query("a", "b"), query("b", "a")],
            "refers to itself, or has more than 10 levels",
        ),
    ] {
        assert_eq!(Queries::check(&queries), Err((0, error.to_owned())));
    }
}

fn metric(id: &str) -> MetricDataQuery {
    MetricDataQuery {
        metric_stat: Some(MetricStat {
            metric: Metric::new("N", "m", [("D", "v")]),
            period: 60,
            stat: "Sum".to_owned(),
            unit: None,
        }),
        expression: None,
        ..query(id, "")
    }
}

#[test]
fn an_expression_has_at_most_200_operands() {
    let sum = |count: usize| vec!["a"; count].join("+");
    assert!(Expression::parse(&sum(200)).is_ok());
    let error = Err("has more than 200 operands".to_owned());
    assert_eq!(Expression::parse(&sum(201)), error);
}

#[test]
fn a_query_with_many_paths_to_a_metric_is_computed_once() {
    // 200^10 paths lead from the last expression to the metric.
    let mut queries = vec![metric("q0")];
    for level in 1..=10 {
        let operands = vec![format!("q{}", level - 1); 200];
        queries.push(query(&format!("q{level}"), &operands.join("+")));
    }
    let checked = Queries::check(&queries).unwrap();
    assert_eq!(checked.period_of(10), 60);
    let mut store = Store::new(Limits::default());
    let of = Metric::new("N", "m", [("D", "v")]);
    let one = Distribution::of(1.0, 1.0);
    store.add(&of, Unit::COUNT, Timestamp::from_secs(60), 60, &one);
    let read = |metric: &Metric, query: Query| {
        let series = store.series(metric, query.start, query.end);
        series.points(query)
    };
    let result = checked.compute(10, &read, 0, 120);
    assert_eq!(result.series, Series::from([(60, 200_f64.powi(10))]));

    queries.push(query("q11", "q10"));
    let error = "refers to itself, or has more than 10 levels".to_owned();
    assert_eq!(Queries::check(&queries), Err((11, error)));
}

proptest! {
    #[test]
    fn every_text_is_parsed_or_refused_without_a_panic(text in "[a-z0-9+*/(),. \\[\\]FILSUM-]{0,40}") {
        let _ = Expression::parse(&text);
    }
}
