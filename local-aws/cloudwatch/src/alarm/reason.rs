//! Why an alarm has its state, as a sentence and as a JSON text.
//!
//! The sentences are AWS's, as public alarm messages and recorded responses show them; the tests name the sources.

use std::fmt::Write;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::evaluate::Datapoint;
use super::{AlarmConfig, AlarmState, MissingData, Operator, Rule};
use crate::time::Timestamp;

/// From this number of data points on, the sentence shows only the newest ones.
const MANY: usize = 5;

/// The reason for a state that follows from `evaluated`, newest first.
pub fn reason(
    rule: &Rule,
    config: &AlarmConfig,
    state: AlarmState,
    evaluated: &[Datapoint],
) -> String {
    let missing = evaluated.iter().filter(|it| it.value.is_none()).count();
    if state == AlarmState::InsufficientData {
        return format!(
            "Insufficient Data: {} unknown.",
            number_of("datapoint", missing, true)
        );
    }
    let is_alarm = state == AlarmState::Alarm;
    let deciding = evaluated.iter().filter_map(|point| {
        let value = point.value?;
        let is_breaching = rule.operator.is_breaching(value, rule.threshold);
        (is_breaching == is_alarm).then_some((value, point.start))
    });
    let deciding: Vec<_> = deciding.collect();
    let treated = match rule.missing_data {
        MissingData::Breaching if missing > 0 => Some("Breaching"),
        MissingData::NotBreaching if missing > 0 => Some("NonBreaching"),
        _ => None,
    };
    let treated = treated.map(|treated| {
        let missing = number_of("missing datapoint", missing, true);
        format!(" and {missing} treated as [{treated}]")
    });
    let treated = treated.unwrap_or_default();
    if deciding.is_empty() {
        let received = number_of("datapoint", evaluated.len() - missing, true);
        let periods = number_of("period", rule.evaluation_periods, false);
        return format!("Threshold Crossed: {received} received for {periods}{treated}.");
    }
    crossed(rule, config, is_alarm, &deciding, &treated)
}

fn crossed(
    rule: &Rule,
    config: &AlarmConfig,
    is_alarm: bool,
    deciding: &[(f64, i64)],
    treated: &str,
) -> String {
    let number = deciding.len();
    let periods = rule.evaluation_periods;
    let mut text = "Threshold Crossed: ".to_owned();
    let _ = match config.datapoints_to_alarm {
        Some(_) => write!(text, "{number} out of the last {periods} datapoints"),
        None => write!(text, "{}", number_of("datapoint", number, false)),
    };
    let shown = deciding.iter().take(MANY);
    let shown = shown.map(|(value, start)| format!("{} ({})", double(*value), short_date(*start)));
    let shown = shown.collect::<Vec<_>>().join(", ");
    if number < MANY {
        let _ = write!(text, " [{shown}]");
    }
    let _ = write!(
        text,
        " {}{} {} the threshold ({}){treated}",
        if number == 1 { "was" } else { "were" },
        if is_alarm { "" } else { " not" },
        words(rule.operator),
        double(rule.threshold)
    );
    if number >= MANY {
        let _ = write!(
            text,
            ". The most recent datapoints which crossed the threshold: [{shown}]"
        );
    }
    if config.datapoints_to_alarm.is_some() {
        let (minimum, transition) = match is_alarm {
            true => (rule.datapoints_to_alarm, "OK -> ALARM"),
            false => (periods - rule.datapoints_to_alarm + 1, "ALARM -> OK"),
        };
        let minimum = number_of("datapoint", minimum, false);
        let _ = write!(text, " (minimum {minimum} for {transition} transition)");
    }
    text + "."
}

/// The reason as a JSON text.
pub fn reason_data(
    rule: &Rule,
    config: &AlarmConfig,
    now: Timestamp,
    evaluated: &[Datapoint],
) -> String {
    let real: Vec<_> = evaluated.iter().filter(|it| it.value.is_some()).collect();
    let recent: Vec<_> = real.iter().rev().map(|point| point.value).collect();
    let datapoints = evaluated.iter().map(|point| {
        without_nulls(json!({
            "timestamp": long_date(Timestamp::from_secs(point.start)),
            "sampleCount": point.sample_count,
            "value": point.value,
        }))
    });
    let oldest = real
        .last()
        .map(|point| long_date(Timestamp::from_secs(point.start)));
    let statistic = config
        .statistic
        .as_ref()
        .or(config.extended_statistic.as_ref());
    let data = json!({
        "version": "1.0",
        "queryDate": long_date(now),
        "startDate": oldest,
        "unit": config.unit,
        "statistic": statistic,
        "period": rule.period,
        "recentDatapoints": recent,
        "threshold": rule.threshold,
        "evaluatedDatapoints": datapoints.collect::<Vec<_>>(),
    });
    without_nulls(data).to_string()
}

/// The values in a JSON text of a reason, oldest first.
pub fn recent_values(reason_data: &str) -> Vec<f64> {
    let data: Value = serde_json::from_str(reason_data).unwrap_or_default();
    let values = data["recentDatapoints"].as_array();
    let values = values.into_iter().flatten();
    values.filter_map(Value::as_f64).collect()
}

fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, value| !value.is_null());
    }
    object
}

/// `no datapoints`, `1 datapoint`, `2 datapoints`, and with `is_verb` also `was` or `were`.
fn number_of(noun: &str, number: usize, is_verb: bool) -> String {
    let (number, plural, verb) = match number {
        0 => ("no".to_owned(), "s", " were"),
        1 => ("1".to_owned(), "", " was"),
        number => (number.to_string(), "s", " were"),
    };
    format!("{number} {noun}{plural}{}", if is_verb { verb } else { "" })
}

fn words(operator: Operator) -> &'static str {
    match operator {
        Operator::GreaterThanOrEqualTo => "greater than or equal to",
        Operator::GreaterThan => "greater than",
        Operator::LessThan => "less than",
        Operator::LessThanOrEqualTo => "less than or equal to",
    }
}

/// A number as Java writes it, which AWS's sentences show.
fn double(number: f64) -> String {
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// A date as in AWS's sentences: `25/11/26 21:35:00`.
fn short_date(seconds: i64) -> String {
    let format = format_description!("[day]/[month]/[year repr:last_two] [hour]:[minute]:[second]");
    let time = OffsetDateTime::from_unix_timestamp(seconds);
    time.ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

/// A date as in the JSON texts of alarms: `2026-11-25T21:35:00.000+0000`.
pub fn long_date(time: Timestamp) -> String {
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000"
    );
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(time.0) * 1_000_000);
    time.ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
