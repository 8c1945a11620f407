//! Snapshots of the documents, the summary and the service graph that the API returns for one trace.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{Limits, Store};
use crate::graph::build_service_graph;
use crate::id::TraceId;
use crate::summary::summarize_trace;

const TRACE_ID: &str = "1-6b015a0d-f850aeca7c5d968dc9e93dd9";

/// The documents of a request to a shop. The request to the shop fails because a call to DynamoDB fails. The
/// mail service sends no segment.
fn failed_order_documents() -> [Value; 3] {
    [
        json!({
            "trace_id": TRACE_ID, "id": "0000000000000001", "name": "shop", "origin": "AWS::ECS::Container",
            "start_time": 1_795_250_701.0, "end_time": 1_795_250_702.5, "fault": true, "user": "alice",
            "http": {
                "request": { "method": "POST", "url": "http://shop/orders", "client_ip": "192.0.2.1", "x_forwarded_for": true },
                "response": { "status": 502, "content_length": 17 },
            },
            "aws": { "account_id": "123456789012", "ecs": { "container": "shop-1" } },
            "annotations": { "order": 42, "express": true, "not valid": 1 },
            "metadata": { "default": { "cart": [1, 2.50] } },
            "unknown": "dropped",
            "subsegments": [
                {
                    "id": "0000000000000002", "name": "stock", "namespace": "remote", "fault": true,
                    "start_time": 1_795_250_701.25, "end_time": 1_795_250_702.25,
                    "http": { "response": { "status": 500 } },
                },
                {
                    "id": "0000000000000003", "name": "mail", "namespace": "remote", "in_progress": true,
                    "start_time": 1_795_250_702.375,
                },
            ],
        }),
        json!({
            "trace_id": TRACE_ID, "id": "0000000000000004", "parent_id": "0000000000000002", "name": "stock",
            "start_time": 1_795_250_701.375, "end_time": 1_795_250_702.125, "fault": true,
            "annotations": { "order": 42 },
        }),
        json!({
            "type": "subsegment", "trace_id": TRACE_ID, "id": "0000000000000005", "parent_id": "0000000000000004",
            "name": "dynamodb", "namespace": "aws", "fault": true,
            "start_time": 1_795_250_701.5, "end_time": 1_795_250_702.0,
            "aws": { "operation": "UpdateItem", "table_name": "Stock" },
            "cause": { "exceptions": [{ "id": "00000000000000aa", "type": "InternalServerError", "message": "try again" }] },
        }),
    ]
}

fn store_with_documents(documents: &[Value]) -> Store {
    let store = Store::new(Limits::DEFAULT);
    for document in documents {
        assert_eq!(store.put_documents(&document.to_string()), []);
    }
    store
}

fn trace_id() -> TraceId {
    TRACE_ID.parse().unwrap()
}

#[test]
fn compiled_documents_nest_subsegments_and_add_inferred_segments() {
    let store = store_with_documents(&failed_order_documents());
    let segments = store.compiled_segments(trace_id()).unwrap();
    let documents: Vec<Value> = segments
        .iter()
        .map(|segment| serde_json::from_str(&segment.document).unwrap())
        .collect();
    assert_json_snapshot!(documents);
}

#[test]
fn a_summary_lists_services_annotations_users_and_root_causes() {
    let store = store_with_documents(&failed_order_documents());
    let traces = store.traces_by_id([trace_id()].into());
    // The snapshot contains a placeholder for the revision, because another test checks the revision.
    assert_json_snapshot!(summarize_trace(&traces[0], None), { ".Revision" => "[revision]" });
}

#[test]
fn a_service_graph_has_statistics_for_each_node_and_edge() {
    let store = store_with_documents(&failed_order_documents());
    let traces = store.traces_by_id([trace_id()].into());
    let graph = build_service_graph(traces.iter().map(|trace| &**trace));
    assert_json_snapshot!(graph);
}

#[test]
fn members_that_are_not_searched_are_returned_as_the_same_json_text() {
    // An `f64` cannot represent the numbers in `metadata`, and `\ud800` is not a Unicode character.
    let metadata = r#"{"default":{"huge":1e400,"precise":0.12345678901234567890,"half":"\ud800"}}"#;
    let mut document = failed_order_documents()[1].to_string();
    document.pop();
    document.push_str(&format!(",\"metadata\":{metadata}}}"));
    let store = Store::new(Limits::DEFAULT);
    assert_eq!(store.put_documents(&document), []);
    let segments = store.compiled_segments(trace_id()).unwrap();
    assert!(segments[0].document.contains(metadata));
}
