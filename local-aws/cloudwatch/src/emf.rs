//! The embedded metric format: metrics in the lines of a log.
//!
//! Source: AWS's guide to CloudWatch, "Specification: Embedded metric format". A line that breaks the specification has no
//! metrics.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::metrics::{Dimension, Distribution, Metric, Unit};
use crate::time::Timestamp;

/// Most dimensions in a dimension set, and most metrics and most values, by the specification.
const MAX_DIMENSIONS: usize = 30;
const MAX_METRICS: usize = 100;
const MAX_VALUES: usize = 100;

/// Most characters of the value of a dimension.
const MAX_DIMENSION_VALUE: usize = 1024;

/// Values of a metric in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedMetric {
    /// The metric.
    pub metric: Metric,
    /// The unit of the values.
    pub unit: Unit,
    /// The time that the line states.
    pub time: Timestamp,
    /// The period of the store that gets the values, in seconds: 1 or 60.
    pub resolution: i64,
    /// The values.
    pub values: Distribution,
}

#[derive(Deserialize)]
struct Root {
    #[serde(rename = "_aws")]
    metadata: Metadata,
    #[serde(flatten)]
    targets: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    dimensions: Vec<Vec<String>>,
    metrics: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
    storage_resolution: Option<i64>,
}

/// Whether a line is for CloudWatch: it has the member `_aws`, in which metrics are.
pub fn has_embedded_metrics(line: &str) -> bool {
    line.contains("\"_aws\"")
}

/// The metrics in a line. Most lines have none, which costs only the search for `"_aws"`.
pub fn parse_embedded_metrics(line: &str) -> Vec<EmbeddedMetric> {
    if !has_embedded_metrics(line) {
        return Vec::new();
    }
    let root = serde_json::from_str(line).ok();
    root.and_then(|root| metrics(&root)).unwrap_or_default()
}

fn metrics(root: &Root) -> Option<Vec<EmbeddedMetric>> {
    let mut found = Vec::new();
    for directive in &root.metadata.cloud_watch_metrics {
        if directive.metrics.len() > MAX_METRICS {
            return None;
        }
        for names in &directive.dimensions {
            let dimensions = dimensions(names, &root.targets)?;
            for definition in &directive.metrics {
                let metric = Metric {
                    namespace: directive.namespace.clone(),
                    name: definition.name.clone(),
                    dimensions: dimensions.clone(),
                };
                let unit = definition.unit.as_deref().unwrap_or("None");
                found.push(EmbeddedMetric {
                    metric: metric.sorted(),
                    unit: Unit::named(unit)?,
                    time: Timestamp(root.metadata.timestamp),
                    resolution: match definition.storage_resolution {
                        None | Some(60) => 60,
                        Some(1) => 1,
                        Some(_) => return None,
                    },
                    values: values(root.targets.get(&definition.name)?)?,
                });
            }
        }
    }
    Some(found)
}

fn dimensions(names: &[String], targets: &Map<String, Value>) -> Option<Vec<Dimension>> {
    if names.len() > MAX_DIMENSIONS {
        return None;
    }
    let dimensions = names.iter().map(|name| {
        let value = targets.get(name)?.as_str()?;
        let is_valid = !value.is_empty() && value.chars().count() <= MAX_DIMENSION_VALUE;
        is_valid.then(|| Dimension {
            name: name.clone(),
            value: value.to_owned(),
        })
    });
    dimensions.collect()
}

/// A histogram as AWS's own libraries write it (`aws-embedded-metrics-java`, the exporter `awsemf` of the OpenTelemetry
/// collector). The specification does not have it, but CloudWatch reads it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Histogram {
    values: Vec<f64>,
    counts: Vec<f64>,
    min: Option<f64>,
    max: Option<f64>,
    sum: Option<f64>,
}

impl Histogram {
    /// The values, each as often as it was counted. The values are often midpoints of buckets, but `Min`, `Max` and `Sum` are
    /// exact. `Count` is not needed: it is the sum of `Counts`.
    fn distribution(&self) -> Option<Distribution> {
        let Self { values, counts, .. } = self;
        let is_valid = !values.is_empty()
            && values.len() <= MAX_VALUES
            && values.len() == counts.len()
            && counts.iter().all(|count| *count > 0.0);
        if !is_valid {
            return None;
        }
        let mut all = Distribution::default();
        for (value, count) in values.iter().zip(counts) {
            all.add(&Distribution::of(*value, *count));
        }
        all.min = self.min.unwrap_or(all.min);
        all.max = self.max.unwrap_or(all.max);
        all.sum = self.sum.unwrap_or(all.sum);
        let is_finite = all.sum.is_finite() && all.count.is_finite();
        (is_finite && all.min <= all.max).then_some(all)
    }
}

fn values(target: &Value) -> Option<Distribution> {
    if target.is_object() {
        return Histogram::deserialize(target).ok()?.distribution();
    }
    let values = match target {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    if values.is_empty() || values.len() > MAX_VALUES {
        return None;
    }
    let mut all = Distribution::default();
    for value in values {
        all.add(&Distribution::of(value.as_f64()?, 1.0));
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of the specification.
    fn example() -> Value {
        json!({
            "_aws": {
                "Timestamp": 1574109732004_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "lambda-function-metrics",
                    "Dimensions": [["functionVersion"]],
                    "Metrics": [{ "Name": "time", "Unit": "Milliseconds", "StorageResolution": 60 }],
                }],
            },
            "functionVersion": "$LATEST",
            "time": 100,
            "requestId": "989ffbf8-9ace-4817-a57c-e4dd734019ee",
        })
    }

    #[test]
    fn the_example_of_the_specification_has_one_metric() {
        let dimensions = [("functionVersion", "$LATEST")];
        let expected = EmbeddedMetric {
            metric: Metric::new("lambda-function-metrics", "time", dimensions),
            unit: Unit::named("Milliseconds").unwrap(),
            time: Timestamp(1_574_109_732_004),
            resolution: 60,
            values: Distribution::of(100.0, 1.0),
        };
        assert_eq!(parse_embedded_metrics(&example().to_string()), [expected]);
    }

    #[test]
    fn every_dimension_set_makes_a_metric_of_its_own() {
        let mut line = example();
        line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([[], ["functionVersion"]]);
        line["time"] = json!([1, 2, 2.5]);
        let metrics = parse_embedded_metrics(&line.to_string());
        let dimensions: Vec<_> = metrics
            .iter()
            .map(|it| it.metric.dimensions.len())
            .collect();
        assert_eq!(dimensions, [0, 1]);
        assert_eq!((metrics[0].values.count, metrics[0].values.sum), (3.0, 5.5));
    }

    /// The line is that of the test of histograms in the crate `telemetry`.
    #[test]
    fn a_histogram_has_values_with_counts_and_exact_statistics() {
        let line = json!({
            "_aws": {
                "Timestamp": 1574109732004_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "MythicalMysfits",
                    "Dimensions": [["service", "http.route"]],
                    "Metrics": [
                        { "Name": "http.server.request.duration", "Unit": "Seconds" },
                        { "Name": "likes", "Unit": "Count" },
                    ],
                }],
            },
            "service": "like service",
            "http.route": "/likes",
            "http.server.request.duration": {
                "Values": [0.75, 1.5, 6.0, 8.5],
                "Counts": [1, 2, 1, 1],
                "Min": 0.5,
                "Max": 9.0,
                "Sum": 17.25,
                "Count": 5,
            },
            "likes": 3,
        });
        let metrics = parse_embedded_metrics(&line.to_string());
        let names: Vec<_> = metrics.iter().map(|it| &*it.metric.name).collect();
        assert_eq!(names, ["http.server.request.duration", "likes"]);
        let values = &metrics[0].values;
        assert_eq!((values.min, values.max), (0.5, 9.0));
        assert_eq!((values.sum, values.count), (17.25, 5.0));
        assert_eq!(values.percentile(60.0), Some(1.5));
        assert_eq!(values.percentile(99.0), Some(8.5));
    }

    #[test]
    fn a_histogram_without_statistics_has_those_of_its_values() {
        let mut line = example();
        line["time"] = json!({ "Values": [2.0, 3.0], "Counts": [1, 2] });
        let metrics = parse_embedded_metrics(&line.to_string());
        let values = &metrics[0].values;
        assert_eq!((values.min, values.max), (2.0, 3.0));
        assert_eq!((values.sum, values.count), (8.0, 3.0));
    }

    #[test]
    fn a_line_that_breaks_the_specification_has_no_metrics() {
        for (pointer, value) in [
            ("/_aws/Timestamp", json!(null)),
            ("/_aws/CloudWatchMetrics/0/Namespace", json!(7)),
            ("/_aws/CloudWatchMetrics/0/Dimensions", json!([["absent"]])),
            ("/_aws/CloudWatchMetrics/0/Dimensions", json!([["time"]])),
            ("/_aws/CloudWatchMetrics/0/Metrics/0/Name", json!("absent")),
            ("/_aws/CloudWatchMetrics/0/Metrics/0/Unit", json!("Hours")),
            (
                "/_aws/CloudWatchMetrics/0/Metrics/0/StorageResolution",
                json!(5),
            ),
            ("/time", json!("100")),
            ("/time", json!([])),
            ("/time", json!(vec![1; 101])),
            ("/time", json!({ "nested": 1 })),
            ("/time", json!({ "Values": [1.0], "Counts": [] })),
            ("/time", json!({ "Values": [], "Counts": [] })),
            ("/time", json!({ "Values": [1.0], "Counts": [0] })),
            ("/time", json!({ "Values": ["1"], "Counts": [1] })),
            (
                "/time",
                json!({ "Values": [1.0, 2.0], "Counts": [1e308, 1e308] }),
            ),
            (
                "/time",
                json!({ "Values": [1.0], "Counts": [1], "Min": 2, "Max": 1 }),
            ),
            (
                "/time",
                json!({ "Values": vec![1; 101], "Counts": vec![1; 101] }),
            ),
            ("/functionVersion", json!("v".repeat(1025))),
        ] {
            let mut line = example();
            *line.pointer_mut(pointer).unwrap() = value;
            assert_eq!(parse_embedded_metrics(&line.to_string()), [], "{pointer}");
        }
        for line in ["", "\"_aws\"", "{\"_aws\": 1}", "before {\"_aws\": {}}"] {
            assert_eq!(parse_embedded_metrics(line), []);
        }
    }
}
