//! Requests that succeed, and changes that make them fail.

use serde_json::{Value, json};

use crate::client::NOON;

pub fn put(datum: Value) -> (&'static str, Value) {
    let mut data = json!({ "MetricName": "m", "Timestamp": NOON });
    data.as_object_mut()
        .unwrap()
        .extend(datum.as_object().unwrap().clone());
    (
        "PutMetricData",
        json!({ "Namespace": "N", "MetricData": [data] }),
    )
}

pub fn alarm(changes: Value) -> (&'static str, Value) {
    let mut alarm = json!({
        "AlarmName": "a", "MetricName": "m", "Namespace": "N", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 30, "ComparisonOperator": "GreaterThanThreshold",
    });
    alarm
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    alarm
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    ("PutMetricAlarm", alarm)
}

pub fn statistics(changes: Value) -> (&'static str, Value) {
    let mut parameters = json!({
        "Namespace": "N", "MetricName": "m", "StartTime": NOON, "EndTime": NOON + 3600, "Period": 60,
        "Statistics": ["Sum"],
    });
    parameters
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    parameters
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    ("GetMetricStatistics", parameters)
}

pub fn data(queries: Value) -> (&'static str, Value) {
    (
        "GetMetricData",
        json!({ "MetricDataQueries": queries, "StartTime": NOON, "EndTime": NOON + 60 }),
    )
}

pub fn stat() -> Value {
    json!({ "Metric": { "Namespace": "N", "MetricName": "m" }, "Period": 60, "Stat": "Sum" })
}

/// A query of the metric `m`.
pub fn query(id: &str, stat: &str, period: i64, unit: Option<&str>) -> Value {
    let mut query = json!({
        "Id": id,
        "MetricStat": {
            "Metric": { "Namespace": "N", "MetricName": "m" },
            "Period": period,
            "Stat": stat,
        },
    });
    if let Some(unit) = unit {
        query["MetricStat"]["Unit"] = unit.into();
    }
    query
}

pub fn from_noon(queries: Value) -> Value {
    json!({ "MetricDataQueries": queries, "StartTime": NOON, "EndTime": NOON + 600 })
}
