//! A CloudWatch with a clock that tests set, and its clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use cloudwatch::{CloudWatch, Limits};
use serde_json::{Value, json};
use tower::ServiceExt;

/// 2026-11-27 12:00:00 UTC in seconds.
pub const NOON: i64 = 1_795_780_800;

/// A CloudWatch, and the endpoint that answers for it.
pub struct Local {
    pub cloudwatch: Arc<CloudWatch>,
    pub router: Router,
    millis: Arc<AtomicU64>,
}

/// An error of an operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Local {
    /// A CloudWatch at noon.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Self {
        let millis = Arc::new(AtomicU64::new(NOON as u64 * 1000));
        let clock = Arc::clone(&millis);
        let clock = Arc::new(move || Duration::from_millis(clock.load(Ordering::Relaxed)));
        let cloudwatch = CloudWatch::new(limits, clock);
        let router = wire::endpoint(vec![cloudwatch.service()]);
        Self {
            cloudwatch,
            router,
            millis,
        }
    }

    /// Sets the clock to a number of seconds after noon.
    pub fn set_seconds(&self, seconds: i64) {
        let millis = (NOON + seconds) as u64 * 1000;
        self.millis.store(millis, Ordering::Relaxed);
    }

    pub async fn send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    /// Calls an operation as boto3 does: AWS JSON 1.0 in the query mode.
    pub async fn call(&self, operation: &str, parameters: Value) -> Result<Value, Refusal> {
        let target = format!("GraniteServiceVersion20100801.{operation}");
        let headers = [
            ("x-amz-target", &*target),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amzn-query-mode", "true"),
        ];
        let answer = self.send("/", &headers, parameters.to_string()).await;
        let body = match answer.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&answer.body).unwrap(),
        };
        if answer.status == StatusCode::OK {
            return Ok(body);
        }
        let code = answer.headers["x-amzn-query-error"].to_str().unwrap();
        Err(Refusal {
            status: answer.status,
            code: code.strip_suffix(";Sender").unwrap().to_owned(),
            message: body["message"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Calls an operation that succeeds.
    pub async fn ok(&self, operation: &str, parameters: Value) -> Value {
        let result = self.call(operation, parameters).await;
        result.unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"))
    }

    /// Calls an operation that fails, and returns the code and the message.
    pub async fn fail(&self, operation: &str, parameters: Value) -> (String, String) {
        match self.call(operation, parameters.clone()).await {
            Ok(result) => panic!("{operation} {parameters}: {result}"),
            Err(refusal) => (refusal.code, refusal.message),
        }
    }

    /// Calls an operation in the query protocol, and returns the status and the body.
    pub async fn query(&self, operation: &str, parameters: &str) -> (StatusCode, String) {
        let content_type = (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        let body = format!("Action={operation}&Version=2010-08-01&{parameters}");
        let answer = self.send("/", &[content_type], body).await;
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// Publishes values of the metric `m` in the namespace `N`, each a number of seconds after noon.
    pub async fn put(&self, values: &[(i64, f64)]) {
        let data: Vec<_> = values
            .iter()
            .map(|(seconds, value)| {
                json!({ "MetricName": "m", "Timestamp": NOON + seconds, "Value": value, "Unit": "Count" })
            })
            .collect();
        self.ok(
            "PutMetricData",
            json!({ "Namespace": "N", "MetricData": data }),
        )
        .await;
    }
}
