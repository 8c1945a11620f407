//! Evaluation: the state of an alarm from the values of its metric. Pure.
//!
//! Source: AWS's guide to CloudWatch, "Using Amazon CloudWatch alarms", sections "Evaluating an alarm" and "Configuring how
//! CloudWatch alarms treat missing data".

use super::{AlarmState, MissingData, Rule};
use crate::math::QueryResult;
use crate::metrics::floor;
use crate::time::Timestamp;

/// The number of periods before the evaluation periods that are also retrieved, in case that data is missing. AWS's example
/// has five periods for three evaluation periods, and does not tell the number for others.
const EXTRA_PERIODS: usize = 2;

/// A period of the evaluation range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Datapoint {
    /// Start of the period in seconds since the Unix epoch.
    pub start: i64,
    /// The value; `None` if it is missing.
    pub value: Option<f64>,
    /// The number of samples, if it is known.
    pub sample_count: Option<f64>,
}

/// The periods that an alarm evaluates at `now`, oldest first: start of the first, and end of the last, in seconds.
pub fn evaluation_range(rule: &Rule, now: Timestamp) -> (i64, i64) {
    // The last period has ended at the last whole minute, or at the last whole ten seconds.
    let end = floor(now.secs(), rule.period.min(60));
    let periods = i64::try_from(rule.evaluation_periods + EXTRA_PERIODS).unwrap_or(i64::MAX);
    (end.saturating_sub(rule.period.saturating_mul(periods)), end)
}

/// The result of the watched query as data points, oldest first.
pub fn datapoints(rule: &Rule, (start, end): (i64, i64), result: &QueryResult) -> Vec<Datapoint> {
    let mut datapoints = Vec::with_capacity(rule.evaluation_periods + EXTRA_PERIODS);
    let mut start = start;
    while start < end {
        datapoints.push(Datapoint {
            start,
            value: result.series.get(&start).copied(),
            sample_count: result.sample_counts.get(&start).copied(),
        });
        start += rule.period;
    }
    datapoints
}

/// The data points that decide, newest first: as many real ones as there are evaluation periods. Only if there are fewer,
/// the newest missing ones are there too.
pub fn evaluated(rule: &Rule, range: &[Datapoint]) -> Vec<Datapoint> {
    let real = range.iter().filter(|it| it.value.is_some()).count();
    let mut missing = rule.evaluation_periods.saturating_sub(real);
    let newest_first = range.iter().rev().filter(|it| {
        let is_used = it.value.is_some() || missing > 0;
        if it.value.is_none() {
            missing = missing.saturating_sub(1);
        }
        is_used
    });
    newest_first
        .take(rule.evaluation_periods)
        .copied()
        .collect()
}

/// The state of an alarm that has these data points in its evaluation range, oldest first. `None` keeps the present state.
pub fn evaluate(rule: &Rule, range: &[Datapoint]) -> Option<AlarmState> {
    let is_breaching = |point: &Datapoint| {
        let value = point.value;
        value.map(|value| rule.operator.is_breaching(value, rule.threshold))
    };
    let evaluated = evaluated(rule, range);
    if let Some(min_samples) = rule.min_samples {
        let mut counts = evaluated.iter().filter_map(|point| point.sample_count);
        if counts.any(|count| count < min_samples) {
            return None;
        }
    }
    let missing = evaluated.iter().filter(|it| it.value.is_none()).count();
    let breaching = evaluated
        .iter()
        .filter(|it| is_breaching(it) == Some(true))
        .count();
    let by_number = |breaching| match breaching >= rule.datapoints_to_alarm {
        true => Some(AlarmState::Alarm),
        false => Some(AlarmState::Ok),
    };
    match rule.missing_data {
        _ if missing == 0 => by_number(breaching),
        MissingData::Breaching => by_number(breaching + missing),
        MissingData::NotBreaching => by_number(breaching),
        MissingData::Missing | MissingData::Ignore if breaching >= rule.datapoints_to_alarm => {
            Some(AlarmState::Alarm)
        }
        MissingData::Missing | MissingData::Ignore if breaching + missing < evaluated.len() => {
            Some(AlarmState::Ok)
        }
        MissingData::Ignore => None,
        MissingData::Missing if breaching == 0 => Some(AlarmState::InsufficientData),
        MissingData::Missing => {
            // Every real data point is breaching, but they are fewer than necessary. The age of the newest is 1.
            let oldest = range.iter().position(|it| is_breaching(it) == Some(true));
            let age = oldest.map_or(0, |oldest| range.len() - oldest);
            (age >= rule.datapoints_to_alarm).then_some(AlarmState::Alarm)
        }
    }
}

#[cfg(test)]
mod tests;
