//! Tests of `GetTimeSeriesServiceStatistics`: windows, selectors, groups and periods.

use serde_json::{Value, json};

use crate::local_xray::{LocalXray, Merge, START, like_documents, segment, trace_id_at};

/// Creates a local X-Ray that contains likes at the seconds 0, 10 and 65, and an error of another service at
/// second 70.
fn xray_with_likes() -> LocalXray {
    let xray = LocalXray::new();
    for (second, number) in [(0, 1), (10, 2), (65, 3)] {
        let id = json!({ "trace_id": trace_id_at(second, number) });
        xray.put_documents(
            &like_documents()
                .into_iter()
                .map(|document| document.merge(id.clone()))
                .collect::<Vec<_>>(),
        );
    }
    let id = json!({ "trace_id": trace_id_at(70, 4), "error": true });
    xray.put_documents(&[segment(1, "guest", 0, 20).merge(id)]);
    xray
}

fn get_windows(xray: &LocalXray, members: Value) -> Vec<Value> {
    let request = json!({ "StartTime": START, "EndTime": START + 180 }).merge(members);
    let response = xray.call("/TimeSeriesServiceStatistics", request);
    assert_eq!(response["ContainsOldGroupVersions"], false);
    response["TimeSeriesServiceStatistics"]
        .as_array()
        .unwrap()
        .clone()
}

fn total_counts(windows: &[Value], statistics: &str) -> Vec<u64> {
    windows
        .iter()
        .map(|window| window[statistics]["TotalCount"].as_u64().unwrap())
        .collect()
}

#[test]
fn without_a_selector_the_edges_from_clients_are_counted() {
    let windows = get_windows(&xray_with_likes(), json!({}));
    assert_eq!(total_counts(&windows, "EdgeSummaryStatistics"), [2, 2, 0]);
    let times: Vec<_> = windows
        .iter()
        .map(|window| window["Timestamp"].as_f64().unwrap())
        .collect();
    assert_eq!(times, [0, 60, 120].map(|second| f64::from(START + second)));
    assert_eq!(
        windows[1]["EdgeSummaryStatistics"]["ErrorStatistics"]["OtherCount"],
        1
    );
    assert_eq!(
        windows[0]["ResponseTimeHistogram"],
        json!([{ "Value": 1.5, "Count": 2 }])
    );
}

#[test]
fn a_selector_selects_nodes_or_edges() {
    let xray = xray_with_likes();
    let get_selected_windows =
        |selector: &str| get_windows(&xray, json!({ "EntitySelectorExpression": selector }));
    let node = get_selected_windows(r#"service("monolith")"#);
    assert_eq!(total_counts(&node, "ServiceSummaryStatistics"), [2, 1, 0]);
    assert_eq!(
        node[0]["ServiceSummaryStatistics"]["TotalResponseTime"],
        2.2
    );
    assert_eq!(node[0].get("EdgeSummaryStatistics"), None);
    assert_eq!(get_selected_windows(r#"id(name: "monolith")"#), node);
    let edge = get_selected_windows(r#"edge("like service", "monolith")"#);
    assert_eq!(edge[0]["EdgeSummaryStatistics"]["TotalResponseTime"], 2.6);
    let errors = get_selected_windows("service() { error }");
    assert_eq!(total_counts(&errors, "ServiceSummaryStatistics"), [0, 1, 0]);
    for (selector, message) in [
        ("ok", "EntitySelectorExpression must be one service"),
        (
            "service(\"a\") OR service(\"b\")",
            "EntitySelectorExpression must be one service",
        ),
        (
            "id(name: \"a\") AND ok",
            "EntitySelectorExpression must be one service",
        ),
        ("service(", "Invalid filter expression"),
        (
            "id(colour: \"red\")",
            "Invalid filter expression: expected name:, type: or account.id:, not 'colour' at position 4",
        ),
    ] {
        let request = json!({ "StartTime": 0, "EndTime": 1, "EntitySelectorExpression": selector });
        assert!(
            xray.call_error("/TimeSeriesServiceStatistics", request)
                .starts_with(message)
        );
    }
}

#[test]
fn a_group_limits_the_traces_and_a_period_sets_the_length_of_a_window() {
    let xray = xray_with_likes();
    xray.call(
        "/CreateGroup",
        json!({ "GroupName": "errors", "FilterExpression": "error" }),
    );
    let group_windows = get_windows(&xray, json!({ "GroupName": "errors" }));
    assert_eq!(
        total_counts(&group_windows, "EdgeSummaryStatistics"),
        [0, 1, 0]
    );
    let five_minute_windows = get_windows(&xray, json!({ "Period": 300 }));
    assert_eq!(
        total_counts(&five_minute_windows, "EdgeSummaryStatistics"),
        [4]
    );
    for period in [0, 1, 30, 61, 3600, -60] {
        let request = json!({ "StartTime": START, "EndTime": START + 1, "Period": period });
        let error = xray.call_error("/TimeSeriesServiceStatistics", request);
        assert_eq!(error, "Period must be 60 or 300 seconds", "{period}");
    }
}
