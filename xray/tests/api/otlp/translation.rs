//! The service graph of spans, and the rules that differ from those of the collector's X-Ray exporter.

use serde_json::{Value, json};

use super::{CLIENT, CONSUMER, Collector, INTERNAL, PRODUCER, SERVER, request};
use crate::world::always;

/// Service, id, parent, kind, name and attributes of a span.
type Told<'a> = (&'a str, &'a str, Option<&'a str>, i32, &'a str, Value);

/// A request with several spans, each with its resource.
fn trace(spans: &[Told<'_>]) -> Value {
    let requests = spans.iter().map(|(service, id, parent, kind, name, said)| {
        let span =
            json!({ "spanId": id, "parentSpanId": parent, "name": name, "attributes": said });
        let mut whole = request(*kind, &json!({ "service.name": service }), &span);
        whole["resourceSpans"][0].take()
    });
    json!({ "resourceSpans": requests.collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_consumer_is_a_separate_node_that_the_producer_calls() {
    let collector = Collector::start();
    let kafka = json!({ "messaging.system": "kafka", "messaging.destination.name": "orders" });
    let ledger = json!({ "db.system": "postgresql", "db.name": "ledger", "server.address": "pg" });
    let said = json!({ "http.request.method": "POST", "http.response.status_code": 200 });
    let spans = trace(&[
        (
            "checkout",
            "0000000000000101",
            None,
            SERVER,
            "POST /checkout",
            said,
        ),
        (
            "checkout",
            "0000000000000102",
            Some("0000000000000101"),
            PRODUCER,
            "orders publish",
            kafka.clone(),
        ),
        (
            "accounting",
            "0000000000000103",
            Some("0000000000000102"),
            CONSUMER,
            "orders process",
            kafka,
        ),
        (
            "accounting",
            "0000000000000104",
            Some("0000000000000103"),
            CLIENT,
            "INSERT",
            ledger,
        ),
    ]);
    collector.send(&spans).await;
    let graph = collector
        .process
        .ask("POST", "/ServiceGraph", &always().to_string())
        .2;
    let services = graph["Services"].as_array().unwrap();
    let name = |id: &Value| {
        let service = services.iter().find(|it| it["ReferenceId"] == *id);
        service.map_or("", |it| it["Name"].as_str().unwrap())
    };
    let mut edges = Vec::new();
    for service in services {
        for edge in service["Edges"].as_array().unwrap() {
            edges.push((
                service["Name"].as_str().unwrap(),
                name(&edge["ReferenceId"]),
            ));
        }
    }
    edges.sort_unstable();
    assert_eq!(
        edges,
        [
            ("checkout", "checkout"),
            ("checkout", "orders process"),
            ("orders process", "ledger"),
        ],
        "{graph:#}"
    );
}

/// Where the rules are not those of the exporter. docs/xray.md lists them.
#[tokio::test]
async fn the_rules_differ_from_the_exporters_where_the_documentation_says_so() {
    let parent = "70de5b6f19ff9a0a";
    let nothing = json!({});
    for (name, kind, resource, attributes, wanted) in [
        (
            "without a block, attributes stay annotations",
            CLIENT,
            &nothing,
            json!({
                "rpc.system": "grpc", "rpc.service": "shop.Cart", "rpc.method": "Add", "rpc.grpc.status_code": 14,
                "server.address": "cart", "server.port": 7070, "network.peer.address": "10.0.0.3",
            }),
            json!({ "name": "shop.Cart", "namespace": "remote", "http": null, "aws": { "operation": "Add" }, "fault": null, "annotations": {
                "rpc.system": "grpc", "rpc.service": "shop.Cart", "rpc.grpc.status_code": 14,
                "server.address": "cart", "server.port": 7070, "network.peer.address": "10.0.0.3",
            }}),
        ),
        (
            "so they do on another cloud",
            CLIENT,
            &json!({ "cloud.provider": "gcp" }),
            json!({ "rpc.method": "Add", "aws.region": "eu-west-1" }),
            json!({ "aws": null, "annotations": { "rpc.method": "Add", "aws.region": "eu-west-1" } }),
        ),
        (
            "what is no IP address is no client's address, and stays",
            SERVER,
            &nothing,
            json!({ "http.request.method": "GET", "network.peer.address": "/run/app.sock", "client.address": "host" }),
            json!({ "http": { "request": { "method": "GET" } }, "annotations": { "network.peer.address": "/run/app.sock", "client.address": "host" } }),
        ),
        (
            "a status code may be a double",
            SERVER,
            &nothing,
            json!({ "http.response.status_code": 502.0 }),
            json!({ "http": { "response": { "status": 502 } }, "fault": true }),
        ),
        (
            "the id of a user that is no text stays",
            SERVER,
            &nothing,
            json!({ "enduser.id": 5 }),
            json!({ "user": null, "annotations": { "enduser.id": 5 } }),
        ),
        (
            "service.peer.name goes before peer.service",
            CLIENT,
            &nothing,
            json!({ "service.peer.name": "bank", "peer.service": "old-bank", "server.address": "bank.example.com" }),
            json!({ "name": "bank", "annotations": { "service.peer.name": "bank" } }),
        ),
        (
            "a client is named by server.address, as by net.peer.name",
            CLIENT,
            &nothing,
            json!({ "server.address": "bank.example.com", "server.port": 81, "http.request.method": "GET", "url.path": "/x" }),
            json!({ "name": "bank.example.com", "http": { "request": { "url": "http://bank.example.com:81/x" } } }),
        ),
        (
            "databases by their stable names",
            CLIENT,
            &nothing,
            json!({ "db.system.name": "microsoft.sql_server", "db.namespace": "shop", "db.query.text": "SELECT 1" }),
            json!({ "name": "shop", "annotations": null, "sql": {
                "database_type": "microsoft.sql_server", "connection_string": "localhost/shop", "sanitized_query": "SELECT 1", "url": "GET /things",
            }}),
        ),
        (
            "the number of a database is no name",
            CLIENT,
            &nothing,
            json!({ "db.system.name": "redis", "db.namespace": "0", "server.address": "cache" }),
            json!({ "name": "cache", "annotations": { "db.namespace": "0" } }),
        ),
        (
            "a database and its schema are separated by a dot",
            CLIENT,
            &nothing,
            json!({ "db.system.name": "postgresql", "db.namespace": "shop|public" }),
            json!({ "name": "shop.public", "annotations": null, "sql": {
                "database_type": "postgresql", "connection_string": "localhost/shop|public", "url": "GET /things",
            }}),
        ),
        (
            "AWS's SDKs by their stable names",
            CLIENT,
            &nothing,
            json!({ "rpc.system.name": "aws-api", "rpc.service": "SQS", "aws.sqs.queue.url": "https://sqs/1/orders" }),
            json!({ "name": "SQS", "namespace": "aws", "aws": { "queue_url": "https://sqs/1/orders" } }),
        ),
        (
            "every name is made of permitted characters",
            CLIENT,
            &nothing,
            json!({ "peer.service": "bank, (main)" }),
            json!({ "name": "bank main" }),
        ),
        (
            "lists are metadata",
            INTERNAL,
            &nothing,
            json!({ "tags": ["a"], "size": 3 }),
            json!({ "annotations": { "size": 3 }, "metadata": { "default": { "tags": ["a"] } } }),
        ),
        (
            "a subsegment has no origin",
            CLIENT,
            &json!({ "cloud.platform": "aws_ec2" }),
            json!({ "peer.service": "bank" }),
            json!({ "origin": null, "name": "bank" }),
        ),
        (
            "a fetched file is HTTP, whose unknown attributes stay",
            INTERNAL,
            &json!({ "telemetry.sdk.language": "webjs" }),
            json!({ "component": "document-load", "http.url": "https://cdn.example.com/app.js", "http.response_content_length": 73820 }),
            json!({ "http": { "request": { "url": "https://cdn.example.com/app.js" } }, "annotations": { "component": "document-load", "http.response_content_length": 73820 } }),
        ),
    ] {
        let collector = Collector::start();
        let span = json!({ "parentSpanId": parent, "attributes": attributes });
        collector.send(&request(kind, resource, &span)).await;
        let document = collector.document().await;
        for (key, wanted) in wanted.as_object().unwrap() {
            let found = match (key.as_str(), wanted.is_object()) {
                // These have more than what the case is about.
                ("aws" | "http" | "annotations", true) => &narrowed(&document[key], wanted),
                _ => &document[key],
            };
            assert_eq!(found, wanted, "{name}: {key} of {document:#}");
        }
    }
}

/// Those fields of an object that another one has.
fn narrowed(found: &Value, wanted: &Value) -> Value {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .map(|(key, wanted)| (key.clone(), narrowed(&found[key], wanted)))
            .collect(),
        _ => found.clone(),
    }
}

#[tokio::test]
async fn a_local_root_call_is_a_segment_and_a_subsegment() {
    let collector = Collector::start();
    let span = json!({ "attributes": {
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker", "aws.remote.service": "AWS.SDK.SQS",
        "rpc.system": "aws-api", "rpc.method": "ReceiveMessage", "aws.queue.url": "https://sqs/1/orders",
    }});
    collector
        .send(&request(CLIENT, &json!({ "service.name": "shop" }), &span))
        .await;
    let worker = collector.document().await;
    assert_eq!(
        (&worker["name"], &worker["type"]),
        (&json!("worker"), &Value::Null)
    );
    assert_eq!(
        worker["aws"]
            .get("queue_url")
            .or(worker["annotations"].get("aws.remote.service")),
        None
    );
    let call = &worker["subsegments"][0];
    assert_eq!(
        (&call["name"], &call["namespace"]),
        (&json!("SQS"), &json!("aws"))
    );
    assert_eq!(call["id"], "53995c3f42cd8ad8");
    assert_eq!(call["aws"]["queue_url"], "https://sqs/1/orders");
    let graph = collector
        .process
        .ask("POST", "/ServiceGraph", &always().to_string())
        .2;
    let nodes: Vec<_> = graph["Services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Name"].as_str().unwrap())
        .collect();
    assert_eq!(nodes, ["https://sqs/1/orders", "worker", "worker"]);

    let collector = Collector::start();
    let span = json!({ "parentSpanId": "70de5b6f19ff9a0a", "attributes": {
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker",
    }});
    collector.send(&request(INTERNAL, &json!({}), &span)).await;
    let worker = collector.document().await;
    assert_eq!(
        (&worker["name"], &worker["type"], &worker["parent_id"]),
        (&json!("worker"), &Value::Null, &json!("70de5b6f19ff9a0a"))
    );
}

#[tokio::test]
async fn every_id_of_a_local_root_call_that_fails_is_its_own() {
    let collector = Collector::start();
    let attributes = json!({
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker", "aws.remote.service": "bank",
    });
    let event = json!({ "name": "exception" });
    let span = json!({ "attributes": attributes, "events": [event, event] });
    collector.send(&request(CLIENT, &json!({}), &span)).await;
    let mut ids = Vec::new();
    for document in collector.documents().await {
        ids.push(document["id"].clone());
        let calls = document["subsegments"].as_array();
        ids.extend(calls.into_iter().flatten().map(|call| call["id"].clone()));
        if document["inferred"] != true {
            let exceptions = document["cause"]["exceptions"].as_array().unwrap();
            ids.extend(exceptions.iter().map(|exception| exception["id"].clone()));
        }
    }
    let count = ids.len();
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    // The segment, its call, what is inferred from the call, and two exceptions.
    assert_eq!((count, ids.len()), (5, 5), "{ids:?}");
}
