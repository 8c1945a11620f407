//! The metrics of one collection, sorted into lines.
//!
//! Points with the same dimensions share a line, whatever their units. A line takes at most 100
//! metrics, and each name once; the rest begins a further line.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics};
use serde_json::{Map, Value, json};

use super::dimensions::{self, Dimensions};
use super::{histogram, unit};

/// At most as many metrics make a line.
const MOST: usize = 100;

/// What an instrument may measure in.
pub(super) trait Number: Copy {
    /// The number as it is; nothing for one that JSON cannot tell.
    fn json(self) -> Option<Value>;

    /// The number, rounded where it must be.
    fn float(self) -> f64;
}

impl Number for f64 {
    fn json(self) -> Option<Value> {
        serde_json::Number::from_f64(self).map(Value::Number)
    }

    fn float(self) -> f64 {
        self
    }
}

impl Number for u64 {
    fn json(self) -> Option<Value> {
        Some(self.into())
    }

    fn float(self) -> f64 {
        self as f64
    }
}

impl Number for i64 {
    fn json(self) -> Option<Value> {
        Some(self.into())
    }

    fn float(self) -> f64 {
        self as f64
    }
}

/// A metric in a line.
struct Entry<'a> {
    name: &'a str,
    unit: &'static str,
    value: Value,
}

/// The metrics of a line.
type Line<'a> = Vec<Entry<'a>>;

/// What one collection of the SDK brought.
pub(super) struct Collection<'a> {
    service: Option<&'a opentelemetry::Value>,
    time: SystemTime,
    lines: BTreeMap<Dimensions, Vec<Line<'a>>>,
}

impl<'a> Collection<'a> {
    /// Sorts `metrics` into lines.
    pub(super) fn of(metrics: &'a ResourceMetrics) -> Self {
        let mut collection = Self {
            service: metrics
                .resource()
                .get_ref(&Key::from_static_str("service.name")),
            time: UNIX_EPOCH,
            lines: BTreeMap::new(),
        };
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            match metric.data() {
                AggregatedMetrics::F64(data) => collection.add(metric, data),
                AggregatedMetrics::U64(data) => collection.add(metric, data),
                AggregatedMetrics::I64(data) => collection.add(metric, data),
            }
        }
        collection
    }

    fn add<T: Number>(&mut self, metric: &'a Metric, data: &MetricData<T>) {
        let unit = unit::of(metric.unit());
        let time = match data {
            MetricData::Gauge(gauge) => {
                for point in gauge.data_points() {
                    self.put(metric, unit, point.attributes(), point.value().json());
                }
                gauge.time()
            }
            MetricData::Sum(sum) => {
                let unit = if sum.is_monotonic() {
                    unit::of_counter(metric.unit())
                } else {
                    unit
                };
                for point in sum.data_points() {
                    self.put(metric, unit, point.attributes(), point.value().json());
                }
                sum.time()
            }
            MetricData::Histogram(histogram) => {
                for point in histogram.data_points() {
                    self.put(metric, unit, point.attributes(), histogram::value(point));
                }
                histogram.time()
            }
            // Made by views alone, of which there are none.
            MetricData::ExponentialHistogram(_) => return,
        };
        // The instruments are read one after the other, but make one collection.
        self.time = self.time.max(time);
    }

    fn put<'p>(
        &mut self,
        metric: &'a Metric,
        unit: &'static str,
        attributes: impl Iterator<Item = &'p KeyValue>,
        value: Option<Value>,
    ) {
        let Some(value) = value else { return };
        let name = metric.name();
        let dimensions = dimensions::of(name, self.service, attributes);
        let lines = self.lines.entry(dimensions).or_default();
        let entry = Entry { name, unit, value };
        // Two scopes may have instruments of one name, and cut attributes may become the same.
        let room = lines
            .iter_mut()
            .find(|line| line.len() < MOST && line.iter().all(|other| other.name != name));
        match room {
            Some(line) => line.push(entry),
            None => lines.push(vec![entry]),
        }
    }

    /// The lines, each with its newline.
    pub(super) fn lines(self, namespace: &str) -> serde_json::Result<Vec<Vec<u8>>> {
        let timestamp = milliseconds(self.time);
        self.lines
            .into_iter()
            .flat_map(|(dimensions, lines)| {
                lines.into_iter().map(move |line| {
                    let root = root(namespace, timestamp, &dimensions, line);
                    let mut text = serde_json::to_vec(&root)?;
                    text.push(b'\n');
                    Ok(text)
                })
            })
            .collect()
    }
}

fn root(
    namespace: &str,
    timestamp: u64,
    dimensions: &Dimensions,
    line: Line<'_>,
) -> Map<String, Value> {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| name.as_str()).collect();
    let metrics: Vec<Value> = line
        .iter()
        .map(|entry| json!({ "Name": entry.name, "Unit": entry.unit }))
        .collect();
    let about = json!({
        "Timestamp": timestamp,
        "CloudWatchMetrics": [{
            "Namespace": namespace,
            "Dimensions": [names],
            "Metrics": metrics,
        }],
    });
    let dimensions = dimensions
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let values = line
        .into_iter()
        .map(|entry| (entry.name.to_owned(), entry.value));
    [("_aws".to_owned(), about)]
        .into_iter()
        .chain(dimensions)
        .chain(values)
        .collect()
}

/// Since 1970; a clock before that counts as 1970.
fn milliseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
