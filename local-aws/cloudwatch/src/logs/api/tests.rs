//! The operations over the routes of an endpoint.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use wire::endpoint;

use crate::logs::Logs;
use crate::logs::tests::{NO_LIMITS, TestClock};

mod events;
mod filter_events;
mod metric_filters;
mod names;

const GROUP: &str = "mysfits-MythicalLikeLogGroup";
const STREAM: &str = "like-service/like-service/0123456789abcdef0123456789abcdef";

/// 2026-11-27 00:00:00 UTC.
const NOW: i64 = 1_795_737_600_000;

/// An endpoint with the service.
struct Client {
    logs: Arc<Logs>,
    clock: TestClock,
    router: Router,
}

impl Client {
    fn new() -> Self {
        let clock = TestClock::default();
        clock.set(NOW.cast_unsigned());
        let logs = Arc::new(Logs::new(NO_LIMITS, clock.clock()));
        let router = endpoint(vec![logs.service()]);
        Self {
            logs,
            clock,
            router,
        }
    }

    /// A client with a group and a stream without events.
    async fn with_stream() -> Self {
        let client = Self::new();
        client
            .call("CreateLogGroup", json!({ "logGroupName": GROUP }))
            .await;
        client
            .call(
                "CreateLogStream",
                json!({ "logGroupName": GROUP, "logStreamName": STREAM }),
            )
            .await;
        client
    }

    async fn send(&self, operation: &str, body: &Value) -> (u16, Value) {
        let request = Request::post("/")
            .header("x-amz-target", format!("Logs_20140328.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "application/x-amz-json-1.1"
        );
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Calls an operation that succeeds.
    #[track_caller]
    fn call(&self, operation: &str, body: Value) -> impl Future<Output = Value> {
        let operation = operation.to_owned();
        async move {
            let (status, response) = self.send(&operation, &body).await;
            assert_eq!(status, 200, "{operation} {body}: {response}");
            response
        }
    }

    /// Calls an operation that fails. All errors of the service have status 400.
    async fn refuse(&self, operation: &str, body: Value, code: &str, message: &str) {
        let (status, response) = self.send(operation, &body).await;
        let expected = json!({ "__type": code, "message": message });
        assert_eq!((status, response), (400, expected), "{operation} {body}");
    }
}

#[tokio::test]
async fn other_operations_are_refused_by_name() {
    let client = Client::new();
    for operation in [
        "StartLiveTail",
        "StartQuery",
        "GetQueryResults",
        "StopQuery",
        "PutSubscriptionFilter",
    ] {
        let message = format!("The operation {operation} of the service logs is not implemented");
        client
            .refuse(operation, json!({}), "UnknownOperationException", &message)
            .await;
    }
}

#[tokio::test]
async fn other_parameters_are_refused_by_name() {
    let client = Client::with_stream().await;
    for (operation, parameter) in [
        ("CreateLogGroup", "kmsKeyId"),
        ("DescribeLogGroups", "includeLinkedAccounts"),
        ("FilterLogEvents", "color"),
        ("PutMetricFilter", "fieldSelectionCriteria"),
    ] {
        let (status, response) = client.send(operation, &json!({ parameter: "x" })).await;
        assert_eq!(status, 400);
        assert_eq!(response["__type"], "InvalidParameterException");
        let message = response["message"].as_str().unwrap();
        assert!(message.contains(&format!("`{parameter}`")), "{message}");
    }
}
