//! Metric filters: put, describe, delete, test.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::Error;

use super::pages::page;
use super::{check, empty, invalid, not_found, parse_pattern};
use crate::logs::Logs;
use crate::logs::metric_filter::{MetricFilter, Source, Transformation};
use crate::model::UNITS;

/// Maximum number of metric filters of a log group.
const MAX_FILTERS: usize = 100;

/// Maximum number of metric filters of a log group with regular expressions.
const MAX_FILTERS_WITH_REGEXES: usize = 5;

/// Maximum number of dimensions of a metric filter.
const MAX_DIMENSIONS: usize = 3;

/// Maximum number of messages in a test.
const MAX_TEST_MESSAGES: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PutFilter {
    log_group_name: String,
    filter_name: String,
    filter_pattern: String,
    metric_transformations: Vec<MetricTransformation>,
    #[serde(default)]
    apply_on_transformed_logs: bool,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MetricTransformation {
    metric_name: String,
    metric_namespace: String,
    metric_value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

pub fn put(logs: &Logs, request: PutFilter) -> Result<Value, Error> {
    check::filter_name("filterName", &request.filter_name)?;
    let pattern = parse_pattern(&request.filter_pattern, "metric filter pattern")?;
    if request.apply_on_transformed_logs {
        return Err(invalid("applyOnTransformedLogs is not implemented"));
    }
    let transformation = one_transformation(&request.metric_transformations)?;
    let has_dimensions = transformation
        .dimensions
        .as_ref()
        .is_some_and(|it| !it.is_empty());
    if has_dimensions && !pattern.names_values() {
        let message = "The specified filter pattern does not support dimensions";
        return Err(invalid(message));
    }
    let group = logs.existing_group(&request.log_group_name)?;
    let parsed = parse_transformation(transformation)?;
    let document = json!(transformation);
    let mut filters = group.metric_filters();
    let others = filters
        .iter()
        .filter(|(name, _)| **name != request.filter_name);
    let (count, with_regexes) = others.fold((0, 0), |(count, with_regexes), (_, filter)| {
        let has_regex = usize::from(filter.has_regex());
        (count + 1, with_regexes + has_regex)
    });
    if count >= MAX_FILTERS || pattern.has_regex() && with_regexes >= MAX_FILTERS_WITH_REGEXES {
        let message = "Resource limit exceeded.";
        return Err(Error::bad_request("LimitExceededException", message));
    }
    let (now, next_sequence) = (logs.now(), group.events().next_sequence());
    let filter = MetricFilter::new(
        (request.filter_pattern, pattern),
        (document, parsed),
        now,
        next_sequence,
    );
    filters.insert(request.filter_name, filter);
    Ok(empty())
}

/// A request must have exactly one transformation.
fn one_transformation(
    transformations: &[MetricTransformation],
) -> Result<&MetricTransformation, Error> {
    let bound = match transformations {
        [transformation] => return Ok(transformation),
        [] => "greater than or equal to 1",
        _ => "less than or equal to 1",
    };
    let value = json!(transformations);
    let constraint = format!("Member must have length {bound}");
    Err(check::violation(
        "metricTransformations",
        value,
        &constraint,
    ))
}

fn parse_transformation(transformation: &MetricTransformation) -> Result<Transformation, Error> {
    let path = |member: &str| format!("metricTransformations.1.member.{member}");
    let name = &transformation.metric_name;
    check::metric_name(&path("metricName"), name)?;
    let namespace = &transformation.metric_namespace;
    check::metric_name(&path("metricNamespace"), namespace)?;
    check::length(&path("metricValue"), &transformation.metric_value, 0, 100)?;
    let parse_source = |text: &str| {
        let source = Source::parse(text);
        source.map_err(|error| invalid(format!("Invalid metric transformation: {error}")))
    };
    let unit = transformation.unit.as_deref();
    if let Some(unit) = unit.filter(|unit| !UNITS.contains(unit)) {
        let constraint = format!("Member must satisfy enum value set: [{}]", UNITS.join(", "));
        return Err(check::violation(&path("unit"), unit, &constraint));
    }
    let dimensions = transformation.dimensions.iter().flatten();
    let dimensions = dimensions.map(|(name, value)| {
        check::length(&path("dimensions"), name, 1, 255)?;
        check::length(&path("dimensions"), value, 1, 255)?;
        Ok((name.clone(), parse_source(value)?))
    });
    let dimensions = dimensions.collect::<Result<Vec<_>, Error>>()?;
    if dimensions.len() > MAX_DIMENSIONS {
        return Err(invalid(format!(
            "Invalid metric transformation: a metric filter cannot have more than {MAX_DIMENSIONS} dimensions."
        )));
    }
    if !dimensions.is_empty() && transformation.default_value.is_some() {
        return Err(invalid(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
        ));
    }
    Ok(Transformation {
        namespace: namespace.clone(),
        name: name.clone(),
        value: parse_source(&transformation.metric_value)?,
        default: transformation.default_value,
        dimensions,
        unit: transformation.unit.clone(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeFilters {
    log_group_name: Option<String>,
    filter_name_prefix: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
    metric_name: Option<String>,
    metric_namespace: Option<String>,
}

pub fn describe(logs: &Logs, request: &DescribeFilters) -> Result<Value, Error> {
    let prefix = request.filter_name_prefix.as_deref();
    if let Some(prefix) = prefix {
        check::filter_name("filterNamePrefix", prefix)?;
    }
    let (metric, namespace) = (&request.metric_name, &request.metric_namespace);
    for (parameter, value) in [("metricName", metric), ("metricNamespace", namespace)] {
        check::metric_name(parameter, value.as_deref().unwrap_or_default())?;
    }
    if metric.is_some() != namespace.is_some() {
        return Err(invalid(
            "metricName and metricNamespace must be specified together.",
        ));
    }
    let groups = match &request.log_group_name {
        Some(name) => vec![(name.clone(), logs.existing_group(name)?)],
        None => logs.groups(),
    };
    let is_asked = |name: &str, filter: &MetricFilter| {
        let Transformation {
            namespace: its_namespace,
            name: its_metric,
            ..
        } = &filter.transformation;
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && metric.as_ref().is_none_or(|metric| metric == its_metric)
            && namespace
                .as_ref()
                .is_none_or(|namespace| namespace == its_namespace)
    };
    let mut filters = Vec::new();
    for (group, log_group) in &groups {
        for (name, filter) in log_group.metric_filters().iter() {
            if is_asked(name, filter) {
                let key = format!("{name} {group}");
                filters.push((key, describe_filter(group, name, filter)));
            }
        }
    }
    filters.sort_by(|(one, _), (two, _)| one.cmp(two));
    let query = (&request.log_group_name, prefix, metric, namespace);
    let token = request.next_token.as_deref();
    page("metricFilters", filters, false, query, token, request.limit)
}

fn describe_filter(group: &str, name: &str, filter: &MetricFilter) -> Value {
    json!({
        "applyOnTransformedLogs": false,
        "creationTime": filter.created,
        "filterName": name,
        "filterPattern": filter.pattern_text,
        "logGroupName": group,
        "metricTransformations": [filter.document],
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteFilter {
    log_group_name: String,
    filter_name: String,
}

pub fn delete(logs: &Logs, request: &DeleteFilter) -> Result<Value, Error> {
    check::filter_name("filterName", &request.filter_name)?;
    let group = logs.existing_group(&request.log_group_name)?;
    let removed = group.metric_filters().remove(&request.filter_name);
    match removed {
        Some(_) => Ok(empty()),
        None => Err(not_found("The specified metric filter does not exist.")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TestFilter {
    filter_pattern: String,
    log_event_messages: Vec<String>,
}

pub fn test(request: &TestFilter) -> Result<Value, Error> {
    let pattern = parse_pattern(&request.filter_pattern, "metric filter pattern")?;
    let messages = &request.log_event_messages;
    if !(1..=MAX_TEST_MESSAGES).contains(&messages.len()) {
        let bound = match messages.len() {
            0 => "greater than or equal to 1".to_owned(),
            _ => format!("less than or equal to {MAX_TEST_MESSAGES}"),
        };
        let value = format!("[{} messages]", messages.len());
        let constraint = format!("Member must have length {bound}");
        return Err(check::violation("logEventMessages", value, &constraint));
    }
    let matches = (1..).zip(messages).filter_map(|(number, message): (u64, _)| {
        let values = pattern.extract(message)?;
        Some(json!({ "eventMessage": message, "eventNumber": number, "extractedValues": values }))
    });
    Ok(json!({ "matches": matches.collect::<Vec<_>>() }))
}
