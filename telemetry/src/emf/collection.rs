//! Groups the metrics of one collection into lines.
//!
//! Data points with the same dimensions share a line, even if their units differ. A line has at most 100
//! metrics, and each metric of a line has a different name. If a metric cannot be added to a line, a new line
//! is started.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics};
use serde_json::{Map, Value, json};

use super::dimensions::{Dimensions, build_dimensions};
use super::histogram::build_histogram_value;
use super::number::Number;
use super::unit::{to_cloudwatch_counter_unit, to_cloudwatch_unit};

/// Maximum number of metrics in a line, from the EMF specification.
const MAX_METRICS_PER_LINE: usize = 100;

/// The value of one metric in one line.
struct LineMetric<'a> {
    name: &'a str,
    unit: &'static str,
    value: Value,
}

/// The metrics of one line. Each metric of a line has a different name.
type Line<'a> = Vec<LineMetric<'a>>;

/// The metrics that the SDK has collected at one time.
pub(super) struct Collection<'a> {
    service: Option<&'a opentelemetry::Value>,
    time: SystemTime,
    lines: BTreeMap<Dimensions, Vec<Line<'a>>>,
}

impl<'a> Collection<'a> {
    /// Groups the collected metrics into EMF lines.
    pub(super) fn from_metrics(metrics: &'a ResourceMetrics) -> Self {
        let mut collection = Self {
            service: metrics
                .resource()
                .get_ref(&Key::from_static_str("service.name")),
            time: UNIX_EPOCH,
            lines: BTreeMap::new(),
        };
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            match metric.data() {
                AggregatedMetrics::F64(data) => collection.add_metric(metric, data),
                AggregatedMetrics::U64(data) => collection.add_metric(metric, data),
                AggregatedMetrics::I64(data) => collection.add_metric(metric, data),
            }
        }
        collection
    }

    fn add_metric<T: Number>(&mut self, metric: &'a Metric, data: &MetricData<T>) {
        let unit = to_cloudwatch_unit(metric.unit());
        let time = match data {
            MetricData::Gauge(gauge) => {
                for point in gauge.data_points() {
                    self.add_point(metric, unit, point.attributes(), point.value().to_json());
                }
                gauge.time()
            }
            MetricData::Sum(sum) => {
                let unit = if sum.is_monotonic() {
                    to_cloudwatch_counter_unit(metric.unit())
                } else {
                    unit
                };
                for point in sum.data_points() {
                    self.add_point(metric, unit, point.attributes(), point.value().to_json());
                }
                sum.time()
            }
            MetricData::Histogram(histogram) => {
                for point in histogram.data_points() {
                    self.add_point(
                        metric,
                        unit,
                        point.attributes(),
                        build_histogram_value(point),
                    );
                }
                histogram.time()
            }
            // Only a view can produce an exponential histogram, and no view is registered.
            MetricData::ExponentialHistogram(_) => return,
        };
        // The SDK reads the instruments at slightly different times. Each line contains the latest time at
        // which the SDK read an instrument.
        self.time = self.time.max(time);
    }

    fn add_point<'p>(
        &mut self,
        metric: &'a Metric,
        unit: &'static str,
        attributes: impl Iterator<Item = &'p KeyValue>,
        value: Option<Value>,
    ) {
        let Some(value) = value else { return };
        let name = metric.name();
        let dimensions = build_dimensions(name, self.service, attributes);
        let lines = self.lines.entry(dimensions).or_default();
        let line_metric = LineMetric { name, unit, value };
        // Two data points can have the same name and dimensions: instruments of different scopes can share a
        // name, and two long attribute values can become equal when both values are cut.
        let line_with_space = lines.iter_mut().find(|line| {
            line.len() < MAX_METRICS_PER_LINE && line.iter().all(|other| other.name != name)
        });
        match line_with_space {
            Some(line) => line.push(line_metric),
            None => lines.push(vec![line_metric]),
        }
    }

    /// Serializes each line as JSON with a newline at its end.
    pub(super) fn into_json_lines(self, namespace: &str) -> serde_json::Result<Vec<Vec<u8>>> {
        let timestamp = to_unix_milliseconds(self.time);
        self.lines
            .into_iter()
            .flat_map(|(dimensions, lines)| {
                lines.into_iter().map(move |line| {
                    let object = build_line_object(namespace, timestamp, &dimensions, line);
                    let mut json = serde_json::to_vec(&object)?;
                    json.push(b'\n');
                    Ok(json)
                })
            })
            .collect()
    }
}

fn build_line_object(
    namespace: &str,
    timestamp: u64,
    dimensions: &Dimensions,
    line: Line<'_>,
) -> Map<String, Value> {
    let dimension_names: Vec<&str> = dimensions.iter().map(|(name, _)| name.as_str()).collect();
    let metric_definitions: Vec<Value> = line
        .iter()
        .map(|metric| json!({ "Name": metric.name, "Unit": metric.unit }))
        .collect();
    let metadata = json!({
        "Timestamp": timestamp,
        "CloudWatchMetrics": [{
            "Namespace": namespace,
            "Dimensions": [dimension_names],
            "Metrics": metric_definitions,
        }],
    });
    let dimensions = dimensions
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let values = line
        .into_iter()
        .map(|metric| (metric.name.to_owned(), metric.value));
    [("_aws".to_owned(), metadata)]
        .into_iter()
        .chain(dimensions)
        .chain(values)
        .collect()
}

/// Milliseconds since 1970. A time before 1970 becomes 0.
fn to_unix_milliseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |duration| {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    })
}
