//! Throttling by DynamoDB: its metric, and the retries of throttled likes.

use std::collections::HashSet;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::start_with_dynamodb_at;
use test_support::collector::{Collector, attribute_text};

/// The result of a request to a monolith whose database injects faults.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: u16,
    /// The number of requests that the database received.
    requests: usize,
    /// The number of throttled attempts for each DynamoDB operation.
    throttles: Vec<(String, i64)>,
}

async fn send_request(method: Method, path: &str, fault: fn(usize) -> Fault) -> Outcome {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let proxy = FaultyProxy::start(database.address, fault).await;
    let collector = Collector::start();
    let monolith = start_with_dynamodb_at(
        proxy.address,
        &[
            ("OTEL_METRICS_EXPORTER", "otlp"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
            ("DDB_TIMEOUT_MS", "20000"),
        ],
    );
    let answer = Client::new().request(method, monolith.url(path)).send();
    let status = answer.await.unwrap().status().as_u16();
    assert!(monolith.stop().0.success());
    let (_, metrics) = collector.spans_and_metrics();
    let throttles = metrics
        .iter()
        .filter(|metric| metric.name == "dynamodb.throttles")
        .filter_map(|metric| match &metric.data {
            Some(Data::Sum(sum)) => Some(&sum.data_points),
            _ => None,
        })
        .flatten()
        .map(|point| {
            let Some(Number::AsInt(count)) = point.value else {
                panic!("{point:?}");
            };
            (
                attribute_text(&point.attributes, "db.operation.name"),
                count,
            )
        });
    Outcome {
        status,
        requests: proxy.request_count(),
        throttles: throttles.collect(),
    }
}

#[tokio::test]
async fn each_throttled_attempt_is_counted_for_retries_of_the_sdk_and_of_the_monolith() {
    let throttled_updates = |count| vec![("UpdateItem".to_owned(), count)];
    for (method, path, fault, status, requests, throttles) in [
        // The SDK makes up to three attempts.
        (
            Method::POST,
            "/mysfits/one/adopt",
            throttle_first(1),
            200,
            2,
            throttled_updates(1),
        ),
        (
            Method::POST,
            "/mysfits/one/adopt",
            throttle_first(2),
            200,
            3,
            throttled_updates(2),
        ),
        (
            Method::POST,
            "/mysfits/one/adopt",
            throttle_first(3),
            503,
            3,
            throttled_updates(3),
        ),
        (
            Method::GET,
            "/mysfits",
            throttle_first(2),
            200,
            3,
            vec![("Scan".to_owned(), 2)],
        ),
        (
            Method::GET,
            "/mysfits/one",
            throttle_first(1),
            200,
            2,
            vec![("GetItem".to_owned(), 1)],
        ),
        // A throttled like is retried by the monolith, not by the SDK.
        (
            Method::POST,
            "/mysfits/one/fulfill-like",
            throttle_first(3),
            200,
            4,
            throttled_updates(3),
        ),
        // The throttle counter does not count an internal error of DynamoDB, although the SDK retries the
        // request.
        (
            Method::POST,
            "/mysfits/one/adopt",
            fail_first,
            200,
            2,
            vec![],
        ),
        (Method::GET, "/mysfits/one", |_| Fault::None, 200, 1, vec![]),
    ] {
        let expected = Outcome {
            status,
            requests,
            throttles,
        };
        assert_eq!(send_request(method, path, fault).await, expected, "{path}");
    }
}

/// Returns a function that throttles the first `throttled` requests, up to three.
fn throttle_first(throttled: usize) -> fn(usize) -> Fault {
    match throttled {
        1 => |request| throttle(request, 1),
        2 => |request| throttle(request, 2),
        _ => |request| throttle(request, 3),
    }
}

/// Throttles the requests whose number is less than `throttled`. The first three requests get different
/// error codes.
fn throttle(request: usize, throttled: usize) -> Fault {
    if request >= throttled {
        return Fault::None;
    }
    Fault::Throttled(match request {
        0 => "ProvisionedThroughputExceededException",
        1 => "ThrottlingException",
        _ => "RequestLimitExceeded",
    })
}

fn fail_first(request: usize) -> Fault {
    match request {
        0 => Fault::InternalError,
        _ => Fault::None,
    }
}

#[tokio::test]
async fn throttled_likes_are_retried_after_random_pauses() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let throttled = |_| Fault::Throttled("ThrottlingException");
    let proxy = FaultyProxy::start(database.address, throttled).await;
    let monolith = start_with_dynamodb_at(
        proxy.address,
        &[("LOGLEVEL", "DEBUG"), ("DDB_TIMEOUT_MS", "1000")],
    );
    let mut sequences = HashSet::new();
    for _ in 0..3 {
        let like = Client::new().post(monolith.url("/mysfits/one/fulfill-like"));
        assert_eq!(like.send().await.unwrap().status(), 503);
    }
    let (_, lines) = monolith.stop();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    let mut pauses = Vec::new();
    for line in lines {
        let line: Value = line;
        if let Some(pause) = line["pause_ms"].as_f64() {
            // The limit of a pause starts at 20 ms, and doubles up to 200 ms.
            let limit = (20.0 * 2_f64.powi(pauses.len() as i32)).min(200.0);
            assert!((0.0..=limit).contains(&pause), "{pause} of {limit}");
            pauses.push(pause.to_string());
        } else if line["target"] == "access" {
            assert!(pauses.len() >= 5, "{pauses:?}");
            sequences.insert(std::mem::take(&mut pauses));
        }
    }
    assert_eq!(sequences.len(), 3, "{sequences:?}");
}
