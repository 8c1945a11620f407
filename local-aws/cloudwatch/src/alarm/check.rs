//! Checks the configuration of an alarm.

use wire::{Error, shorten};

use super::{AlarmConfig, MissingData, Operator, Rule};
use crate::math::Queries;
use crate::metrics::{Metric, Statistic};

/// Most queries of an alarm, by AWS's guide.
const MAX_QUERIES: usize = 20;

/// Most seconds of all evaluation periods together, for periods of less than an hour and for others.
const DAY_SECONDS: i64 = 24 * 60 * 60;
const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;
const HOUR_SECONDS: i64 = 60 * 60;

impl Rule {
    /// Checks a configuration.
    ///
    /// # Errors
    ///
    /// Fails with `ValidationError` if the configuration is not valid, or has parts that are not implemented.
    pub fn check(config: &AlarmConfig) -> Result<Self, Error> {
        if config.name.chars().any(|it| it.is_ascii_control()) {
            return Err(invalid("AlarmName must not contain control characters"));
        }
        let actions = [
            &config.ok_actions,
            &config.alarm_actions,
            &config.insufficient_data_actions,
        ];
        if let Some(action) = actions.into_iter().flatten().find(|it| !is_arn(it)) {
            return Err(invalid(format!("Invalid arn syntax: {}", shorten(action))));
        }
        let (queries, watched) = match config.metrics.is_empty() {
            true => (of_metric(config)?, 0),
            false => of_queries(config)?,
        };
        let period = queries.period_of(watched);
        let evaluation_periods = needed("EvaluationPeriods", config.evaluation_periods)?;
        check_length(period, evaluation_periods)?;
        let datapoints_to_alarm = config.datapoints_to_alarm.unwrap_or(evaluation_periods);
        if datapoints_to_alarm > evaluation_periods {
            return Err(invalid(
                "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
            ));
        }
        let of_dynamodb = queries.metrics().any(|it| it.namespace == "AWS/DynamoDB");
        Ok(Self {
            period,
            evaluation_periods,
            datapoints_to_alarm,
            operator: operator(needed(
                "ComparisonOperator",
                config.comparison_operator.as_deref(),
            )?)?,
            threshold: needed("Threshold", config.threshold)?,
            missing_data: match missing_data(config.treat_missing_data.as_deref())? {
                // AWS's guide: alarms on metrics of this namespace always ignore missing data.
                _ if of_dynamodb => MissingData::Ignore,
                missing_data => missing_data,
            },
            min_samples: min_samples(config)?,
            queries,
            watched,
        })
    }
}

/// The query of an alarm on one metric.
fn of_metric(config: &AlarmConfig) -> Result<Queries, Error> {
    let metric = Metric {
        name: needed("MetricName", config.metric_name.clone())?,
        namespace: needed("Namespace", config.namespace.clone())?,
        dimensions: config.dimensions.clone(),
    };
    let statistic = match (&config.statistic, &config.extended_statistic) {
        (Some(name), None) => Statistic::parse(name),
        (None, Some(name)) => Statistic::percentile(name),
        _ => Err("Exactly one of Statistic and ExtendedStatistic must be set".to_owned()),
    };
    let statistic = statistic.map_err(invalid)?;
    let period = needed("Period", config.period)?;
    check_period(period)?;
    Ok(Queries::of_metric(metric, period, statistic, config.unit))
}

/// The queries of an alarm, and the one that is watched.
fn of_queries(config: &AlarmConfig) -> Result<(Queries, usize), Error> {
    for (name, is_set) in [
        ("MetricName", config.metric_name.is_some()),
        ("Namespace", config.namespace.is_some()),
        ("Dimensions", !config.dimensions.is_empty()),
        ("Period", config.period.is_some()),
        ("Unit", config.unit.is_some()),
        ("Statistic", config.statistic.is_some()),
        ("ExtendedStatistic", config.extended_statistic.is_some()),
    ] {
        if is_set {
            let message = format!("{name} should not be set if list of Metrics is set.");
            return Err(invalid(message));
        }
    }
    let list = |reason: String| invalid(format!("Invalid metrics list: {reason}"));
    if config.metrics.len() > MAX_QUERIES {
        return Err(list(format!("more than {MAX_QUERIES} queries")));
    }
    for query in &config.metrics {
        if let Some(stat) = &query.metric_stat {
            check_period(stat.period)?;
        }
        let with_id = |other: &&_| **other == query.id;
        if config
            .metrics
            .iter()
            .map(|it| &it.id)
            .filter(with_id)
            .count()
            > 1
        {
            return Err(list(format!("the id {} is not unique", query.id)));
        }
    }
    let queries = Queries::check(&config.metrics);
    let queries = queries.map_err(|(index, error)| {
        list(format!("the query {} {error}", config.metrics[index].id))
    })?;
    let returned = config.metrics.iter().enumerate();
    let mut returned = returned.filter(|(_, query)| query.return_data != Some(false));
    match (returned.next(), returned.next()) {
        (Some((watched, _)), None) => Ok((queries, watched)),
        _ => Err(list(
            "exactly one query must have ReturnData true".to_owned(),
        )),
    }
}

fn check_period(period: i64) -> Result<(), Error> {
    match matches!(period, 10 | 20 | 30) || period % 60 == 0 {
        true => Ok(()),
        false => Err(invalid("Period must be 10, 20, 30 or a multiple of 60")),
    }
}

fn check_length(period: i64, evaluation_periods: usize) -> Result<(), Error> {
    let length = i64::try_from(evaluation_periods).unwrap_or(i64::MAX);
    let length = length.saturating_mul(period);
    if period < HOUR_SECONDS && length > DAY_SECONDS {
        return Err(invalid(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) for alarms \
             using period < 3600",
        ));
    }
    if length > WEEK_SECONDS {
        return Err(invalid(
            "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) for alarms \
             using period >= 3600",
        ));
    }
    Ok(())
}

fn operator(name: &str) -> Result<Operator, Error> {
    match name {
        "GreaterThanOrEqualToThreshold" => Ok(Operator::GreaterThanOrEqualTo),
        "GreaterThanThreshold" => Ok(Operator::GreaterThan),
        "LessThanThreshold" => Ok(Operator::LessThan),
        "LessThanOrEqualToThreshold" => Ok(Operator::LessThanOrEqualTo),
        name => Err(invalid(format!(
            "The ComparisonOperator {name} needs anomaly detection, which is not implemented"
        ))),
    }
}

fn missing_data(treatment: Option<&str>) -> Result<MissingData, Error> {
    match treatment {
        None | Some("missing") => Ok(MissingData::Missing),
        Some("ignore") => Ok(MissingData::Ignore),
        Some("breaching") => Ok(MissingData::Breaching),
        Some("notBreaching") => Ok(MissingData::NotBreaching),
        Some(other) => Err(invalid(format!(
            "TreatMissingData must be breaching, notBreaching, ignore or missing, not {}",
            shorten(other)
        ))),
    }
}

/// The least number of samples that a percentile needs, if the alarm ignores periods with fewer.
fn min_samples(config: &AlarmConfig) -> Result<Option<f64>, Error> {
    let is_ignored = match config.evaluate_low_sample_count_percentile.as_deref() {
        None => return Ok(None),
        Some("evaluate") => false,
        Some("ignore") => true,
        Some(other) => {
            return Err(invalid(format!(
                "EvaluateLowSampleCountPercentile must be evaluate or ignore, not {}",
                shorten(other)
            )));
        }
    };
    let statistic = config
        .extended_statistic
        .as_deref()
        .map(Statistic::percentile);
    let Some(Ok(Statistic::Percentile(percent))) = statistic else {
        return Err(invalid(
            "EvaluateLowSampleCountPercentile needs a percentile as ExtendedStatistic",
        ));
    };
    let share = percent / 100.0;
    let share = if share < 0.5 { share } else { 1.0 - share };
    Ok((is_ignored && share > 0.0).then(|| 10.0 / share))
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| invalid(format!("{name} must not be null")))
}

/// `arn:<partition>:<service>:<region>:<account>:<resource>`, of which the resource may have more colons.
fn is_arn(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    parts.next() == Some("arn") && parts.clone().count() == 5 && !text.ends_with(':')
}

fn invalid(message: impl Into<String>) -> Error {
    Error::bad_request("ValidationError", message)
}
