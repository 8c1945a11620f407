//! `GetTimeSeriesServiceStatistics`.

use serde_json::{Value, json};

use crate::world::{START, With, World, like, segment, trace_at};

/// Likes at the seconds 0, 10 and 65, and an error of another service at 70.
fn world() -> World {
    let world = World::new();
    for (second, number) in [(0, 1), (10, 2), (65, 3)] {
        let id = json!({ "trace_id": trace_at(second, number) });
        world.put(
            &like()
                .into_iter()
                .map(|document| document.with(id.clone()))
                .collect::<Vec<_>>(),
        );
    }
    let id = json!({ "trace_id": trace_at(70, 4), "error": true });
    world.put(&[segment(1, "guest", 0, 20).with(id)]);
    world
}

fn ask(world: &World, more: Value) -> Vec<Value> {
    let request = json!({ "StartTime": START, "EndTime": START + 180 }).with(more);
    let answer = world.ask("/TimeSeriesServiceStatistics", request);
    assert_eq!(answer["ContainsOldGroupVersions"], false);
    answer["TimeSeriesServiceStatistics"]
        .as_array()
        .unwrap()
        .clone()
}

fn counts(windows: &[Value], statistics: &str) -> Vec<u64> {
    windows
        .iter()
        .map(|window| window[statistics]["TotalCount"].as_u64().unwrap())
        .collect()
}

#[test]
fn without_a_selector_requests_are_counted_where_they_come_in() {
    let windows = ask(&world(), json!({}));
    assert_eq!(counts(&windows, "EdgeSummaryStatistics"), [2, 2, 0]);
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
fn a_selector_picks_a_node_or_an_edge() {
    let world = world();
    let pick = |selector: &str| ask(&world, json!({ "EntitySelectorExpression": selector }));
    let node = pick(r#"service("monolith")"#);
    assert_eq!(counts(&node, "ServiceSummaryStatistics"), [2, 1, 0]);
    assert_eq!(
        node[0]["ServiceSummaryStatistics"]["TotalResponseTime"],
        2.2
    );
    assert_eq!(node[0].get("EdgeSummaryStatistics"), None);
    assert_eq!(pick(r#"id(name: "monolith")"#), node);
    let edge = pick(r#"edge("like service", "monolith")"#);
    assert_eq!(edge[0]["EdgeSummaryStatistics"]["TotalResponseTime"], 2.6);
    let errors = pick("service() { error }");
    assert_eq!(counts(&errors, "ServiceSummaryStatistics"), [0, 1, 0]);
    for (selector, message) in [
        ("ok", "EntitySelectorExpression is one service"),
        (
            "service(\"a\") OR service(\"b\")",
            "EntitySelectorExpression is one service",
        ),
        (
            "id(name: \"a\") AND ok",
            "EntitySelectorExpression is one service",
        ),
        ("service(", "Invalid filter expression"),
        (
            "id(colour: \"red\")",
            "Invalid filter expression: name:, type: or account.id: is expected, not 'colour' at position 4",
        ),
    ] {
        let request = json!({ "StartTime": 0, "EndTime": 1, "EntitySelectorExpression": selector });
        assert!(
            world
                .error("/TimeSeriesServiceStatistics", request)
                .starts_with(message)
        );
    }
}

#[test]
fn a_group_a_period_and_bounds() {
    let world = world();
    world.ask(
        "/CreateGroup",
        json!({ "GroupName": "errors", "FilterExpression": "error" }),
    );
    let grouped = ask(&world, json!({ "GroupName": "errors" }));
    assert_eq!(counts(&grouped, "EdgeSummaryStatistics"), [0, 1, 0]);
    let coarse = ask(&world, json!({ "Period": 300 }));
    assert_eq!(counts(&coarse, "EdgeSummaryStatistics"), [4]);
    for period in [0, 1, 30, 61, 3600, -60] {
        let request = json!({ "StartTime": START, "EndTime": START + 1, "Period": period });
        let error = world.error("/TimeSeriesServiceStatistics", request);
        assert_eq!(error, "Period is 60 or 300 seconds", "{period}");
    }
}
