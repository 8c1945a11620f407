//! Metrics. The expected results are those that the real service gave: recorded responses of
//! github.com/localstack/localstack at 8b9a79f05, tests/aws/services/cloudwatch/test_cloudwatch.snapshot.json, under the
//! names of tests that the comments here mention.

use serde_json::{Value, json};

use crate::client::{Local, NOON};
use crate::requests::{from_noon, query};

async fn put(local: &Local, data: Value) {
    local
        .ok(
            "PutMetricData",
            json!({ "Namespace": "N", "MetricData": data }),
        )
        .await;
}

/// test_get_metric_data_stats: the values 1 to 11.
#[tokio::test]
async fn the_statistics_of_values_in_one_period() {
    let local = Local::new();
    let values: Vec<_> = (1..=11).map(|value| (0, f64::from(value))).collect();
    local.put(&values).await;
    for (stat, expected) in [
        ("Sum", 66.0),
        ("SampleCount", 11.0),
        ("Minimum", 1.0),
        ("Maximum", 11.0),
        ("Average", 6.0),
    ] {
        let data = local
            .ok(
                "GetMetricData",
                from_noon(json!([query("result1", stat, 60, None)])),
            )
            .await;
        assert_eq!(
            data,
            json!({
                "MetricDataResults": [{
                    "Id": "result1",
                    "Label": "m",
                    "StatusCode": "Complete",
                    "Timestamps": [NOON as f64],
                    "Values": [expected],
                }],
                "Messages": [],
            })
        );
    }
}

/// test_put_metric_data_values_list.
#[tokio::test]
async fn values_have_counts() {
    let local = Local::new();
    put(
        &local,
        json!([{
            "MetricName": "m", "Timestamp": NOON, "Unit": "Count", "StorageResolution": 1,
            "Values": [1, 10], "Counts": [2, 4],
        }]),
    )
    .await;
    let statistics = local
        .ok(
            "GetMetricStatistics",
            json!({
                "Namespace": "N", "MetricName": "m", "StartTime": NOON - 60, "EndTime": NOON + 60, "Period": 60,
                "Statistics": ["Maximum", "SampleCount", "Sum"],
            }),
        )
        .await;
    assert_eq!(
        statistics,
        json!({
            "Label": "m",
            "Datapoints": [
                { "Timestamp": NOON as f64, "Maximum": 10.0, "SampleCount": 6.0, "Sum": 42.0, "Unit": "Count" },
            ],
        })
    );
}

/// test_get_metric_data_different_units_no_unit_in_query, test_get_metric_data_with_different_units and
/// test_handle_different_units.
#[tokio::test]
async fn values_with_different_units_are_not_mixed() {
    let local = Local::new();
    let datum = |value: f64, unit| json!({ "MetricName": "m", "Timestamp": NOON, "Value": value, "Unit": unit });
    put(
        &local,
        json!([datum(60_000.0, "Milliseconds"), datum(60.0, "Seconds")]),
    )
    .await;
    let get = async |unit| {
        let data = local
            .ok(
                "GetMetricData",
                from_noon(json!([query("m1", "Sum", 60, unit)])),
            )
            .await;
        data["MetricDataResults"][0].clone()
    };
    let result = get(None).await;
    assert_eq!(result["Values"], json!([60_000.0]));
    let units = "Multiple units returned: '[Milliseconds, Seconds]'";
    assert_eq!(
        result["Messages"],
        json!([{ "Code": "MultipleUnits", "Value": units }])
    );

    put(
        &local,
        json!([
            datum(60_000.0, "Milliseconds"),
            datum(60.0, "Seconds"),
            datum(5.0, "Count")
        ]),
    )
    .await;
    let result = get(None).await;
    assert_eq!(result["Values"], json!([5.0]));
    let units = "Multiple units returned: '[Count, Milliseconds, Seconds]'";
    assert_eq!(
        result["Messages"],
        json!([{ "Code": "MultipleUnits", "Value": units }])
    );

    let result = get(Some("Seconds")).await;
    assert_eq!(
        (&result["Values"], result.get("Messages")),
        (&json!([120.0]), None)
    );
    assert_eq!(get(Some("Bytes")).await["Values"], json!([]));

    let parameters = json!({
        "Namespace": "N", "MetricName": "m", "StartTime": NOON, "EndTime": NOON + 60, "Period": 60,
        "Statistics": ["Average"],
    });
    let statistics = local.ok("GetMetricStatistics", parameters).await;
    assert_eq!(statistics["Datapoints"].as_array().unwrap().len(), 3);
}

/// test_label_generation.
#[tokio::test]
async fn a_label_has_what_distinguishes_the_queries() {
    let local = Local::new();
    for (first, second, labels) in [
        (
            ("Sum", 60, "Seconds"),
            ("Minimum", 30, "Seconds"),
            ["m Sum 60", "m Minimum 30"],
        ),
        (
            ("Sum", 60, "Seconds"),
            ("Minimum", 60, "Seconds"),
            ["m Sum", "m Minimum"],
        ),
        (
            ("Sum", 60, "Seconds"),
            ("Sum", 30, "Seconds"),
            ["m 60", "m 30"],
        ),
        (
            ("Sum", 60, "Seconds"),
            ("Minimum", 30, "Milliseconds"),
            ["m Sum 60", "m Minimum 30"],
        ),
        (
            ("Sum", 60, "Seconds"),
            ("Minimum", 60, "Milliseconds"),
            ["m Sum", "m Minimum"],
        ),
        (
            ("Sum", 60, "Seconds"),
            ("Sum", 30, "Milliseconds"),
            ["m 60", "m 30"],
        ),
        (
            ("Sum", 60, "Seconds"),
            ("Sum", 60, "Milliseconds"),
            ["m", "m"],
        ),
    ] {
        let [a, b] = [("a", first), ("b", second)]
            .map(|(id, (stat, period, unit))| query(id, stat, period, Some(unit)));
        let data = local.ok("GetMetricData", from_noon(json!([a, b]))).await;
        let found = data["MetricDataResults"].as_array().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|result| result["Label"].as_str().unwrap())
            .collect();
        assert_eq!(found, labels);
    }
}

/// test_multiple_dimensions_statistics.
#[tokio::test]
async fn a_metric_is_its_name_and_all_dimensions_in_any_order() {
    let local = Local::new();
    let dimensions = json!([
        { "Name": "uri", "Value": "/greetings" },
        { "Name": "error", "Value": "none" },
    ]);
    put(
        &local,
        json!([{ "MetricName": "m", "Timestamp": NOON, "Value": 5, "Dimensions": dimensions }]),
    )
    .await;
    let sorted = json!([
        { "Name": "error", "Value": "none" },
        { "Name": "uri", "Value": "/greetings" },
    ]);
    for (given, expected) in [
        (dimensions, json!([5.0])),
        (sorted.clone(), json!([5.0])),
        (json!([{ "Name": "error", "Value": "none" }]), json!([])),
        (json!([]), json!([])),
    ] {
        let mut query = query("m1", "Sum", 60, None);
        query["MetricStat"]["Metric"]["Dimensions"] = given;
        let data = local.ok("GetMetricData", from_noon(json!([query]))).await;
        assert_eq!(data["MetricDataResults"][0]["Values"], expected);
    }
    let metrics = local.ok("ListMetrics", json!({})).await;
    let metric = json!({ "Namespace": "N", "MetricName": "m", "Dimensions": sorted });
    assert_eq!(metrics, json!({ "Metrics": [metric] }));
}

#[tokio::test]
async fn percentiles_are_extended_statistics() {
    let local = Local::new();
    let values: Vec<_> = (1..=100)
        .map(|value| (0, f64::from(value) / 1000.0))
        .collect();
    local.put(&values).await;
    let parameters = json!({
        "Namespace": "N", "MetricName": "m", "StartTime": NOON, "EndTime": NOON + 60, "Period": 60,
        "ExtendedStatistics": ["p50", "p99", "p99.9"],
    });
    let statistics = local.ok("GetMetricStatistics", parameters).await;
    let extended = &statistics["Datapoints"][0]["ExtendedStatistics"];
    assert_eq!(
        extended,
        &json!({ "p50": 0.05, "p99": 0.099, "p99.9": 0.1 })
    );
    let data = local
        .ok(
            "GetMetricData",
            from_noon(json!([query("a", "p50", 60, None)])),
        )
        .await;
    assert_eq!(data["MetricDataResults"][0]["Values"], json!([0.05]));
    // Of a statistic set, the values are not known.
    let set = json!({ "SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2 });
    put(
        &local,
        json!([{ "MetricName": "m", "Timestamp": NOON, "StatisticValues": set, "Unit": "Count" }]),
    )
    .await;
    let data = local
        .ok(
            "GetMetricData",
            from_noon(json!([query("a", "p50", 60, None)])),
        )
        .await;
    assert_eq!(data["MetricDataResults"][0]["Values"], json!([]));
}

#[tokio::test]
async fn a_high_resolution_metric_has_values_by_second() {
    let local = Local::new();
    for resolution in [1, 60] {
        let data = [0, 9, 10].map(|seconds| {
            json!({ "MetricName": "m", "Timestamp": NOON + seconds, "Value": 1, "StorageResolution": resolution,
                    "Unit": if resolution == 1 { "Count" } else { "None" } })
        });
        put(&local, json!(data)).await;
    }
    for (unit, expected) in [("Count", json!([1.0, 2.0])), ("None", json!([3.0]))] {
        let data = local
            .ok(
                "GetMetricData",
                from_noon(json!([query("a", "Sum", 10, Some(unit))])),
            )
            .await;
        assert_eq!(data["MetricDataResults"][0]["Values"], expected);
    }
}
