//! Checks spans and metrics against the parts of OpenTelemetry's semantic conventions that the services use.
//!
//! `conventions.json` is an extract of the conventions' published model, and contains the version of the
//! model.

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Attribute};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;

use crate::collector::attribute_text;

const CONVENTIONS_JSON: &str = include_str!("conventions.json");

/// Metrics that the conventions do not define: name, instrument, unit, and attributes.
const PROJECT_METRICS: &[(&str, &str, &str, &[&str])] = &[
    ("mysfits.likes", "counter", "{like}", &["outcome"]),
    ("chaos.faults", "counter", "{fault}", &["chaos.fault"]),
    (
        "dynamodb.throttles",
        "counter",
        "{attempt}",
        &["db.operation.name"],
    ),
    (
        "mysfits.log_lines.dropped",
        "counter",
        "{line}",
        &["error.type"],
    ),
];

/// Metrics with an additional attribute: the conventions define the attribute, but do not list the
/// attribute for the metric.
const ADDITIONAL_ATTRIBUTES: &[(&str, &str)] = &[("http.server.active_requests", "http.route")];

/// Attributes of spans that the conventions do not define: our own attributes, and attributes that
/// exporters to X-Ray read.
const PROJECT_ATTRIBUTES: &[&str] = &[
    "aws.http.traced",
    "aws.region",
    "aws.retry_count",
    "aws.table.name",
    "aws.throttled",
    "chaos.cpu_ms",
    "chaos.fault",
    "mysfit.id",
];

/// Deprecated attributes that exporters to X-Ray still read.
const ALLOWED_DEPRECATED_ATTRIBUTES: &[&str] = &["peer.service", "rpc.service", "rpc.system"];

/// The parts of a metric's series that the conventions define.
struct Series<'a> {
    metric: &'a str,
    attributes: &'a [KeyValue],
    boundaries: Option<&'a [f64]>,
}

/// Describes each violation of the conventions in `metrics`.
pub fn metric_violations(metrics: &[Metric]) -> Vec<String> {
    assert!(!metrics.is_empty());
    let conventions: Value = serde_json::from_str(CONVENTIONS_JSON).unwrap();
    metrics
        .iter()
        .flat_map(|metric| violations_of_metric(metric, &conventions))
        .collect()
}

/// Describes each violation of the conventions in `spans`.
pub fn span_violations(spans: &[Span]) -> Vec<String> {
    assert!(!spans.is_empty());
    let conventions: Value = serde_json::from_str(CONVENTIONS_JSON).unwrap();
    spans
        .iter()
        .flat_map(|span| violations_of_span(span, &conventions))
        .collect()
}

fn violations_of_span(span: &Span, conventions: &Value) -> Vec<String> {
    let has_attribute = |key: &str| span.attributes.iter().any(|attribute| attribute.key == key);
    let kind = match span.kind() {
        SpanKind::Server => "http.server",
        SpanKind::Client if has_attribute("rpc.method") => "dynamodb",
        SpanKind::Client => "http.client",
        kind => panic!("{kind:?}"),
    };
    let required = conventions["required_attributes_of_spans"][kind].as_array();
    let missing = required
        .unwrap()
        .iter()
        .map(as_text)
        .filter(|key| !has_attribute(key));
    let mut violations: Vec<_> = missing.map(|key| format!("{key} is missing")).collect();
    let is_other_method = attribute_text(&span.attributes, "http.request.method") == "_OTHER";
    if is_other_method != has_attribute("http.request.method_original") {
        violations.push("http.request.method_original is wrong".to_owned());
    }
    let is_failed = span
        .status
        .as_ref()
        .is_some_and(|status| status.code() == StatusCode::Error);
    if is_failed != has_attribute("error.type") {
        violations.push("error.type and status do not agree".to_owned());
    }
    let events = span.events.iter().flat_map(|event| &event.attributes);
    let attributes = span.attributes.iter().chain(events);
    let attributes = attributes.filter(|attribute| !PROJECT_ATTRIBUTES.contains(&&*attribute.key));
    violations
        .extend(attributes.filter_map(|attribute| violation_of_attribute(attribute, conventions)));
    let name = &span.name;
    violations
        .iter()
        .map(|violation| format!("{name}: {violation}"))
        .collect()
}

/// The values of an attribute in all series of a metric. A series without the attribute yields an empty
/// value.
pub fn attribute_values(metrics: &[Metric], name: &str, key: &str) -> Vec<String> {
    let metrics = metrics.iter().filter(|metric| metric.name == name);
    let all_series = metrics.flat_map(|metric| instrument_and_series(metric).1);
    all_series
        .map(|series| attribute_text(series.attributes, key))
        .collect()
}

fn violations_of_metric(metric: &Metric, conventions: &Value) -> Vec<String> {
    let name = &*metric.name;
    let (instrument, all_series) = instrument_and_series(metric);
    let project_metric = PROJECT_METRICS
        .iter()
        .find(|(project_name, ..)| *project_name == name);
    let (expected_instrument, unit) = match (project_metric, &conventions["metrics"][name]) {
        (Some((_, instrument, unit, _)), _) => (*instrument, *unit),
        (None, Value::Null) => return vec![format!("{name} is not a metric of the conventions")],
        (None, convention) => (
            as_text(&convention["instrument"]),
            as_text(&convention["unit"]),
        ),
    };
    let mut violations = Vec::new();
    if (instrument, &*metric.unit) != (expected_instrument, unit) {
        let actual = (instrument, &metric.unit);
        violations.push(format!(
            "{name} is {actual:?} instead of {expected_instrument} in {unit}"
        ));
    }
    assert!(!all_series.is_empty(), "{name}");
    for series in all_series {
        let series_violations = match project_metric {
            Some((_, _, _, attributes)) => violations_of_project_attributes(&series, attributes),
            None => violations_of_series(&series, conventions),
        };
        violations.extend(
            series_violations
                .into_iter()
                .map(|violation| format!("{name}: {violation}")),
        );
    }
    violations
}

/// The instrument that recorded the metric, and the metric's series.
fn instrument_and_series(metric: &Metric) -> (&'static str, Vec<Series<'_>>) {
    let new_series = |attributes, boundaries| Series {
        metric: &metric.name,
        attributes,
        boundaries,
    };
    match metric.data.as_ref().unwrap() {
        Data::Histogram(histogram) => {
            let points = histogram.data_points.iter();
            let points =
                points.map(|point| new_series(&*point.attributes, Some(&*point.explicit_bounds)));
            ("histogram", points.collect())
        }
        Data::Sum(sum) => {
            let points = sum.data_points.iter();
            let points = points.map(|point| new_series(&*point.attributes, None));
            let instrument = if sum.is_monotonic {
                "counter"
            } else {
                "updowncounter"
            };
            (instrument, points.collect())
        }
        other => panic!("{} is {other:?}", metric.name),
    }
}

fn violations_of_project_attributes(series: &Series<'_>, expected: &[&str]) -> Vec<String> {
    let keys = series.attributes.iter().map(|attribute| &*attribute.key);
    let keys: Vec<_> = keys.collect();
    let violation =
        (keys != expected).then(|| format!("attributes {keys:?} instead of {expected:?}"));
    violation.into_iter().collect()
}

fn violations_of_series(series: &Series<'_>, conventions: &Value) -> Vec<String> {
    let convention = &conventions["metrics"][series.metric];
    let known_attributes = convention["attributes"].as_object().unwrap();
    let has_attribute = |key: &str| {
        series
            .attributes
            .iter()
            .any(|attribute| attribute.key == key)
    };
    let mut violations: Vec<_> = known_attributes
        .iter()
        .filter(|(key, level)| as_text(level) == "required" && !has_attribute(key))
        .map(|(key, _)| format!("{key} is missing"))
        .collect();
    for attribute in series.attributes {
        let key = &*attribute.key;
        if !known_attributes.contains_key(key)
            && !ADDITIONAL_ATTRIBUTES.contains(&(series.metric, key))
        {
            violations.push(format!("{key} is not an attribute of this metric"));
        }
        violations.extend(violation_of_attribute(attribute, conventions));
    }
    let boundaries = convention["boundaries"].as_array();
    let boundaries = boundaries.map(|all| {
        all.iter()
            .map(|boundary| boundary.as_f64().unwrap())
            .collect()
    });
    if series.boundaries.map(<[f64]>::to_vec) != boundaries {
        violations.push(format!("boundaries are {:?}", series.boundaries));
    }
    violations.extend(violated_condition(series));
    violations
}

/// Checks the conditionally required attributes whose condition can be derived from the series.
fn violated_condition(series: &Series<'_>) -> Option<String> {
    let value = |key: &str| attribute_text(series.attributes, key);
    let has_attribute = |key: &str| !value(key).is_empty();
    let is_failed = match series.metric {
        "http.server.request.duration" => {
            let status = value("http.response.status_code");
            status.is_empty() || status.starts_with('5')
        }
        "db.client.operation.duration" => {
            if !has_attribute("db.operation.name") || !has_attribute("db.collection.name") {
                return Some("the operation or the table is missing".to_owned());
            }
            has_attribute("db.response.status_code") || value("error.type") == "no_answer"
        }
        // For the metrics `otel.sdk.*`, only `error.type` shows whether the operation has failed.
        name if name.starts_with("otel.sdk.") => return None,
        _ => false,
    };
    let attributes = series.attributes;
    (is_failed != has_attribute("error.type"))
        .then(|| format!("error.type is wrong in {attributes:?}"))
}

/// Checks the name, the type and the value of one attribute.
fn violation_of_attribute(attribute: &KeyValue, conventions: &Value) -> Option<String> {
    let key = &*attribute.key;
    let convention = &conventions["attributes"][key];
    let value = attribute.value.as_ref()?.value.as_ref()?;
    let kind = match value {
        Attribute::StringValue(_) => "string",
        Attribute::IntValue(_) => "int",
        Attribute::BoolValue(_) => "boolean",
        _ => "other",
    };
    let is_listed = match (value, convention["values"].as_array()) {
        (Attribute::StringValue(text), Some(values)) => values.contains(&Value::from(&**text)),
        _ => true,
    };
    if convention.is_null() {
        Some(format!("{key} is not an attribute of the conventions"))
    } else if convention["deprecated"] == true && !ALLOWED_DEPRECATED_ATTRIBUTES.contains(&key) {
        Some(format!("{key} is deprecated"))
    } else if convention["type"] != kind || !is_listed {
        Some(format!("{key} has the value {value:?}"))
    } else {
        None
    }
}

fn as_text(value: &Value) -> &str {
    value.as_str().unwrap()
}
