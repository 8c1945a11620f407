//! GetMetricStatistics.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::Error;

use super::{invalid_combination, invalid_value};
use crate::cloudwatch::CloudWatch;
use crate::metrics::{Dimension, Metric, Point, Query, Statistic, Unit, floor};
use crate::time::Timestamp;

/// Most data points in a response.
const MAX_DATAPOINTS: i64 = 1440;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    start_time: Timestamp,
    end_time: Timestamp,
    period: i64,
    #[serde(default)]
    statistics: Vec<String>,
    #[serde(default)]
    extended_statistics: Vec<String>,
    unit: Option<Unit>,
}

pub fn get(cloudwatch: &CloudWatch, request: Request) -> Result<Value, Error> {
    let (start, end) = time_range(request.start_time, request.end_time, request.period)
        .ok_or_else(|| invalid_value(START_NOT_BEFORE_END))?;
    check_period("Period", request.period).map_err(invalid_value)?;
    let number = (request.end_time.0 - request.start_time.0) / 1000 / request.period;
    if number > MAX_DATAPOINTS {
        return Err(invalid_combination(format!(
            "You have requested up to {number} datapoints, which exceeds the limit of {MAX_DATAPOINTS}. You may reduce the \
             datapoints requested by increasing Period, or decreasing the time range."
        )));
    }
    let statistics = statistics(&request.statistics, &request.extended_statistics)?;
    let metric = Metric {
        namespace: request.namespace,
        name: request.metric_name.clone(),
        dimensions: request.dimensions,
    };
    let query = Query {
        unit: request.unit,
        period: request.period,
        start,
        end,
    };
    let points = cloudwatch.points(&metric.sorted(), query);
    let datapoints = points
        .iter()
        .filter_map(|point| datapoint(point, &statistics));
    Ok(json!({
        "Label": request.metric_name,
        "Datapoints": datapoints.collect::<Vec<_>>(),
    }))
}

/// The statistics of a request with their names.
fn statistics<'a>(
    statistics: &'a [String],
    extended: &'a [String],
) -> Result<Vec<(&'a String, Statistic)>, Error> {
    match (statistics.is_empty(), extended.is_empty()) {
        (true, true) => {
            return Err(invalid_combination(
                "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
            ));
        }
        (false, false) => {
            return Err(invalid_combination(
                "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.",
            ));
        }
        _ => {}
    }
    let statistics = statistics.iter().map(|name| (name, Statistic::parse(name)));
    let extended = extended
        .iter()
        .map(|name| (name, Statistic::percentile(name)));
    statistics
        .chain(extended)
        .map(|(name, statistic)| Ok((name, statistic.map_err(invalid_value)?)))
        .collect()
}

/// A data point with the statistics that its values have.
fn datapoint(point: &Point, statistics: &[(&String, Statistic)]) -> Option<Value> {
    let (mut plain, mut extended) = (Map::new(), Map::new());
    for (name, statistic) in statistics {
        let value = statistic.of(&point.values);
        let members = match statistic {
            Statistic::Percentile(_) => &mut extended,
            _ => &mut plain,
        };
        members.extend(value.map(|value| ((*name).clone(), value.into())));
    }
    if plain.is_empty() && extended.is_empty() {
        return None;
    }
    plain.insert(
        "Timestamp".to_owned(),
        json!(Timestamp::from_secs(point.start)),
    );
    plain.insert("Unit".to_owned(), json!(point.unit));
    if !extended.is_empty() {
        plain.insert("ExtendedStatistics".to_owned(), extended.into());
    }
    Some(plain.into())
}

pub const START_NOT_BEFORE_END: &str =
    "The parameter StartTime must be less than the parameter EndTime.";

/// The start of the first period, and the end of the values, in seconds. Returns `None` if the start is not before the end.
///
/// AWS rounds the start down to a minute, or to the period if that is shorter.
pub fn time_range(start: Timestamp, end: Timestamp, period: i64) -> Option<(i64, i64)> {
    let unit = match period {
        1..60 => period,
        _ => 60,
    };
    // A value in the last second before the end is selected.
    let end_secs = end.secs() + i64::from(end.0 % 1000 != 0);
    (start < end).then(|| (floor(start.secs(), unit), end_secs))
}

/// Checks the period of the parameter `name`.
pub fn check_period(name: &str, period: i64) -> Result<(), String> {
    match matches!(period, 1 | 5 | 10 | 20 | 30) || period % 60 == 0 {
        true => Ok(()),
        false => Err(format!(
            "The parameter {name} must be 1, 5, 10, 20, 30 or a multiple of 60."
        )),
    }
}
