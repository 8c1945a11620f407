//! The documents and the service graph of spans that are sent by OTLP.

use serde_json::{Value, json};

use super::{CLIENT, CONSUMER, Collector, INTERNAL, PRODUCER, SERVER, request};
use crate::local_xray::longest_range;

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
        .request("POST", "/ServiceGraph", &longest_range().to_string())
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
        .request("POST", "/ServiceGraph", &longest_range().to_string())
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
