//! OpenTelemetry's semantic conventions, as far as the services use them.
//!
//! The facts beside this file are taken from the conventions' published model, whose version they name.

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Attribute};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;

const FACTS: &str = include_str!("conventions.json");

/// Metrics that the conventions do not define: name, instrument, unit, and attributes.
const OWN_METRICS: &[(&str, &str, &str, &[&str])] = &[
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

/// Attributes that our metrics have beyond those that the conventions list for them.
const ADDED: &[(&str, &str)] = &[("http.server.active_requests", "http.route")];

/// Attributes of spans that the conventions do not define: our own, and those that translators into
/// X-Ray's documents read.
const OWN_ATTRIBUTES: &[&str] = &[
    "aws.http.traced",
    "aws.region",
    "aws.retry_count",
    "aws.table.name",
    "aws.throttled",
    "chaos.cpu_ms",
    "chaos.fault",
    "mysfit.id",
];

/// Deprecated attributes that translators into X-Ray's documents still need.
const DEPRECATED: &[&str] = &["peer.service", "rpc.service", "rpc.system"];

/// One series of a metric, as the conventions look at it.
struct Point<'a> {
    metric: &'a str,
    attributes: &'a [KeyValue],
    boundaries: Option<&'a [f64]>,
}

/// Every contradiction between `metrics` and the conventions.
pub fn metric_violations(metrics: &[Metric]) -> Vec<String> {
    assert!(!metrics.is_empty());
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    metrics
        .iter()
        .flat_map(|metric| violations_of(metric, &facts))
        .collect()
}

/// Every contradiction between `spans` and the conventions.
pub fn span_violations(spans: &[Span]) -> Vec<String> {
    assert!(!spans.is_empty());
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    spans
        .iter()
        .flat_map(|span| violations_of_span(span, &facts))
        .collect()
}

fn violations_of_span(span: &Span, facts: &Value) -> Vec<String> {
    let has = |key: &str| span.attributes.iter().any(|it| it.key == key);
    let kind = match span.kind() {
        SpanKind::Server => "http.server",
        SpanKind::Client if has("rpc.method") => "dynamodb",
        SpanKind::Client => "http.client",
        kind => panic!("{kind:?}"),
    };
    let required = facts["required_attributes_of_spans"][kind].as_array();
    let missing = required.unwrap().iter().map(text).filter(|key| !has(key));
    let mut wrong: Vec<_> = missing.map(|key| format!("{key} is missing")).collect();
    let other =
        super::collector::attribute_text(&span.attributes, "http.request.method") == "_OTHER";
    if other != has("http.request.method_original") {
        wrong.push("http.request.method_original is wrong".to_owned());
    }
    let failed = span
        .status
        .as_ref()
        .is_some_and(|it| it.code() == StatusCode::Error);
    if failed != has("error.type") {
        wrong.push("error.type and status do not agree".to_owned());
    }
    let events = span.events.iter().flat_map(|event| &event.attributes);
    let attributes = span.attributes.iter().chain(events);
    let attributes = attributes.filter(|it| !OWN_ATTRIBUTES.contains(&&*it.key));
    wrong.extend(attributes.filter_map(|it| wrong_attribute(it, facts)));
    let name = &span.name;
    wrong.iter().map(|it| format!("{name}: {it}")).collect()
}

/// The values of an attribute in all series of a metric; empty where a series does not have it.
pub fn attribute_values(metrics: &[Metric], name: &str, key: &str) -> Vec<String> {
    let metrics = metrics.iter().filter(|metric| metric.name == name);
    let points = metrics.flat_map(|metric| points(metric).1);
    points
        .map(|point| super::collector::attribute_text(point.attributes, key))
        .collect()
}

fn violations_of(metric: &Metric, facts: &Value) -> Vec<String> {
    let name = &*metric.name;
    let (instrument, points) = points(metric);
    let own = OWN_METRICS.iter().find(|(own, ..)| *own == name);
    let (expected_instrument, unit) = match (own, &facts["metrics"][name]) {
        (Some((_, instrument, unit, _)), _) => (*instrument, *unit),
        (None, Value::Null) => return vec![format!("{name} is no metric of the conventions")],
        (None, fact) => (text(&fact["instrument"]), text(&fact["unit"])),
    };
    let mut violations = Vec::new();
    if (instrument, &*metric.unit) != (expected_instrument, unit) {
        let is = (instrument, &metric.unit);
        violations.push(format!(
            "{name} is {is:?} instead of {expected_instrument} in {unit}"
        ));
    }
    assert!(!points.is_empty(), "{name}");
    for point in points {
        let wrong = match own {
            Some((_, _, _, attributes)) => wrong_own_attributes(&point, attributes),
            None => wrong_point(&point, facts),
        };
        violations.extend(wrong.into_iter().map(|it| format!("{name}: {it}")));
    }
    violations
}

/// The instrument that made the metric, and its series.
fn points(metric: &Metric) -> (&'static str, Vec<Point<'_>>) {
    let point = |attributes, boundaries| Point {
        metric: &metric.name,
        attributes,
        boundaries,
    };
    match metric.data.as_ref().unwrap() {
        Data::Histogram(histogram) => {
            let points = histogram.data_points.iter();
            let points = points.map(|it| point(&*it.attributes, Some(&*it.explicit_bounds)));
            ("histogram", points.collect())
        }
        Data::Sum(sum) => {
            let points = sum.data_points.iter();
            let points = points.map(|it| point(&*it.attributes, None));
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

fn wrong_own_attributes(point: &Point<'_>, expected: &[&str]) -> Vec<String> {
    let keys = point.attributes.iter().map(|it| &*it.key);
    let keys: Vec<_> = keys.collect();
    let wrong = (keys != expected).then(|| format!("attributes {keys:?} instead of {expected:?}"));
    wrong.into_iter().collect()
}

fn wrong_point(point: &Point<'_>, facts: &Value) -> Vec<String> {
    let fact = &facts["metrics"][point.metric];
    let known = fact["attributes"].as_object().unwrap();
    let has = |key: &str| point.attributes.iter().any(|it| it.key == key);
    let mut wrong: Vec<_> = known
        .iter()
        .filter(|(key, level)| text(level) == "required" && !has(key))
        .map(|(key, _)| format!("{key} is missing"))
        .collect();
    for attribute in point.attributes {
        let key = &*attribute.key;
        if !known.contains_key(key) && !ADDED.contains(&(point.metric, key)) {
            wrong.push(format!("{key} does not belong to it"));
        }
        wrong.extend(wrong_attribute(attribute, facts));
    }
    let boundaries = fact["boundaries"].as_array();
    let boundaries = boundaries.map(|all| all.iter().map(|it| it.as_f64().unwrap()).collect());
    if point.boundaries.map(<[f64]>::to_vec) != boundaries {
        wrong.push(format!("boundaries are {:?}", point.boundaries));
    }
    wrong.extend(wrong_conditions(point));
    wrong
}

/// The conditions of conditionally required attributes, as far as a series shows whether they hold.
fn wrong_conditions(point: &Point<'_>) -> Option<String> {
    let value = |key: &str| super::collector::attribute_text(point.attributes, key);
    let has = |key: &str| !value(key).is_empty();
    let failed = match point.metric {
        "http.server.request.duration" => {
            let status = value("http.response.status_code");
            status.is_empty() || status.starts_with('5')
        }
        "db.client.operation.duration" => {
            if !has("db.operation.name") || !has("db.collection.name") {
                return Some("the operation or the table is missing".to_owned());
            }
            has("db.response.status_code") || value("error.type") == "no_answer"
        }
        // Nothing but `error.type` shows whether it failed.
        name if name.starts_with("otel.sdk.") => return None,
        _ => false,
    };
    let attributes = point.attributes;
    (failed != has("error.type")).then(|| format!("error.type is wrong in {attributes:?}"))
}

/// What is wrong with an attribute by itself: its name, its type, its value.
fn wrong_attribute(attribute: &KeyValue, facts: &Value) -> Option<String> {
    let key = &*attribute.key;
    let fact = &facts["attributes"][key];
    let value = attribute.value.as_ref()?.value.as_ref()?;
    let kind = match value {
        Attribute::StringValue(_) => "string",
        Attribute::IntValue(_) => "int",
        Attribute::BoolValue(_) => "boolean",
        _ => "other",
    };
    let listed = match (value, fact["values"].as_array()) {
        (Attribute::StringValue(text), Some(values)) => values.contains(&Value::from(&**text)),
        _ => true,
    };
    if fact.is_null() {
        Some(format!("{key} is no attribute of the conventions"))
    } else if fact["deprecated"] == true && !DEPRECATED.contains(&key) {
        Some(format!("{key} is deprecated"))
    } else if fact["type"] != kind || !listed {
        Some(format!("{key} has the value {value:?}"))
    } else {
        None
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
