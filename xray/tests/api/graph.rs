//! The service graph, with the facts of the guide's example.

use serde_json::{Value, json};

use crate::world::{With, World, below, like, segment, subsegment, trace, trace_at};

fn node<'a>(graph: &'a [Value], name: &str, kind: Option<&str>) -> &'a Value {
    let found = graph
        .iter()
        .find(|node| node["Name"] == name && node["Type"].as_str() == kind);
    found.unwrap_or_else(|| panic!("{name} {kind:?} in {graph:#?}"))
}

fn edge<'a>(from: &'a Value, to: &Value) -> &'a Value {
    let mut edges = from["Edges"].as_array().unwrap().iter();
    let found = edges.find(|edge| edge["ReferenceId"] == to["ReferenceId"]);
    found.unwrap_or_else(|| panic!("no edge from {from:#} to {to:#}"))
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

/// Four requests to a web application; two save to a table and publish to a topic.
fn sample() -> Vec<Value> {
    let name = "xray-sample.elasticbeanstalk.com";
    let took = [(5, false), (15, true), (157, false), (96, false)];
    let mut documents = Vec::new();
    for (number, (took, is_error)) in (0..).zip(took) {
        let id = json!({ "trace_id": trace_at(number, number) });
        documents.push(segment(1, name, 0, took).with(id.clone()).with(json!({
            "origin": "AWS::EC2::Instance", "error": is_error,
        })));
        if took > 90 {
            let (table, topic) = if took == 157 { (76, 49) } else { (44, 76) };
            documents.push(
                subsegment(2, 1, "DynamoDB", 0, table)
                    .with(id.clone())
                    .with(json!({
                        "namespace": "aws", "aws": { "table_name": "StartupSignupsTable" },
                    })),
            );
            documents.push(subsegment(3, 1, "SNS", 0, topic).with(id).with(json!({
                "namespace": "aws", "aws": { "operation": "Publish" },
            })));
        }
    }
    documents
}

#[test]
fn the_guides_graph_has_four_nodes() {
    let graph = World::of(&sample()).graph();
    assert_eq!(graph.len(), 4);
    let client = node(&graph, "xray-sample.elasticbeanstalk.com", Some("client"));
    let web = node(
        &graph,
        "xray-sample.elasticbeanstalk.com",
        Some("AWS::EC2::Instance"),
    );
    let table = node(&graph, "StartupSignupsTable", Some("AWS::DynamoDB::Table"));
    let topic = node(&graph, "SNS", Some("AWS::SNS"));

    assert_eq!(client["State"], "unknown");
    assert_eq!(client.get("SummaryStatistics").or(client.get("Root")), None);
    assert_eq!(web["State"], "active");
    assert_eq!(web["Root"], true);
    assert_eq!(web["Names"], json!(["xray-sample.elasticbeanstalk.com"]));
    assert_eq!(web["SummaryStatistics"], statistics(3, 0, 1, 0, 0.273));
    assert_eq!(
        web["ResponseTimeHistogram"],
        json!([
            { "Value": 0.005, "Count": 1 }, { "Value": 0.015, "Count": 1 },
            { "Value": 0.096, "Count": 1 }, { "Value": 0.157, "Count": 1 },
        ])
    );
    assert_eq!(web["DurationHistogram"], web["ResponseTimeHistogram"]);
    assert_eq!(
        edge(client, web)["SummaryStatistics"],
        web["SummaryStatistics"]
    );
    assert_eq!(edge(client, web)["Aliases"], json!([]));

    assert_eq!(table["State"], "unknown");
    assert_eq!(table.get("Root"), None);
    assert_eq!(table["SummaryStatistics"], statistics(2, 0, 0, 0, 0.12));
    assert_eq!(
        edge(web, table)["SummaryStatistics"],
        statistics(2, 0, 0, 0, 0.12)
    );
    assert_eq!(topic["SummaryStatistics"], statistics(2, 0, 0, 0, 0.125));
    assert_eq!(
        edge(web, topic)["SummaryStatistics"],
        statistics(2, 0, 0, 0, 0.125)
    );
    assert_eq!(table["Edges"], json!([]));
    for (number, node) in graph.iter().enumerate() {
        assert_eq!(node["ReferenceId"], number);
    }
}

#[test]
fn nodes_know_their_own_segments_and_edges_the_callers_view() {
    let graph = World::of(&like()).graph();
    let like_service = node(&graph, "like service", None);
    let monolith = node(&graph, "monolith", None);
    let table = node(&graph, "MysfitsTable", Some("AWS::DynamoDB::Table"));
    assert_eq!(graph.len(), 4);
    assert_eq!(monolith["SummaryStatistics"], statistics(1, 0, 0, 0, 1.1));
    assert_eq!(
        edge(like_service, monolith)["SummaryStatistics"],
        statistics(1, 0, 0, 0, 1.3)
    );
    assert_eq!(
        edge(monolith, table)["SummaryStatistics"],
        statistics(1, 0, 0, 0, 0.9)
    );
    assert_eq!(like_service["Root"], true);
    assert_eq!(monolith.get("Root"), None);
}

#[test]
fn a_called_services_own_segment_replaces_the_inferred_one() {
    let mut documents = like();
    documents.truncate(2);
    let world = World::of(&documents);
    assert_eq!(
        node(&world.graph(), "monolith", Some("remote"))["State"],
        "unknown"
    );
    assert_eq!(world.documents(&trace())[1].get("origin"), None);
    world.put(&like()[2..3]);
    assert!(world.graph().iter().all(|node| node["Type"] != "remote"));
    assert_eq!(world.documents(&trace()).len(), 2);
}

#[test]
fn resources_are_named_and_typed() {
    let call = |id, name, block: Value| {
        subsegment(id, 1, name, 0, 10)
            .with(json!({ "namespace": "aws" }))
            .with(block)
    };
    let world = World::of(&[
        segment(1, "shop", 0, 100),
        call(
            2,
            "DynamoDB",
            json!({ "aws": { "operation": "ListTables" } }),
        ),
        call(3, "S3", json!({ "aws": { "bucket_name": "pictures" } })),
        call(
            4,
            "SQS",
            json!({ "aws": { "queue_url": "https://sqs/1/orders" } }),
        ),
        call(5, "Lambda", json!({ "aws": { "function_name": "resize" } })),
        call(
            6,
            "ebdb@db.example.com",
            json!({ "namespace": "remote", "sql": { "sanitized_query": "SELECT 1" } }),
        ),
        call(7, "names.example.com", json!({ "namespace": "remote" })),
        call(9, "dynamodb", json!({ "aws": { "table_name": "lower" } })),
        call(10, "sns", json!({})),
        call(8, "work", json!({ "namespace": "local" })),
    ]);
    let graph = world.graph();
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
        node(&graph, name, Some(kind));
    }
    assert_eq!(graph.len(), 10);
}

#[test]
fn each_request_is_counted_once_by_the_worst_that_befell_it() {
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
        let id = json!({ "trace_id": trace_at(0, number) });
        documents.push(segment(1, "shop", 0, 10).with(id).with(flags));
    }
    let graph = World::of(&documents).graph();
    let shop = node(&graph, "shop", None);
    assert_eq!(shop["SummaryStatistics"], statistics(1, 2, 1, 1, 0.05));
    assert_eq!(
        shop["ResponseTimeHistogram"],
        json!([{ "Value": 0.01, "Count": 5 }])
    );
}

#[test]
fn a_call_that_reached_a_service_twice_is_one_call() {
    let world = World::of(&[
        segment(1, "shop", 0, 100),
        subsegment(2, 1, "bank", 0, 90).with(json!({ "namespace": "remote" })),
        segment(3, "bank", 10, 20).with(below(2)),
        segment(4, "bank", 30, 80).with(below(2)),
        segment(5, "ledger", 40, 70).with(below(4)),
    ]);
    let graph = world.graph();
    let (shop, bank) = (node(&graph, "shop", None), node(&graph, "bank", None));
    assert_eq!(bank["SummaryStatistics"]["TotalCount"], 2);
    assert_eq!(
        edge(shop, bank)["SummaryStatistics"],
        statistics(1, 0, 0, 0, 0.09)
    );
    // A segment that names a segment as its parent: only the callee knows of the call.
    assert_eq!(
        edge(bank, node(&graph, "ledger", None))["SummaryStatistics"],
        statistics(1, 0, 0, 0, 0.03)
    );
}

#[test]
fn a_segment_whose_caller_is_unknown_has_no_client() {
    let graph = World::of(&[segment(3, "monolith", 0, 10).with(below(2))]).graph();
    assert_eq!(graph.len(), 1);
    assert_eq!(graph[0].get("Root"), None);
}

#[test]
fn the_graph_is_of_a_time_range_of_a_group_or_of_some_traces() {
    let world = World::of(&sample());
    let names = |answer: &Value| answer["Services"].as_array().unwrap().len();
    let start = u64::from(crate::world::START);
    let ranged = world.ask(
        "/ServiceGraph",
        json!({ "StartTime": start, "EndTime": start + 2 }),
    );
    assert_eq!(names(&ranged), 2);
    assert_eq!(
        (&ranged["StartTime"], &ranged["EndTime"]),
        (&json!(start as f64), &json!((start + 2) as f64))
    );
    assert_eq!(ranged["ContainsOldGroupVersions"], false);

    world.ask(
        "/CreateGroup",
        json!({ "GroupName": "errors", "FilterExpression": "error" }),
    );
    let mut request = crate::world::always();
    request["GroupName"] = json!("errors");
    let grouped = world.ask("/ServiceGraph", request.clone());
    assert_eq!(names(&grouped), 2);
    assert_eq!(grouped["Services"][1]["SummaryStatistics"]["TotalCount"], 1);
    request["GroupName"] = json!("nobody");
    assert_eq!(
        world.error("/ServiceGraph", request),
        "There is no group \"nobody\""
    );

    let of = |ids: Value| world.ask("/TraceGraph", json!({ "TraceIds": ids }));
    assert_eq!(names(&of(json!([trace_at(2, 2)]))), 4);
    assert_eq!(names(&of(json!([trace_at(0, 0), trace_at(999, 9)]))), 2);
    assert_eq!(names(&of(json!([]))), 0);
}
