//! Converts a data point of a histogram to a metric value.
//!
//! In the EMF specification, the value of a metric is a number or an array of at most 100 numbers. An array
//! of numbers cannot express how many measurements have the same value. AWS's own libraries
//! (`aws-embedded-metrics-java`, the collector's `awsemf` exporter) therefore write a JSON object with
//! `Values`, `Counts`, `Min`, `Max`, `Sum` and `Count`. CloudWatch computes percentiles from the JSON object.
//! This module writes a JSON object with the same members and at most 100 values.

use opentelemetry_sdk::metrics::data::HistogramDataPoint;
use serde_json::{Value, json};

use super::number::Number;

/// Maximum number of values of a metric.
const MAX_VALUES: usize = 100;

/// The number of measurements between two bounds of a histogram. A bound can be infinite.
struct Bucket {
    lower_bound: f64,
    upper_bound: f64,
    count: u64,
}

/// Statistics of all measurements of a data point.
struct Statistics {
    count: u64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
}

/// Converts a data point of a histogram. Returns `None` if the data point has no measurements, or if the sum
/// of the measurements is infinite or NaN.
pub(super) fn build_histogram_value<T: Number>(point: &HistogramDataPoint<T>) -> Option<Value> {
    let lower_bounds = std::iter::once(f64::NEG_INFINITY).chain(point.bounds());
    let upper_bounds = point.bounds().chain(std::iter::once(f64::INFINITY));
    let buckets = lower_bounds
        .zip(upper_bounds)
        .zip(point.bucket_counts())
        .map(|((lower_bound, upper_bound), count)| Bucket {
            lower_bound,
            upper_bound,
            count,
        });
    let statistics = Statistics {
        count: point.count(),
        sum: point.sum().to_f64(),
        min: point.min().map(T::to_f64),
        max: point.max().map(T::to_f64),
    };
    build_metric_value(buckets, &statistics)
}

fn build_metric_value(
    buckets: impl Iterator<Item = Bucket>,
    statistics: &Statistics,
) -> Option<Value> {
    if statistics.count == 0 || !statistics.sum.is_finite() {
        return None;
    }
    let mean = statistics.sum / statistics.count as f64;
    let mut values: Vec<(f64, u64)> = buckets
        .filter(|bucket| bucket.count > 0)
        .map(|bucket| {
            let midpoint = bucket.midpoint(statistics, mean);
            (statistics.clamp_to_range(midpoint), bucket.count)
        })
        .collect();
    if values.is_empty() {
        // A histogram without bounds has no buckets.
        values.push((mean, statistics.count));
    }
    let values = merge_neighbours(values);
    let (lowest, highest) = (values.first()?.0, values.last()?.0);
    let (values, counts): (Vec<f64>, Vec<u64>) = values.into_iter().unzip();
    Some(json!({
        "Values": values,
        "Counts": counts,
        "Min": statistics.min.unwrap_or(lowest),
        "Max": statistics.max.unwrap_or(highest),
        "Sum": statistics.sum,
        "Count": statistics.count,
    }))
}

impl Bucket {
    /// The midpoint of the bucket. An infinite bound is replaced by the lowest or highest measurement of
    /// the data point.
    fn midpoint(&self, statistics: &Statistics, mean: f64) -> f64 {
        let finite = |bound: f64| Some(bound).filter(|bound| bound.is_finite());
        let lower_bound = finite(self.lower_bound).or(statistics.min);
        let upper_bound = finite(self.upper_bound).or(statistics.max);
        match (lower_bound, upper_bound) {
            (Some(lower_bound), Some(upper_bound)) => lower_bound.midpoint(upper_bound),
            (Some(bound), None) | (None, Some(bound)) => bound,
            (None, None) => mean,
        }
    }
}

impl Statistics {
    /// The value between the lowest and the highest measurement that is nearest to `value`.
    fn clamp_to_range(&self, value: f64) -> f64 {
        // The function does not call `f64::clamp`, because `f64::clamp` panics if the minimum is above the
        // maximum.
        value
            .max(self.min.unwrap_or(f64::NEG_INFINITY))
            .min(self.max.unwrap_or(f64::INFINITY))
    }
}

/// Merges neighbouring values into their mean until at most [`MAX_VALUES`] are left.
fn merge_neighbours(values: Vec<(f64, u64)>) -> Vec<(f64, u64)> {
    if values.len() <= MAX_VALUES {
        return values;
    }
    values
        .chunks(values.len().div_ceil(MAX_VALUES))
        .map(|neighbours| {
            let total_count: u64 = neighbours.iter().map(|(_, count)| count).sum();
            let mean = neighbours
                .iter()
                .map(|(value, count)| value * (*count as f64 / total_count as f64))
                .sum();
            (mean, total_count)
        })
        .collect()
}
