//! What metric filters add to metrics.

use serde_json::json;

use super::*;
use crate::logs::metric_filter::{Source, Transformation};

const MINUTE: u64 = 60_000;

/// Keeps the values.
#[derive(Default)]
struct Recorded(Mutex<Vec<Value>>);

struct Value {
    timestamp: i64,
    value: f64,
    dimensions: Vec<String>,
}

impl MetricSink for Recorded {
    fn record(&self, metric: &FilteredMetric<'_>) {
        assert_eq!((metric.namespace, metric.name), ("N", "M"));
        let dimensions = metric.dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| format!("{name}={value}"));
        self.0.lock().unwrap().push(Value {
            timestamp: metric.timestamp,
            value: metric.value,
            dimensions: dimensions.collect(),
        });
    }
}

impl Recorded {
    fn take(&self) -> Vec<(i64, f64)> {
        let values = std::mem::take(&mut *self.0.lock().unwrap());
        values
            .into_iter()
            .map(|it| (it.timestamp, it.value))
            .collect()
    }
}

fn add_filter(
    logs: &Logs,
    pattern: &str,
    value: &str,
    default: Option<f64>,
    dimensions: &[(&str, &str)],
) {
    let dimensions = dimensions.iter();
    let dimensions =
        dimensions.map(|(name, value)| ((*name).to_owned(), Source::parse(value).unwrap()));
    let transformation = Transformation {
        namespace: "N".to_owned(),
        name: "M".to_owned(),
        value: Source::parse(value).unwrap(),
        default,
        dimensions: dimensions.collect(),
        unit: None,
    };
    let pattern = (pattern.to_owned(), Pattern::parse(pattern).unwrap());
    logs.create_group(GROUP);
    let group = logs.group(GROUP).unwrap();
    let next = group.events().next_sequence();
    let filter = MetricFilter::new(pattern, (json!(null), transformation), 0, next);
    group.metric_filters().insert("filter".to_owned(), filter);
}

#[test]
fn each_match_adds_the_value_once_with_the_time_of_its_event() {
    let (logs, clock) = logs(NO_LIMITS);
    logs.put(GROUP, "a", "ERROR before the filter");
    add_filter(&logs, "ERROR", "2.5", None, &[]);
    let recorded = Recorded::default();
    for now in [10, 20, 30] {
        clock.set(now);
        logs.put(GROUP, "a", "ERROR");
        logs.put(GROUP, "b", "fine");
    }
    logs.publish_metrics(&recorded);
    assert_eq!(recorded.take(), [(10, 2.5), (20, 2.5), (30, 2.5)]);
    logs.publish_metrics(&recorded);
    assert_eq!(recorded.take(), []);
    clock.set(40);
    for _ in 0..3000 {
        logs.put(GROUP, "a", "ERROR");
    }
    logs.publish_metrics(&recorded);
    assert_eq!(recorded.take(), vec![(40, 2.5); 3000]);
}

/// The example of the user guide: two events a minute, value 1, default value 0.
#[test]
fn a_minute_with_events_and_without_a_match_gets_the_default_value_when_it_ends() {
    let (logs, clock) = logs(NO_LIMITS);
    add_filter(&logs, "ERROR", "1", Some(0.0), &[]);
    let recorded = Recorded::default();
    let at = |now: u64, messages: &[&str]| {
        clock.set(now);
        for message in messages {
            logs.put(GROUP, "a", message);
        }
        logs.publish_metrics(&recorded);
        recorded.take()
    };
    assert_eq!(at(10, &["ERROR", "ERROR"]), [(10, 1.0), (10, 1.0)]);
    assert_eq!(at(MINUTE + 10, &["fine", "fine"]), []);
    assert_eq!(at(2 * MINUTE - 1, &[]), []);
    assert_eq!(at(2 * MINUTE, &[]), [(60_000, 0.0)]);
    // A minute without events has no value.
    assert_eq!(at(5 * MINUTE, &["fine"]), []);
    assert_eq!(at(5 * MINUTE + 1, &["ERROR"]), [(300_001, 1.0)]);
    assert_eq!(at(7 * MINUTE, &[]), []);
}

#[test]
fn values_and_dimensions_come_from_the_event() {
    let recorded = Recorded::default();
    let record = |pattern, value, dimensions: &[(&str, &str)], messages: &[&str]| {
        let (logs, _) = logs(NO_LIMITS);
        add_filter(&logs, pattern, value, None, dimensions);
        for message in messages {
            logs.put(GROUP, "a", message);
        }
        logs.publish_metrics(&recorded);
        let values = std::mem::take(&mut *recorded.0.lock().unwrap());
        let values = values.into_iter();
        let values = values.map(|it| (it.value, it.dimensions.join(" ")));
        values.collect::<Vec<_>>()
    };
    let value = |value: f64, dimensions: &str| (value, dimensions.to_owned());
    // The examples of the user guide.
    let json = json!({ "latency": 50, "requestType": "GET" }).to_string();
    assert_eq!(
        record("{ $.latency = * }", "$.latency", &[], &[&json]),
        [value(50.0, "")]
    );
    assert_eq!(
        record(
            "{ $.latency = * }",
            "$.latency",
            &[("Type", "$.requestType")],
            &[
                &json,
                r#"{"latency": 1}"#,
                r#"{"latency": "many", "requestType": "GET"}"#
            ],
        ),
        [value(50.0, "Type=GET")]
    );
    assert_eq!(
        record(
            "[ip, server, username, timestamp, request, status_code, bytes > 1000]",
            "$bytes",
            &[("server", "$server")],
            &[
                r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#
            ],
        ),
        [value(1534.0, "server=Prod")]
    );
}
