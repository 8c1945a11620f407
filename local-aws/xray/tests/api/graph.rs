//! Tests of the service graph, with the example of the developer guide.

use serde_json::{Value, json};

use crate::local_xray::{
    LocalXray, Merge, child_of, like_documents, segment, subsegment, trace_id, trace_id_at,
};

fn find_node<'a>(graph: &'a [Value], name: &str, node_type: Option<&str>) -> &'a Value {
    let node = graph
        .iter()
        .find(|node| node["Name"] == name && node["Type"].as_str() == node_type);
    node.unwrap_or_else(|| panic!("{name} {node_type:?} in {graph:#?}"))
}

fn find_edge<'a>(from: &'a Value, to: &Value) -> &'a Value {
    let mut edges = from["Edges"].as_array().unwrap().iter();
    let edge = edges.find(|edge| edge["ReferenceId"] == to["ReferenceId"]);
    edge.unwrap_or_else(|| panic!("no edge from {from:#} to {to:#}"))
}

fn statistics(ok: u32, throttled: u32, errors: u32, faults: u32, seconds: f64) -> Value {
    json!({
        "OkCount": ok,
        "ErrorStatistics": { "ThrottleCount": throttled, "OtherCount": errors, "TotalCount": throttled + errors },
        "FaultStatistics": { "OtherCount": faults, "TotalCount": faults },
        "TotalCount": ok + throttled + errors + faults,
        "TotalResponseTime": seconds,
    })
}

/// Documents of four requests to a web application. During two of the requests, the application saves data to
/// a table and publishes a message to a topic.
fn guide_documents() -> Vec<Value> {
    let name = "xray-sample.elasticbeanstalk.com";
    let requests = [(5, false), (15, true), (157, false), (96, false)];
    let mut documents = Vec::new();
    for (number, (duration, is_error)) in (0..).zip(requests) {
        let trace_id_member = json!({ "trace_id": trace_id_at(number, number) });
        documents.push(
            segment(1, name, 0, duration)
                .merge(trace_id_member.clone())
                .merge(json!({
                    "origin": "AWS::EC2::Instance", "error": is_error,
                })),
        );
        if duration > 90 {
            let (table, topic) = if duration == 157 { (76, 49) } else { (44, 76) };
            documents.push(
                subsegment(2, 1, "DynamoDB", 0, table)
                    .merge(trace_id_member.clone())
                    .merge(json!({
                        "namespace": "aws", "aws": { "table_name": "StartupSignupsTable" },
                    })),
            );
            documents.push(
                subsegment(3, 1, "SNS", 0, topic)
                    .merge(trace_id_member)
                    .merge(json!({
                        "namespace": "aws", "aws": { "operation": "Publish" },
                    })),
            );
        }
    }
    documents
}

#[test]
fn the_graph_of_the_guides_example_has_four_nodes_with_its_statistics() {
    let graph = LocalXray::with_documents(&guide_documents()).service_graph();
    insta::assert_json_snapshot!("graph_of_the_guides_example", graph);
}

#[test]
fn a_node_counts_its_own_segments_and_an_edge_the_callers_subsegments() {
    let graph = LocalXray::with_documents(&like_documents()).service_graph();
    let like_service = find_node(&graph, "like service", None);
    let monolith = find_node(&graph, "monolith", None);
    let table = find_node(&graph, "MysfitsTable", Some("AWS::DynamoDB::Table"));
    assert_eq!(graph.len(), 4);
    assert_eq!(monolith["SummaryStatistics"], statistics(1, 0, 0, 0, 1.1));
    assert_eq!(
        find_edge(like_service, monolith)["SummaryStatistics"],
        statistics(1, 0, 0, 0, 1.3)
    );
    assert_eq!(
        find_edge(monolith, table)["SummaryStatistics"],
        statistics(1, 0, 0, 0, 0.9)
    );
    assert_eq!(like_service["Root"], true);
    assert_eq!(monolith.get("Root"), None);
}

#[test]
fn a_segment_of_the_called_service_replaces_the_inferred_segment() {
    let mut documents = like_documents();
    documents.truncate(2);
    let xray = LocalXray::with_documents(&documents);
    assert_eq!(
        find_node(&xray.service_graph(), "monolith", Some("remote"))["State"],
        "unknown"
    );
    assert_eq!(xray.trace_documents(&trace_id())[1].get("origin"), None);
    xray.put_documents(&like_documents()[2..3]);
    assert!(
        xray.service_graph()
            .iter()
            .all(|node| node["Type"] != "remote")
    );
    assert_eq!(xray.trace_documents(&trace_id()).len(), 2);
}

#[test]
fn called_resources_become_nodes_with_their_name_and_type() {
    let aws_call = |id, name, members: Value| {
        subsegment(id, 1, name, 0, 10)
            .merge(json!({ "namespace": "aws" }))
            .merge(members)
    };
    let xray = LocalXray::with_documents(&[
        segment(1, "shop", 0, 100),
        aws_call(
            2,
            "DynamoDB",
            json!({ "aws": { "operation": "ListTables" } }),
        ),
        aws_call(3, "S3", json!({ "aws": { "bucket_name": "pictures" } })),
        aws_call(
            4,
            "SQS",
            json!({ "aws": { "queue_url": "https://sqs/1/orders" } }),
        ),
        aws_call(5, "Lambda", json!({ "aws": { "function_name": "resize" } })),
        aws_call(
            6,
            "ebdb@db.example.com",
            json!({ "namespace": "remote", "sql": { "sanitized_query": "SELECT 1" } }),
        ),
        aws_call(7, "names.example.com", json!({ "namespace": "remote" })),
        aws_call(9, "dynamodb", json!({ "aws": { "table_name": "lower" } })),
        aws_call(10, "sns", json!({})),
        aws_call(8, "work", json!({ "namespace": "local" })),
    ]);
    let graph = xray.service_graph();
    for (name, kind) in [
        ("DynamoDB", "AWS::DynamoDB"),
        ("pictures", "AWS::S3::Bucket"),
        ("https://sqs/1/orders", "AWS::SQS::Queue"),
        ("resize", "AWS::Lambda"),
        ("ebdb@db.example.com", "Database::SQL"),
        ("names.example.com", "remote"),
        ("lower", "AWS::DynamoDB::Table"),
        ("sns", "AWS::SNS"),
    ] {
        find_node(&graph, name, Some(kind));
    }
    assert_eq!(graph.len(), 10);
}

#[test]
fn a_request_with_several_flags_counts_once_as_a_fault_or_else_as_throttled_or_else_as_an_error() {
    let mut documents = Vec::new();
    let flags = [
        json!({}),
        json!({ "error": true }),
        json!({ "throttle": true }),
        json!({ "error": true, "throttle": true }),
        json!({ "error": true, "fault": true }),
        json!({ "in_progress": true }),
    ];
    for (number, flags) in (0..).zip(flags) {
        let trace_id_member = json!({ "trace_id": trace_id_at(0, number) });
        documents.push(
            segment(1, "shop", 0, 10)
                .merge(trace_id_member)
                .merge(flags),
        );
    }
    let graph = LocalXray::with_documents(&documents).service_graph();
    let shop = find_node(&graph, "shop", None);
    assert_eq!(shop["SummaryStatistics"], statistics(1, 2, 1, 1, 0.05));
    assert_eq!(
        shop["ResponseTimeHistogram"],
        json!([{ "Value": 0.01, "Count": 5 }])
    );
}

#[test]
fn two_segments_of_the_same_call_count_as_one_call_of_the_edge() {
    let xray = LocalXray::with_documents(&[
        segment(1, "shop", 0, 100),
        subsegment(2, 1, "bank", 0, 90).merge(json!({ "namespace": "remote" })),
        segment(3, "bank", 10, 20).merge(child_of(2)),
        segment(4, "bank", 30, 80).merge(child_of(2)),
        segment(5, "ledger", 40, 70).merge(child_of(4)),
    ]);
    let graph = xray.service_graph();
    let (shop, bank) = (
        find_node(&graph, "shop", None),
        find_node(&graph, "bank", None),
    );
    assert_eq!(bank["SummaryStatistics"]["TotalCount"], 2);
    assert_eq!(
        find_edge(shop, bank)["SummaryStatistics"],
        statistics(1, 0, 0, 0, 0.09)
    );
    // The parent of the called segment is a segment, so no subsegment measured the call. The edge therefore
    // counts the segment of the callee.
    assert_eq!(
        find_edge(bank, find_node(&graph, "ledger", None))["SummaryStatistics"],
        statistics(1, 0, 0, 0, 0.03)
    );
}

#[test]
fn a_segment_whose_parent_was_never_received_has_no_client_node() {
    let graph = LocalXray::with_documents(&[segment(3, "monolith", 0, 10).merge(child_of(2))])
        .service_graph();
    assert_eq!(graph.len(), 1);
    assert_eq!(graph[0].get("Root"), None);
}

#[test]
fn a_graph_can_be_limited_to_a_time_range_a_group_or_some_traces() {
    let xray = LocalXray::with_documents(&guide_documents());
    let node_count = |graph: &Value| graph["Services"].as_array().unwrap().len();
    let start = u64::from(crate::local_xray::START);
    let graph_of_range = xray.call(
        "/ServiceGraph",
        json!({ "StartTime": start, "EndTime": start + 2 }),
    );
    assert_eq!(node_count(&graph_of_range), 2);
    assert_eq!(
        (&graph_of_range["StartTime"], &graph_of_range["EndTime"]),
        (&json!(start as f64), &json!((start + 2) as f64))
    );
    assert_eq!(graph_of_range["ContainsOldGroupVersions"], false);

    xray.call(
        "/CreateGroup",
        json!({ "GroupName": "errors", "FilterExpression": "error" }),
    );
    let mut request = crate::local_xray::longest_range();
    request["GroupName"] = json!("errors");
    let graph_of_group = xray.call("/ServiceGraph", request.clone());
    assert_eq!(node_count(&graph_of_group), 2);
    assert_eq!(
        graph_of_group["Services"][1]["SummaryStatistics"]["TotalCount"],
        1
    );
    request["GroupName"] = json!("unknown");
    assert_eq!(
        xray.call_error("/ServiceGraph", request),
        "There is no group \"unknown\""
    );

    let trace_graph = |ids: Value| xray.call("/TraceGraph", json!({ "TraceIds": ids }));
    assert_eq!(node_count(&trace_graph(json!([trace_id_at(2, 2)]))), 4);
    assert_eq!(
        node_count(&trace_graph(json!([
            trace_id_at(0, 0),
            trace_id_at(999, 9)
        ]))),
        2
    );
    assert_eq!(node_count(&trace_graph(json!([]))), 0);
}
