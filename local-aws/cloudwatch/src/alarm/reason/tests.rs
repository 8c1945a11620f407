use super::*;
use crate::math::Queries;
use crate::metrics::{Metric, Statistic, Unit};

struct Case {
    operator: Operator,
    threshold: f64,
    periods: usize,
    datapoints_to_alarm: Option<usize>,
    missing_data: MissingData,
    state: AlarmState,
    /// Date and time of the newest data point, and the values, newest first.
    newest: &'static str,
    step: i64,
    values: &'static [Option<f64>],
}

impl Case {
    fn rule(&self) -> (Rule, AlarmConfig) {
        let metric = Metric::new("N", "m", [("D", "v")]);
        let rule = Rule {
            queries: Queries::of_metric(metric, self.step, Statistic::Average, None),
            watched: 0,
            period: self.step,
            evaluation_periods: self.periods,
            datapoints_to_alarm: self.datapoints_to_alarm.unwrap_or(self.periods),
            operator: self.operator,
            threshold: self.threshold,
            missing_data: self.missing_data,
            min_samples: None,
        };
        let config = AlarmConfig {
            datapoints_to_alarm: self.datapoints_to_alarm,
            statistic: Some("Average".to_owned()),
            unit: Some(Unit::SECONDS),
            ..AlarmConfig::default()
        };
        (rule, config)
    }

    fn evaluated(&self) -> Vec<Datapoint> {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        let newest = time::PrimitiveDateTime::parse(self.newest, format).unwrap();
        let newest = newest.assume_utc().unix_timestamp();
        let points = (0..).zip(self.values);
        points
            .map(|(number, value)| Datapoint {
                start: newest - number * self.step,
                value: *value,
                sample_count: value.map(|_| 2.0),
            })
            .collect()
    }

    fn reason(&self) -> String {
        let (rule, config) = self.rule();
        reason(&rule, &config, self.state, &self.evaluated())
    }
}

const NONE: Option<f64> = None;

/// Reasons of the real service.
#[test]
fn reasons_have_the_words_of_aws() {
    for (case, expected) in [
        // github.com/localstack/localstack at 8b9a79f05, tests/aws/services/cloudwatch/test_cloudwatch.snapshot.json,
        // test_put_metric_alarm. The snapshot hides the date.
        (
            Case {
                operator: Operator::GreaterThan,
                threshold: 21.0,
                periods: 1,
                datapoints_to_alarm: None,
                missing_data: MissingData::Ignore,
                state: AlarmState::Alarm,
                newest: "2026-02-26 10:14:00",
                step: 10,
                values: &[Some(21.5)],
            },
            "Threshold Crossed: 1 datapoint [21.5 (26/02/26 10:14:00)] was greater than the threshold (21.0).",
        ),
        // The same file, test_breaching_alarm_actions.
        (
            Case {
                operator: Operator::GreaterThan,
                threshold: 2.0,
                periods: 2,
                datapoints_to_alarm: None,
                missing_data: MissingData::Breaching,
                state: AlarmState::Alarm,
                newest: "2025-09-19 21:11:00",
                step: 10,
                values: &[NONE, NONE],
            },
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
        ),
        // Public alarm messages, found by searching for their words.
        (
            Case {
                operator: Operator::GreaterThanOrEqualTo,
                threshold: 1.0,
                periods: 3,
                datapoints_to_alarm: Some(1),
                missing_data: MissingData::NotBreaching,
                state: AlarmState::Alarm,
                newest: "2024-03-16 12:15:00",
                step: 60,
                values: &[Some(613.0), NONE, NONE],
            },
            "Threshold Crossed: 1 out of the last 3 datapoints [613.0 (16/03/24 12:15:00)] was greater than or equal to the \
             threshold (1.0) and 2 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for OK -> ALARM \
             transition).",
        ),
        (
            Case {
                operator: Operator::GreaterThanOrEqualTo,
                threshold: 80.0,
                periods: 3,
                datapoints_to_alarm: Some(3),
                missing_data: MissingData::Missing,
                state: AlarmState::Ok,
                newest: "2022-01-26 13:24:00",
                step: 300,
                values: &[
                    Some(38.395433048854194),
                    Some(38.391752618786896),
                    Some(38.364239895660816),
                ],
            },
            "Threshold Crossed: 3 out of the last 3 datapoints [38.395433048854194 (26/01/22 13:24:00), 38.391752618786896 \
             (26/01/22 13:19:00), 38.364239895660816 (26/01/22 13:14:00)] were not greater than or equal to the threshold \
             (80.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            Case {
                operator: Operator::LessThan,
                threshold: 65.0,
                periods: 5,
                datapoints_to_alarm: Some(5),
                missing_data: MissingData::Missing,
                state: AlarmState::Alarm,
                newest: "2020-04-29 23:32:00",
                step: 60,
                values: &[Some(0.0); 5],
            },
            "Threshold Crossed: 5 out of the last 5 datapoints were less than the threshold (65.0). The most recent datapoints \
             which crossed the threshold: [0.0 (29/04/20 23:32:00), 0.0 (29/04/20 23:31:00), 0.0 (29/04/20 23:30:00), 0.0 \
             (29/04/20 23:29:00), 0.0 (29/04/20 23:28:00)] (minimum 5 datapoints for OK -> ALARM transition).",
        ),
        (
            Case {
                operator: Operator::GreaterThan,
                threshold: 0.0,
                periods: 6,
                datapoints_to_alarm: None,
                missing_data: MissingData::Missing,
                state: AlarmState::Alarm,
                newest: "2024-12-19 08:33:00",
                step: 60,
                values: &[Some(1.0); 6],
            },
            "Threshold Crossed: 6 datapoints were greater than the threshold (0.0). The most recent datapoints which crossed \
             the threshold: [1.0 (19/12/24 08:33:00), 1.0 (19/12/24 08:32:00), 1.0 (19/12/24 08:31:00), 1.0 (19/12/24 \
             08:30:00), 1.0 (19/12/24 08:29:00)].",
        ),
        (
            Case {
                operator: Operator::GreaterThan,
                threshold: 5.0,
                periods: 3,
                datapoints_to_alarm: Some(2),
                missing_data: MissingData::Breaching,
                state: AlarmState::Alarm,
                newest: "2026-09-05 08:00:00",
                step: 300,
                values: &[NONE, NONE, Some(0.0)],
            },
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
        ),
        (
            Case {
                operator: Operator::GreaterThan,
                threshold: 80.0,
                periods: 2,
                datapoints_to_alarm: None,
                missing_data: MissingData::Missing,
                state: AlarmState::InsufficientData,
                newest: "2026-09-05 08:00:00",
                step: 300,
                values: &[NONE, NONE],
            },
            "Insufficient Data: 2 datapoints were unknown.",
        ),
    ] {
        assert_eq!(case.reason(), expected);
    }
}

/// `stateReasonData` of test_put_metric_alarm and test_breaching_alarm_actions in the snapshot above, with dates.
#[test]
fn the_data_of_a_reason_has_the_members_that_aws_has() {
    let mut case = Case {
        operator: Operator::GreaterThan,
        threshold: 21.0,
        periods: 1,
        datapoints_to_alarm: None,
        missing_data: MissingData::Ignore,
        state: AlarmState::Alarm,
        newest: "2026-02-26 10:14:00",
        step: 10,
        values: &[Some(21.5)],
    };
    let data = |case: &Case| {
        let (rule, config) = case.rule();
        let now = Timestamp(1_772_100_855_250);
        let data = reason_data(&rule, &config, now, &case.evaluated());
        serde_json::from_str::<Value>(&data).unwrap()
    };
    assert_eq!(
        data(&case),
        json!({
            "version": "1.0",
            "queryDate": "2026-02-26T10:14:15.250+0000",
            "startDate": "2026-02-26T10:14:00.000+0000",
            "unit": "Seconds",
            "statistic": "Average",
            "period": 10,
            "recentDatapoints": [21.5],
            "threshold": 21.0,
            "evaluatedDatapoints": [{"timestamp": "2026-02-26T10:14:00.000+0000", "sampleCount": 2.0, "value": 21.5}],
        })
    );
    case.values = &[NONE, NONE];
    let data = data(&case);
    assert_eq!(data["startDate"], Value::Null);
    assert_eq!(data["recentDatapoints"], json!([]));
    assert_eq!(
        data["evaluatedDatapoints"],
        json!([{"timestamp": "2026-02-26T10:14:00.000+0000"}, {"timestamp": "2026-02-26T10:13:50.000+0000"}])
    );
}

#[test]
fn numbers_are_written_as_java_writes_them() {
    for (number, text) in [
        (0.0, "0.0"),
        (20_000.0, "20000.0"),
        (9_999_999.0, "9999999.0"),
        (10_000_000.0, "1.0E7"),
        (12_345_678.9, "1.23456789E7"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (-2.5, "-2.5"),
    ] {
        assert_eq!(double(number), text);
    }
}
