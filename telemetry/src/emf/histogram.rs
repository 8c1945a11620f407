//! A histogram's point as the value of a metric.
//!
//! The specification has a metric's value be a number or up to 100 numbers. That cannot say how
//! often each was seen, so a busy minute would take hundreds of lines. AWS's own libraries
//! (`aws-embedded-metrics-java`, the collector's `awsemf` exporter) therefore write an object with
//! `Values`, `Counts`, `Min`, `Max`, `Sum` and `Count`, under the same limit of 100 values, and
//! CloudWatch computes percentiles from it; so does this module.

use opentelemetry_sdk::metrics::data::HistogramDataPoint;
use serde_json::{Value, json};

use super::collection::Number;

/// At most as many values make a metric.
const MOST: usize = 100;

/// The measurements between two edges. An edge may be infinite.
struct Bucket {
    from: f64,
    to: f64,
    count: u64,
}

/// What is known of all measurements together.
struct Summary {
    count: u64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
}

/// The value of a point; nothing if nothing was measured.
pub(super) fn value<T: Number>(point: &HistogramDataPoint<T>) -> Option<Value> {
    let from = std::iter::once(f64::NEG_INFINITY).chain(point.bounds());
    let to = point.bounds().chain(std::iter::once(f64::INFINITY));
    let buckets = from
        .zip(to)
        .zip(point.bucket_counts())
        .map(|((from, to), count)| Bucket { from, to, count });
    let summary = Summary {
        count: point.count(),
        sum: point.sum().float(),
        min: point.min().map(T::float),
        max: point.max().map(T::float),
    };
    told(buckets, &summary)
}

fn told(buckets: impl Iterator<Item = Bucket>, all: &Summary) -> Option<Value> {
    if all.count == 0 || !all.sum.is_finite() {
        return None;
    }
    let mean = all.sum / all.count as f64;
    let mut values: Vec<(f64, u64)> = buckets
        .filter(|bucket| bucket.count > 0)
        .map(|bucket| (all.clamp(bucket.middle(all, mean)), bucket.count))
        .collect();
    if values.is_empty() {
        // Without bounds there are no buckets, and the mean is all that is left to say.
        values.push((mean, all.count));
    }
    let values = merged(values);
    let (lowest, highest) = (values.first()?.0, values.last()?.0);
    let (values, counts): (Vec<f64>, Vec<u64>) = values.into_iter().unzip();
    Some(json!({
        "Values": values,
        "Counts": counts,
        "Min": all.min.unwrap_or(lowest),
        "Max": all.max.unwrap_or(highest),
        "Sum": all.sum,
        "Count": all.count,
    }))
}

impl Bucket {
    /// The middle between the edges, or between an edge and the lowest or highest measurement.
    fn middle(&self, all: &Summary, mean: f64) -> f64 {
        let from = Some(self.from).filter(|edge| edge.is_finite()).or(all.min);
        let to = Some(self.to).filter(|edge| edge.is_finite()).or(all.max);
        match (from, to) {
            (Some(from), Some(to)) => from.midpoint(to),
            (Some(edge), None) | (None, Some(edge)) => edge,
            (None, None) => mean,
        }
    }
}

impl Summary {
    /// `value`, or the nearest that can have been measured.
    fn clamp(&self, value: f64) -> f64 {
        // Not `f64::clamp`, which panics where the limits are in the wrong order.
        value
            .max(self.min.unwrap_or(f64::NEG_INFINITY))
            .min(self.max.unwrap_or(f64::INFINITY))
    }
}

/// At most [`MOST`] values: where there are more, neighbours become one at their common mean.
fn merged(values: Vec<(f64, u64)>) -> Vec<(f64, u64)> {
    if values.len() <= MOST {
        return values;
    }
    values
        .chunks(values.len().div_ceil(MOST))
        .map(|neighbours| {
            let count: u64 = neighbours.iter().map(|(_, count)| count).sum();
            let mean = neighbours
                .iter()
                .map(|(value, share)| value * (*share as f64 / count as f64))
                .sum();
            (mean, count)
        })
        .collect()
}
