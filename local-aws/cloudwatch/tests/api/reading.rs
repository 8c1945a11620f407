//! Lists, pages and time ranges.

use cloudwatch::{Limits, Metric, Timestamp, Unit};
use serde_json::{Value, json};

use crate::client::{Local, NOON};
use crate::requests::{from_noon, query};

#[tokio::test]
async fn metrics_are_listed_by_namespace_name_dimension_and_activity() {
    let local = Local::new();
    let record = |namespace: &str, name: &str, cluster: &str, seconds| {
        let metric = Metric::new(namespace, name, [("Cluster", cluster), ("Service", "s")]);
        let time = Timestamp::from_secs(NOON + seconds);
        local.cloudwatch.record(&metric, Unit::COUNT, time, 1.0);
    };
    record("A", "x", "one", 0);
    record("A", "y", "one", -4 * 3600);
    record("B", "x", "two", 0);
    for (parameters, expected) in [
        (json!({}), vec!["Ax", "Ay", "Bx"]),
        (json!({ "Namespace": "A" }), vec!["Ax", "Ay"]),
        (json!({ "MetricName": "x" }), vec!["Ax", "Bx"]),
        (
            json!({ "Dimensions": [{ "Name": "Cluster" }] }),
            vec!["Ax", "Ay", "Bx"],
        ),
        (
            json!({ "Dimensions": [{ "Name": "Cluster", "Value": "two" }, { "Name": "Service" }] }),
            vec!["Bx"],
        ),
        (json!({ "Dimensions": [{ "Name": "Other" }] }), vec![]),
        (json!({ "RecentlyActive": "PT3H" }), vec!["Ax", "Bx"]),
    ] {
        let metrics = local.ok("ListMetrics", parameters.clone()).await;
        let metrics = metrics["Metrics"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let found: Vec<_> = metrics
            .iter()
            .map(|it| text(&it["Namespace"]) + &text(&it["MetricName"]))
            .collect();
        assert_eq!(found, expected, "{parameters}");
    }
}

#[tokio::test]
async fn metrics_are_listed_in_pages_of_500() {
    let local = Local::new();
    for number in 0..1001 {
        let metric = Metric::new("N", format!("m{number:04}"), [("D", "v")]);
        local
            .cloudwatch
            .record(&metric, Unit::COUNT, Timestamp::from_secs(NOON), 1.0);
    }
    let mut names = Vec::new();
    let mut parameters = json!({ "Namespace": "N" });
    for size in [500, 500, 1] {
        let page = local.ok("ListMetrics", parameters.clone()).await;
        let metrics = page["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), size);
        names.extend(
            metrics
                .iter()
                .map(|it| it["MetricName"].as_str().unwrap().to_owned()),
        );
        parameters["NextToken"] = page["NextToken"].clone();
    }
    assert_eq!(parameters["NextToken"], Value::Null);
    names.dedup();
    assert_eq!(names.len(), 1001);
}

#[tokio::test]
async fn data_points_are_scanned_in_both_directions_and_in_pages() {
    let local = Local::new();
    local
        .put(&[(0, 1.0), (60, 2.0), (120, 3.0), (180, 4.0), (240, 5.0)])
        .await;
    for (scan_by, expected) in [
        (json!(null), [5.0, 4.0, 3.0, 2.0, 1.0]),
        (json!("TimestampDescending"), [5.0, 4.0, 3.0, 2.0, 1.0]),
        (json!("TimestampAscending"), [1.0, 2.0, 3.0, 4.0, 5.0]),
    ] {
        let queries = json!([query("a", "Sum", 60, None), query("b", "Sum", 60, None)]);
        let mut parameters = from_noon(queries);
        parameters["ScanBy"] = scan_by;
        parameters["MaxDatapoints"] = 3.into();
        let (mut a, mut b, mut states) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let page = local.ok("GetMetricData", parameters.clone()).await;
            for result in page["MetricDataResults"].as_array().unwrap() {
                let values = result["Values"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|it| it.as_f64().unwrap());
                if result["Id"] == "a" { &mut a } else { &mut b }.extend(values);
                states.push(result["StatusCode"].as_str().unwrap().to_owned());
            }
            parameters["NextToken"] = page["NextToken"].clone();
            if parameters["NextToken"].is_null() {
                break;
            }
        }
        assert_eq!((&*a, &*b), (&expected[..], &expected[..]));
        assert_eq!(states.last().unwrap(), "Complete");
    }
    let mut parameters = from_noon(json!([query("a", "Sum", 60, None)]));
    parameters["NextToken"] = "3:0".into();
    let (code, _) = local.fail("GetMetricData", parameters).await;
    assert_eq!(code, "InvalidNextToken");
}

#[tokio::test]
async fn expressions_use_other_queries_and_a_query_without_return_data_has_no_result() {
    let local = Local::new();
    local.put(&[(0, 2.0), (120, 4.0)]).await;
    let mut hidden = query("requests", "Sum", 60, None);
    hidden["ReturnData"] = false.into();
    let queries = json!([
        { "Id": "likes", "Expression": "FILL(requests, 0)", "Label": "likes" },
        { "Id": "double", "Expression": "likes * 2" },
        hidden,
    ]);
    let mut parameters = from_noon(queries);
    parameters["EndTime"] = (NOON + 180).into();
    let data = local.ok("GetMetricData", parameters).await;
    let results = data["MetricDataResults"].as_array().unwrap();
    let found: Vec<_> = results
        .iter()
        .map(|it| (&it["Label"], &it["Values"]))
        .collect();
    assert_eq!(
        found,
        [
            (&json!("likes"), &json!([4.0, 0.0, 2.0])),
            (&json!("double"), &json!([8.0, 0.0, 4.0])),
        ]
    );
}

#[tokio::test]
async fn expressions_are_computed_only_for_the_time_that_the_store_can_hold() {
    let local = Local::new();
    local.put(&[(0, 2.0)]).await;
    let queries = |period| {
        json!([
            query("m", "Sum", period, None),
            { "Id": "filled", "Expression": "FILL(m, 0)" },
        ])
    };
    // The year 9999 is the last that clients send. The oldest value is 15 days old, the newest is two hours ahead.
    let mut parameters = from_noon(queries(60));
    parameters["StartTime"] = 0.into();
    parameters["EndTime"] = 253_402_214_400_i64.into();
    let data = local.ok("GetMetricData", parameters.clone()).await;
    let results = &data["MetricDataResults"];
    assert_eq!(results[0]["Values"], json!([2.0]));
    let times = results[1]["Timestamps"].as_array().unwrap();
    assert_eq!(times.len(), 15 * 24 * 60 + 2 * 60);
    assert_eq!(times[0], (NOON + 2 * 3600 - 60) as f64);
    assert_eq!(
        times.last().unwrap(),
        &json!((NOON - 15 * 24 * 3600) as f64)
    );
    parameters["MetricDataQueries"] = queries(1);
    let (code, message) = local.fail("GetMetricData", parameters).await;
    assert_eq!(code, "ValidationError");
    assert!(message.contains("more than 100800 periods"), "{message}");
}

#[tokio::test]
async fn the_periods_of_a_long_range_begin_at_the_same_times_as_those_of_a_short_one() {
    let local = Local::new();
    local.put(&[(0, 2.0)]).await;
    let mut parameters = from_noon(json!([
        query("m", "Sum", 420, None),
        query("n", "Sum", 300, None)
    ]));
    // 60 days and 2 minutes before noon.
    let start = NOON - 60 * 24 * 3600 - 120;
    parameters["StartTime"] = start.into();
    let data = local.ok("GetMetricData", parameters).await;
    for (index, period) in [(0, 420), (1, 300)] {
        let begin = NOON - (NOON - start) % period;
        let times = &data["MetricDataResults"][index]["Timestamps"];
        assert_eq!(times, &json!([begin as f64]));
    }
}

#[tokio::test]
async fn the_start_is_rounded_down_and_the_end_is_exclusive() {
    let local = Local::new();
    local.put(&[(0, 1.0), (60, 2.0), (120, 4.0)]).await;
    for (start, end, expected) in [
        (0.0, 120.0, json!([2.0, 1.0])),
        (59.9, 120.0, json!([2.0, 1.0])),
        (60.0, 120.5, json!([4.0, 2.0])),
    ] {
        let mut parameters = from_noon(json!([query("a", "Sum", 60, None)]));
        parameters["StartTime"] = (NOON as f64 + start).into();
        parameters["EndTime"] = (NOON as f64 + end).into();
        let data = local.ok("GetMetricData", parameters).await;
        assert_eq!(data["MetricDataResults"][0]["Values"], expected, "{start}");
    }
    let mut parameters = from_noon(json!([query("a", "Sum", 300, None)]));
    parameters["StartTime"] = (NOON - 30).into();
    let data = local.ok("GetMetricData", parameters).await;
    let result = &data["MetricDataResults"][0];
    assert_eq!(
        (&result["Values"], &result["Timestamps"]),
        (&json!([7.0]), &json!([(NOON - 60) as f64]))
    );
}

#[tokio::test]
async fn embedded_metrics_of_log_lines_are_metrics() {
    let local = Local::new();
    let line = json!({
        "_aws": {
            "Timestamp": NOON * 1000,
            "CloudWatchMetrics": [{
                "Namespace": "MythicalMysfits", "Dimensions": [["service"]], "Metrics": [{ "Name": "likes", "Unit": "Count" }],
            }],
        },
        "service": "like service",
        "likes": 3,
    });
    assert_eq!(
        local.cloudwatch.record_embedded_metrics(&line.to_string()),
        1
    );
    assert_eq!(
        local.cloudwatch.record_embedded_metrics("Like received."),
        0
    );
    let parameters = json!({
        "Namespace": "MythicalMysfits", "MetricName": "likes", "StartTime": NOON, "EndTime": NOON + 60, "Period": 60,
        "Statistics": ["Sum"], "Dimensions": [{ "Name": "service", "Value": "like service" }],
    });
    let statistics = local.ok("GetMetricStatistics", parameters).await;
    assert_eq!(statistics["Datapoints"][0]["Sum"], 3.0);
}

#[tokio::test]
async fn the_store_keeps_the_limit_and_drops_the_oldest_values() {
    let local = Local::with_limits(Limits {
        metrics: 10,
        values: 100,
    });
    local
        .put(
            &(0..900)
                .map(|minute| (minute * -60, 1.0))
                .rev()
                .collect::<Vec<_>>(),
        )
        .await;
    let parameters = json!({
        "MetricDataQueries": [query("a", "Sum", 60, None)], "StartTime": NOON - 86_400, "EndTime": NOON + 60,
    });
    let data = local.ok("GetMetricData", parameters).await;
    // A minute with one value has the size 2. The oldest tenth of the time makes room for new values.
    let values = data["MetricDataResults"][0]["Values"].as_array().unwrap();
    assert!((45..=50).contains(&values.len()), "{}", values.len());
    assert_eq!(data["MetricDataResults"][0]["Timestamps"][0], NOON as f64);
}
