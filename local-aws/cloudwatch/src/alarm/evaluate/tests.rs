use proptest::prelude::*;

use super::*;
use crate::alarm::Operator;
use crate::math::Queries;
use crate::metrics::{Metric, Statistic};

const TREATMENTS: [MissingData; 4] = [
    MissingData::Missing,
    MissingData::Ignore,
    MissingData::Breaching,
    MissingData::NotBreaching,
];

fn rule(evaluation_periods: usize, datapoints_to_alarm: usize, missing_data: MissingData) -> Rule {
    let metric = Metric::new("N", "m", [("D", "v")]);
    Rule {
        queries: Queries::of_metric(metric, 300, Statistic::Average, None),
        watched: 0,
        period: 300,
        evaluation_periods,
        datapoints_to_alarm,
        operator: Operator::GreaterThan,
        threshold: 0.5,
        missing_data,
        min_samples: None,
    }
}

/// The data points of AWS's tables: `0` is fine, `X` is breaching, `-` is missing; the newest is on the right.
fn range(text: &str) -> Vec<Datapoint> {
    let values = text.split(' ').map(|point| match point {
        "0" => Some(0.0),
        "X" => Some(1.0),
        _ => None,
    });
    let points = (0..).step_by(300).zip(values);
    points
        .map(|(start, value)| Datapoint {
            start,
            value,
            sample_count: value.map(|_| 1.0),
        })
        .collect()
}

fn states(points: &str, datapoints_to_alarm: usize) -> [&'static str; 4] {
    TREATMENTS.map(|missing_data| {
        let rule = rule(3, datapoints_to_alarm, missing_data);
        evaluate(&rule, &range(points)).map_or("keep", AlarmState::name)
    })
}

/// The first table of the section "How alarm state is evaluated when data is missing" (commit cc40332f of
/// github.com/awsdocs/amazon-cloudwatch-user-guide, `doc_source/AlarmThatSendsEmail.md`).
#[test]
fn the_table_of_aws_for_3_out_of_3() {
    for (points, filled, expected) in [
        ("0 - X - X", 0, ["OK", "OK", "OK", "OK"]),
        ("0 - - - -", 2, ["OK", "OK", "OK", "OK"]),
        ("- - - - -", 3, ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]),
        ("0 X X - X", 0, ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("- - X - -", 2, ["ALARM", "keep", "ALARM", "OK"]),
    ] {
        if points == "0 - X - X" {
            // The table counts three real data points here: the text says that all real data points are evaluated.
            assert_eq!(
                range(points).iter().filter(|it| it.value.is_some()).count(),
                3
            );
        }
        assert_eq!(states(points, 3), expected, "{points}");
        let evaluated = evaluated(&rule(3, 3, MissingData::Missing), &range(points));
        let missing = evaluated.iter().filter(|it| it.value.is_none()).count();
        assert_eq!(missing, filled, "{points}");
    }
}

/// The second table of the same section.
#[test]
fn the_table_of_aws_for_2_out_of_3() {
    for (points, filled, expected) in [
        ("0 - X - X", 0, ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("0 0 X 0 X", 0, ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("0 - X - -", 1, ["OK", "OK", "ALARM", "OK"]),
        ("- - - - 0", 2, ["OK", "OK", "ALARM", "OK"]),
        ("- - - X -", 2, ["ALARM", "keep", "ALARM", "OK"]),
    ] {
        assert_eq!(states(points, 2), expected, "{points}");
        let evaluated = evaluated(&rule(3, 2, MissingData::Missing), &range(points));
        let missing = evaluated.iter().filter(|it| it.value.is_none()).count();
        assert_eq!(missing, filled, "{points}");
    }
}

/// The section "Avoiding premature transitions to alarm state": `- - - - X` and `- - - X -` do not make an alarm if three data
/// points are necessary.
#[test]
fn a_breaching_data_point_that_is_too_young_does_not_make_an_alarm() {
    for points in ["- - - - X", "- - - X -"] {
        assert_eq!(
            states(points, 3),
            ["keep", "keep", "ALARM", "OK"],
            "{points}"
        );
    }
    for points in ["- - - X 0", "- - X - 0"] {
        assert_eq!(states(points, 3)[0], "OK", "{points}");
    }
}

/// The section "Percentile-based CloudWatch alarms and low data samples".
#[test]
fn an_alarm_keeps_its_state_while_a_period_has_too_few_samples() {
    let rule = Rule {
        min_samples: Some(20.0),
        ..rule(3, 3, MissingData::Missing)
    };
    let mut points = range("0 0 X X X");
    assert_eq!(evaluate(&rule, &points), None);
    for point in &mut points[2..] {
        point.sample_count = Some(20.0);
    }
    assert_eq!(evaluate(&rule, &points), Some(AlarmState::Alarm));
}

#[test]
fn the_evaluation_range_ends_at_the_last_whole_minute_or_ten_seconds() {
    let now = Timestamp::from_secs(1_000_000_005);
    let mut rule = rule(3, 3, MissingData::Missing);
    assert_eq!(evaluation_range(&rule, now), (999_998_460, 999_999_960));
    rule.period = 10;
    assert_eq!(evaluation_range(&rule, now), (999_999_950, 1_000_000_000));
}

proptest! {
    #[test]
    fn only_missing_data_leads_to_insufficient_data_and_complete_data_decides_alone(
        points in proptest::collection::vec(prop_oneof!["0", "X", "-"], 3..8),
        datapoints_to_alarm in 1_usize..4,
    ) {
        let evaluation_periods = points.len() - 2;
        let datapoints_to_alarm = datapoints_to_alarm.min(evaluation_periods);
        let range = range(&points.join(" "));
        let states = TREATMENTS.map(|it| evaluate(&rule(evaluation_periods, datapoints_to_alarm, it), &range));
        let real = range.iter().filter(|it| it.value.is_some()).count();
        prop_assert_eq!(states[0] == Some(AlarmState::InsufficientData), real == 0);
        if real >= evaluation_periods {
            prop_assert!(states[0].is_some());
            prop_assert_eq!(states, [states[0]; 4]);
        }
    }
}
