use std::sync::{Arc, Mutex};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::start_with_dynamodb_at;
use test_support::collector::{Collector, attribute_text};
use test_support::daemon::{
    Daemon, assert_child_within, documents_of_trace, error_flags, only_document,
};
use test_support::service::{Service, reserve_port};

/// The method and the path of a request, and additional variables of the monolith.
struct Request<'a>(Method, &'a str, &'a [(&'a str, &'a str)]);

/// Starts a monolith that calls DynamoDB at `address`, sends a request, and stops the monolith. Returns the
/// status of the answer, and the documents that the X-Ray daemon received.
async fn trace_request(address: std::net::SocketAddr, request: Request<'_>) -> (u16, Vec<Value>) {
    let Request(method, path, more) = request;
    let daemon = Daemon::start();
    let (name, daemon_address) = daemon.address_variable();
    let mut variables = vec![
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
        (name, &*daemon_address),
    ];
    variables.extend(more);
    let monolith = start_with_dynamodb_at(address, &variables);
    let (status, header) = send_request(&monolith, method, path).await;
    assert!(monolith.stop().0.success());
    let documents = daemon.documents();
    assert_eq!(
        documents_of_trace(&documents, &header).len(),
        documents.len()
    );
    (status, documents)
}

/// Sends a request. Returns the status and the trace header of the answer.
async fn send_request(monolith: &Service, method: Method, path: &str) -> (u16, String) {
    let answer = Client::new().request(method, monolith.url(path));
    let answer = answer.send().await.unwrap();
    let header = answer.headers()["x-amzn-trace-id"].to_str().unwrap();
    (answer.status().as_u16(), header.to_owned())
}

#[tokio::test]
async fn each_dynamodb_call_is_one_subsegment() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    for (method, path, operation) in [
        (Method::GET, "/mysfits", "Scan"),
        (Method::GET, "/mysfits?filter=GoodEvil&value=Good", "Query"),
        (Method::GET, "/mysfits/one", "GetItem"),
        (Method::POST, "/mysfits/one/fulfill-like", "UpdateItem"),
        (Method::POST, "/mysfits/one/adopt", "UpdateItem"),
        (Method::GET, "/health/ready", "GetItem"),
    ] {
        let request = Request(method, path, &[]);
        let (status, documents) = trace_request(database.address, request).await;
        assert_eq!(status, 200);
        let documents: Vec<_> = documents.iter().collect();
        assert_eq!(documents.len(), 2, "{documents:#?}");
        let segment = only_document(&documents, "monolith", None);
        let call = only_document(&documents, "DynamoDB", Some("aws"));
        assert_child_within(call, segment);
        assert_eq!(call["aws"]["operation"], operation);
        assert_eq!(call["aws"]["table_name"], "MysfitsTable");
        assert_eq!(call["aws"]["region"], "eu-central-1");
        assert!(call["aws"]["request_id"].is_string());
        assert_eq!(call["http"]["response"]["status"], 200);
        assert_eq!(error_flags(call), [] as [&str; 0]);
        let id = path.contains("/one").then_some(json!("one"));
        assert_eq!(segment["annotations"].get("mysfit_id"), id.as_ref());
    }
}

/// DynamoDB gets the trace id as from an X-Ray SDK: the parent is the subsegment of the call.
#[tokio::test]
async fn dynamodb_receives_the_trace_and_the_subsegment_of_the_call() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let received = Arc::new(Mutex::new(String::new()));
    let head = Arc::clone(&received);
    let select_fault = move |_, request: &str| {
        request.clone_into(&mut head.lock().unwrap());
        Fault::None
    };
    let proxy = FaultyProxy::start_selecting(database.address, select_fault).await;
    let request = Request(Method::POST, "/mysfits/one/fulfill-like", &[]);
    let (status, documents) = trace_request(proxy.address, request).await;
    assert_eq!(status, 200);
    let documents: Vec<_> = documents.iter().collect();
    let call = only_document(&documents, "DynamoDB", Some("aws"));
    let text = |member: &str| call[member].as_str().unwrap();
    let expected = format!(
        "x-amzn-trace-id: root={};parent={};sampled=1",
        text("trace_id"),
        text("id")
    );
    let received = received.lock().unwrap().to_lowercase();
    assert!(received.contains(&expected), "{expected}: {received}");
}

#[tokio::test]
async fn each_page_of_a_list_is_a_subsegment() {
    let database = Database::start().await;
    let long_description = "x".repeat(300_000);
    for number in 0..6 {
        // DynamoDB returns at most one megabyte per page.
        let mut item = crate::database::mysfit_item(&format!("{number}"), "Good", "Neutral");
        item["Description"] = json!({"S": long_description});
        database.put_item(item);
    }
    let (_, documents) =
        trace_request(database.address, Request(Method::GET, "/mysfits", &[])).await;
    let calls = documents
        .iter()
        .filter(|document| document["name"] == "DynamoDB");
    assert_eq!(calls.count(), 2, "{documents:#?}");
}

#[tokio::test]
async fn a_like_of_an_unknown_id_is_an_error_but_not_a_fault() {
    let database = Database::start().await;
    let request = Request(Method::POST, "/mysfits/nobody/fulfill-like", &[]);
    let (status, documents) = trace_request(database.address, request).await;
    assert_eq!(status, 404);
    for document in &documents {
        assert_eq!(error_flags(document), ["error"], "{document:#}");
    }
}

#[tokio::test]
async fn a_throttled_attempt_of_a_like_is_a_throttle_in_its_subsegment() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let throttle_once = |request| {
        if request == 0 {
            Fault::Throttled("ProvisionedThroughputExceededException")
        } else {
            Fault::None
        }
    };
    let proxy = FaultyProxy::start(database.address, throttle_once).await;
    let request = Request(Method::POST, "/mysfits/one/fulfill-like", &[]);
    let (status, documents) = trace_request(proxy.address, request).await;
    assert_eq!(status, 200);
    let calls = documents
        .iter()
        .filter(|document| document["name"] == "DynamoDB");
    let calls: Vec<_> = calls.map(error_flags).collect();
    assert_eq!(calls, [vec!["error", "throttle"], vec![]]);
}

#[tokio::test]
async fn an_unreachable_or_silent_database_is_a_fault_in_segment_and_subsegment() {
    let database = Database::start().await;
    let silent_address = FaultyProxy::start(database.address, |_| Fault::AnswerWithheld)
        .await
        .address;
    let (port, _reservation) = reserve_port();
    let unreachable_address = ([127, 0, 0, 1], port).into();
    for (address, kind) in [
        (unreachable_address, "Database"),
        (silent_address, "DatabaseTimeout"),
    ] {
        let timeout = [("DDB_TIMEOUT_MS", "400")];
        let request = Request(Method::GET, "/mysfits/one", &timeout);
        let (status, documents) = trace_request(address, request).await;
        assert_eq!(status, 503);
        let documents: Vec<_> = documents.iter().collect();
        assert_eq!(documents.len(), 2, "{documents:#?}");
        let segment = only_document(&documents, "monolith", None);
        assert_eq!(segment["cause"]["exceptions"][0]["type"], kind);
        let call = only_document(&documents, "DynamoDB", Some("aws"));
        assert_eq!(
            (error_flags(segment), error_flags(call)),
            (vec!["fault"], vec!["fault"])
        );
    }
}

#[tokio::test]
async fn a_failed_call_without_an_error_code_has_its_status_as_error_type() {
    let database = Database::start().await;
    let proxy = FaultyProxy::start(database.address, |_| Fault::HtmlPage).await;
    let request = Request(Method::POST, "/mysfits/one/fulfill-like", &[]);
    let (status, documents) = trace_request(proxy.address, request).await;
    assert_eq!(status, 503);
    let documents: Vec<_> = documents.iter().collect();
    let call = only_document(&documents, "DynamoDB", Some("aws"));
    assert_eq!(call["annotations"]["error_type"], "503");
}

#[tokio::test]
async fn spans_exported_by_otlp_contain_the_table_and_the_operation() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let collector = Collector::start();
    let monolith = start_with_dynamodb_at(
        database.address,
        &[
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_SERVICE_NAME", "the monolith"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=not-a-secret"),
        ],
    );
    send_request(&monolith, Method::GET, "/mysfits/one").await;
    assert!(monolith.stop().0.success());
    let (spans, _) = collector.spans_and_metrics();
    assert!(spans.iter().all(|(service, _)| service == "the monolith"));
    let call = spans
        .iter()
        .find(|(_, span)| span.name == "DynamoDB.GetItem");
    let (_, call) = call.expect("no span DynamoDB.GetItem");
    assert_eq!(attribute_text(&call.attributes, "rpc.system"), "aws-api");
    assert_eq!(
        attribute_text(&call.attributes, "aws.table.name"),
        "MysfitsTable"
    );
    assert_eq!(
        attribute_text(&call.attributes, "http.response.status_code"),
        "200"
    );
}
