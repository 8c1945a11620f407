//! Tests of the translation of spans into X-Ray documents, and of the service graph of the translated
//! documents.

use serde_json::{Value, json};

use super::{CLIENT, CONSUMER, INTERNAL, OtlpClient, PRODUCER, SERVER, build_request};
use crate::local_xray::longest_range;

/// The service name, the span id, the parent span id, the kind, the name and the attributes of a span.
type SpanFields<'a> = (&'a str, &'a str, Option<&'a str>, i32, &'a str, Value);

/// Builds a request with several spans. The resource of each span contains the service name of the span.
fn build_trace_request(spans: &[SpanFields<'_>]) -> Value {
    let resource_spans = spans.iter().map(
        |(service, span_id, parent_span_id, kind, name, attributes)| {
            let fields = json!({
                "spanId": span_id, "parentSpanId": parent_span_id, "name": name, "attributes": attributes,
            });
            let resource = json!({ "service.name": service });
            let mut request = build_request(*kind, &resource, &fields);
            request["resourceSpans"][0].take()
        },
    );
    json!({ "resourceSpans": resource_spans.collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_consumer_span_is_a_node_that_the_producers_node_calls() {
    let client = OtlpClient::start();
    let kafka_attributes =
        json!({ "messaging.system": "kafka", "messaging.destination.name": "orders" });
    let database_attributes =
        json!({ "db.system": "postgresql", "db.name": "ledger", "server.address": "pg" });
    let http_attributes =
        json!({ "http.request.method": "POST", "http.response.status_code": 200 });
    let request = build_trace_request(&[
        (
            "checkout",
            "0000000000000101",
            None,
            SERVER,
            "POST /checkout",
            http_attributes,
        ),
        (
            "checkout",
            "0000000000000102",
            Some("0000000000000101"),
            PRODUCER,
            "orders publish",
            kafka_attributes.clone(),
        ),
        (
            "accounting",
            "0000000000000103",
            Some("0000000000000102"),
            CONSUMER,
            "orders process",
            kafka_attributes,
        ),
        (
            "accounting",
            "0000000000000104",
            Some("0000000000000103"),
            CLIENT,
            "INSERT",
            database_attributes,
        ),
    ]);
    client.send_accepted(&request).await;
    let graph = client
        .process
        .request("POST", "/ServiceGraph", &longest_range().to_string())
        .2;
    let services = graph["Services"].as_array().unwrap();
    let find_service_name = |reference_id: &Value| {
        let service = services
            .iter()
            .find(|service| service["ReferenceId"] == *reference_id);
        service.map_or("", |service| service["Name"].as_str().unwrap())
    };
    let mut edges = Vec::new();
    for service in services {
        for edge in service["Edges"].as_array().unwrap() {
            edges.push((
                service["Name"].as_str().unwrap(),
                find_service_name(&edge["ReferenceId"]),
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
async fn a_local_root_call_becomes_a_segment_and_a_subsegment() {
    let client = OtlpClient::start();
    let span = json!({ "attributes": {
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker", "aws.remote.service": "AWS.SDK.SQS",
        "rpc.system": "aws-api", "rpc.method": "ReceiveMessage", "aws.queue.url": "https://sqs/1/orders",
    }});
    client
        .send_accepted(&build_request(
            CLIENT,
            &json!({ "service.name": "shop" }),
            &span,
        ))
        .await;
    let worker_segment = client.reported_document().await;
    assert_eq!(
        (&worker_segment["name"], &worker_segment["type"]),
        (&json!("worker"), &Value::Null)
    );
    assert_eq!(
        worker_segment["aws"]
            .get("queue_url")
            .or(worker_segment["annotations"].get("aws.remote.service")),
        None
    );
    let call = &worker_segment["subsegments"][0];
    assert_eq!(
        (&call["name"], &call["namespace"]),
        (&json!("SQS"), &json!("aws"))
    );
    assert_eq!(call["id"], "53995c3f42cd8ad8");
    assert_eq!(call["aws"]["queue_url"], "https://sqs/1/orders");
    let graph = client
        .process
        .request("POST", "/ServiceGraph", &longest_range().to_string())
        .2;
    let nodes: Vec<_> = graph["Services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service["Name"].as_str().unwrap())
        .collect();
    assert_eq!(nodes, ["https://sqs/1/orders", "worker", "worker"]);
}

#[tokio::test]
async fn an_internal_local_root_with_a_parent_becomes_a_segment() {
    let client = OtlpClient::start();
    let span = json!({ "parentSpanId": "70de5b6f19ff9a0a", "attributes": {
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker",
    }});
    client
        .send_accepted(&build_request(INTERNAL, &json!({}), &span))
        .await;
    let worker_segment = client.reported_document().await;
    assert_eq!(
        (
            &worker_segment["name"],
            &worker_segment["type"],
            &worker_segment["parent_id"]
        ),
        (&json!("worker"), &Value::Null, &json!("70de5b6f19ff9a0a"))
    );
}

#[tokio::test]
async fn the_ids_of_a_failed_local_root_call_and_its_exceptions_are_distinct() {
    let client = OtlpClient::start();
    let attributes = json!({
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker", "aws.remote.service": "bank",
    });
    let event = json!({ "name": "exception" });
    let span = json!({ "attributes": attributes, "events": [event, event] });
    client
        .send_accepted(&build_request(CLIENT, &json!({}), &span))
        .await;
    let mut ids = Vec::new();
    for document in client.trace_documents().await {
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
    // The ids belong to the segment, the call, the segment that is inferred from the call, and two
    // exceptions.
    assert_eq!((count, ids.len()), (5, 5), "{ids:?}");
}
