//! PutMetricData.

use serde::Deserialize;
use serde_json::Value;
use wire::{Error, shorten};

use super::{invalid_combination, invalid_value};
use crate::cloudwatch::CloudWatch;
use crate::metrics::{Dimension, Distribution, Metric, Unit};
use crate::time::Timestamp;

/// Most different values of a datum.
const MAX_VALUES: usize = 150;

/// How far a time can be in the past and in the future, in milliseconds: two weeks and two hours.
const MAX_PAST_MILLIS: i64 = 14 * 24 * 60 * 60 * 1000;
pub const MAX_FUTURE_MILLIS: i64 = 2 * 60 * 60 * 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    namespace: String,
    #[serde(default)]
    metric_data: Vec<Datum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datum {
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    timestamp: Option<Timestamp>,
    value: Option<f64>,
    statistic_values: Option<StatisticSet>,
    values: Option<Vec<f64>>,
    counts: Option<Vec<f64>>,
    unit: Option<Unit>,
    storage_resolution: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticSet {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

pub fn put(cloudwatch: &CloudWatch, request: Request) -> Result<Value, Error> {
    let Request {
        namespace,
        metric_data,
    } = request;
    if namespace.starts_with("AWS/") {
        // AWS's services publish there.
        let message = format!(
            "The value {} for parameter Namespace is invalid.",
            shorten(&namespace)
        );
        return Err(invalid_value(message));
    }
    if metric_data.is_empty() {
        let message = "The parameter MetricData is required.";
        return Err(Error::bad_request("MissingParameter", message));
    }
    let now = cloudwatch.now();
    // All data are checked before the first one is stored.
    let checked = metric_data.into_iter().enumerate().map(|(index, datum)| {
        let name = format!("MetricData.member.{}", index + 1);
        datum.check(&name, &namespace, now)
    });
    let checked: Vec<_> = checked.collect::<Result<_, Error>>()?;
    for (metric, unit, time, resolution, values) in checked {
        cloudwatch
            .store()
            .add(&metric, unit, time, resolution, &values);
    }
    Ok(Value::Null)
}

impl Datum {
    fn check(
        self,
        name: &str,
        namespace: &str,
        now: Timestamp,
    ) -> Result<(Metric, Unit, Timestamp, i64, Distribution), Error> {
        let time = self.timestamp.unwrap_or(now);
        if time.0 < now.0 - MAX_PAST_MILLIS {
            return Err(invalid_value(format!(
                "The parameter {name}.Timestamp must specify a time within the past two weeks."
            )));
        }
        if time.0 > now.0 + MAX_FUTURE_MILLIS {
            return Err(invalid_value(format!(
                "The parameter {name}.Timestamp must specify a time no more than two hours in the future."
            )));
        }
        let resolution = self.storage_resolution.unwrap_or(60);
        if !matches!(resolution, 1 | 60) {
            return Err(invalid_value(format!(
                "The parameter {name}.StorageResolution must be a value in the set [ 1, 60 ]."
            )));
        }
        let values = self.distribution(name)?;
        check_dimensions(name, &self.dimensions)?;
        let metric = Metric {
            namespace: namespace.to_owned(),
            name: self.metric_name,
            dimensions: self.dimensions,
        };
        let unit = self.unit.unwrap_or(Unit::NONE);
        Ok((metric.sorted(), unit, time, resolution, values))
    }

    fn distribution(&self, name: &str) -> Result<Distribution, Error> {
        let exclusive = |one: &str, other: &str| {
            invalid_combination(format!(
                "The parameters {name}.{one} and {name}.{other} are mutually exclusive and you have specified both."
            ))
        };
        match (self.value, &self.values, &self.statistic_values) {
            (Some(_), Some(_), _) => Err(exclusive("Value", "Values")),
            (Some(_), _, Some(_)) => Err(exclusive("Value", "StatisticValues")),
            (_, Some(_), Some(_)) => Err(exclusive("Values", "StatisticValues")),
            (Some(value), None, None) => {
                check_range(&format!("{name}.Value"), value)?;
                Ok(Distribution::of(value, 1.0))
            }
            (None, Some(values), None) => self.of_values(name, values),
            (None, None, Some(set)) => set.check(&format!("{name}.StatisticValues")),
            (None, None, None) => Err(Error::bad_request(
                "MissingParameter",
                format!("The parameter {name}.Value is required."),
            )),
        }
    }

    fn of_values(&self, name: &str, values: &[f64]) -> Result<Distribution, Error> {
        if values.is_empty() {
            let message = format!("The parameter {name}.Values is required.");
            return Err(Error::bad_request("MissingParameter", message));
        }
        if values.len() > MAX_VALUES {
            return Err(invalid_value(format!(
                "The collection {name}.Values must not have a size greater than {MAX_VALUES}."
            )));
        }
        let ones = vec![1.0; values.len()];
        let counts = self.counts.as_ref().unwrap_or(&ones);
        if counts.len() != values.len() {
            return Err(invalid_value(format!(
                "The parameters {name}.Values and {name}.Counts must be of the same size."
            )));
        }
        let mut all = Distribution::default();
        for (index, (value, count)) in values.iter().zip(counts).enumerate() {
            let number = index + 1;
            check_range(&format!("{name}.Values.member.{number}"), *value)?;
            check_count(&format!("{name}.Counts.member.{number}"), *count)?;
            all.add(&Distribution::of(*value, *count));
        }
        Ok(all)
    }
}

impl StatisticSet {
    fn check(&self, name: &str) -> Result<Distribution, Error> {
        let Self {
            sample_count,
            sum,
            minimum,
            maximum,
        } = *self;
        check_count(&format!("{name}.SampleCount"), sample_count)?;
        for (member, value) in [("Sum", sum), ("Minimum", minimum), ("Maximum", maximum)] {
            check_range(&format!("{name}.{member}"), value)?;
        }
        if maximum < minimum {
            return Err(invalid_value(format!(
                "The parameter {name}.Maximum must be greater than {name}.Minimum."
            )));
        }
        Ok(Distribution::summary(sample_count, sum, minimum, maximum))
    }
}

/// AWS's documentation of PutMetricData: values are in the range of -2^360 to 2^360.
fn check_range(name: &str, value: f64) -> Result<(), Error> {
    match value.abs() <= 2_f64.powi(360) {
        true => Ok(()),
        false => Err(invalid_value(format!(
            "The value {value} for parameter {name} is invalid."
        ))),
    }
}

/// A number of values is positive.
fn check_count(name: &str, count: f64) -> Result<(), Error> {
    check_range(name, count)?;
    match count > 0.0 {
        true => Ok(()),
        false => Err(invalid_value(format!(
            "The parameter {name} must be greater than 0."
        ))),
    }
}

/// AWS's documentation of Dimension.
fn check_dimensions(name: &str, dimensions: &[Dimension]) -> Result<(), Error> {
    let is_valid = |text: &str| {
        text.bytes()
            .all(|it| it.is_ascii() && !it.is_ascii_control())
            && !text.trim().is_empty()
    };
    for (index, dimension) in dimensions.iter().enumerate() {
        let name = format!("{name}.Dimensions.member.{}", index + 1);
        if dimension.name.starts_with(':') {
            let message = format!("The parameter {name}.Name must not begin with a colon.");
            return Err(invalid_value(message));
        }
        for (member, text) in [("Name", &dimension.name), ("Value", &dimension.value)] {
            if !is_valid(text) {
                return Err(invalid_value(format!(
                    "The parameter {name}.{member} must contain only ASCII characters without control characters, and a \
                     character that is not a space."
                )));
            }
        }
        if dimensions[..index]
            .iter()
            .any(|it| it.name == dimension.name)
        {
            let message = format!("The parameter {name}.Name must be unique in its list.");
            return Err(invalid_value(message));
        }
    }
    Ok(())
}
