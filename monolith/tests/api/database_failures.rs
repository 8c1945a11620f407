use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::{BINARY, REQUIRED, start_with_dynamodb_at};
use test_support::service::{Service, reserve_port, run_to_end};

/// Asserts that the routes with database access answer 503 within the deadline and a margin for a busy
/// machine, and that the other routes answer 200.
async fn assert_database_routes_are_unavailable(monolith: &Service, deadline_ms: u64) {
    let start = Instant::now();
    for (method, path) in [
        ("GET", "/mysfits"),
        ("GET", "/mysfits?filter=GoodEvil&value=Good"),
        ("GET", "/mysfits/one"),
        ("POST", "/mysfits/one/fulfill-like"),
        ("POST", "/mysfits/one/adopt"),
        ("GET", "/health/ready"),
    ] {
        let answer = Client::new()
            .request(method.parse().unwrap(), monolith.url(path))
            .send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 503, "{method} {path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "service_unavailable");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("the database "), "{message}");
    }
    let time_limit = Duration::from_millis(6 * deadline_ms + 3000);
    assert!(start.elapsed() < time_limit, "{:?}", start.elapsed());
    for path in ["/", "/health/live"] {
        let answer = reqwest::get(monolith.url(path)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn an_unreachable_database_is_a_503_with_the_cause_in_the_log() {
    let (port, _reservation) = reserve_port();
    let unreachable_address = (Ipv4Addr::LOCALHOST, port).into();
    let monolith = start_with_dynamodb_at(unreachable_address, &[("DDB_TIMEOUT_MS", "500")]);
    assert_database_routes_are_unavailable(&monolith, 500).await;
    let line = monolith.wait_for_line(|line| line.contains(r#""level":"ERROR""#));
    assert!(line.contains("Connection refused"), "{line}");
}

#[tokio::test]
async fn a_silent_database_is_a_503_after_the_deadline() {
    // The kernel accepts connections, but no task reads from the connections.
    let silent_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let monolith = start_with_dynamodb_at(
        silent_listener.local_addr().unwrap(),
        &[("DDB_TIMEOUT_MS", "300")],
    );
    assert_database_routes_are_unavailable(&monolith, 300).await;
}

#[tokio::test]
async fn a_missing_table_is_a_503_that_does_not_show_dynamodbs_message() {
    let database = Database::start().await;
    let monolith = start_with_dynamodb_at(database.address, &[("DDB_TABLE_NAME", "NoSuchTable")]);
    let answer = reqwest::get(monolith.url("/mysfits")).await.unwrap();
    assert_eq!(answer.status(), 503);
    let body = answer.text().await.unwrap();
    assert!(
        !body.contains("NoSuchTable") && !body.contains("Exception"),
        "{body}"
    );
    monolith.wait_for_line(|line| line.contains("ResourceNotFoundException"));
}

#[tokio::test]
async fn ready_is_200_while_the_table_answers() {
    let database = Database::start().await;
    let monolith = start_with_dynamodb_at(database.address, &[]);
    let answer = reqwest::get(monolith.url("/health/ready")).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_throttled_like_is_retried_and_counted_once() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let throttle_twice = |request| {
        if request < 2 {
            Fault::Throttled("ProvisionedThroughputExceededException")
        } else {
            Fault::None
        }
    };
    let proxy = FaultyProxy::start(database.address, throttle_twice).await;
    let monolith = start_with_dynamodb_at(proxy.address, &[]);
    let answer = Client::new()
        .post(monolith.url("/mysfits/one/fulfill-like"))
        .send();
    assert_eq!(answer.await.unwrap().status(), 200);
    assert_eq!(proxy.request_count(), 3);
    assert_eq!(database.like_count("one"), "1");
}

#[tokio::test]
async fn a_like_with_only_throttled_attempts_is_a_503_and_adds_nothing() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let throttle_all = |_| Fault::Throttled("ProvisionedThroughputExceededException");
    let proxy = FaultyProxy::start(database.address, throttle_all).await;
    let monolith = start_with_dynamodb_at(proxy.address, &[("DDB_TIMEOUT_MS", "400")]);
    // If the deadline ends during an attempt, the logged error is a timeout without a throttling code.
    let mut error_lines = Vec::new();
    while !error_lines
        .iter()
        .any(|line: &String| line.contains("ProvisionedThroughputExceeded"))
    {
        assert!(error_lines.len() < 20, "{error_lines:#?}");
        let like = Client::new().post(monolith.url("/mysfits/one/fulfill-like"));
        assert_eq!(like.send().await.unwrap().status(), 503);
        error_lines.push(monolith.wait_for_line(|line| line.contains(r#""level":"ERROR""#)));
    }
    assert!(proxy.request_count() > error_lines.len());
    assert_eq!(database.like_count("one"), "0");
}

#[tokio::test]
async fn a_like_succeeds_when_the_database_starts_within_the_deadline() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let (port, _reservation) = reserve_port();
    let unreachable_address = (Ipv4Addr::LOCALHOST, port).into();
    let monolith = start_with_dynamodb_at(
        unreachable_address,
        &[("LOGLEVEL", "DEBUG"), ("DDB_TIMEOUT_MS", "20000")],
    );
    let like = tokio::spawn(
        Client::new()
            .post(monolith.url("/mysfits/one/fulfill-like"))
            .send(),
    );
    let first_attempt = tokio::task::spawn_blocking(move || {
        monolith.wait_for_line(|line| line.contains("was not written"));
        monolith
    });
    let _monolith = first_attempt.await.unwrap();
    let _proxy =
        FaultyProxy::start_at(unreachable_address, database.address, |_| Fault::None).await;
    assert_eq!(like.await.unwrap().unwrap().status(), 200);
    assert_eq!(database.like_count("one"), "1");
}

#[tokio::test]
async fn a_like_whose_answer_is_lost_is_a_503_and_is_not_retried() {
    for fault in [
        |_| Fault::AnswerLost,
        |_| Fault::AnswerWithheld,
        |_| Fault::InternalError,
    ] {
        let database = Database::start().await;
        database.put_mysfit("one", "Good", "Neutral");
        let proxy = FaultyProxy::start(database.address, fault).await;
        let monolith = start_with_dynamodb_at(proxy.address, &[("DDB_TIMEOUT_MS", "600")]);
        let answer = Client::new()
            .post(monolith.url("/mysfits/one/fulfill-like"))
            .send();
        assert_eq!(answer.await.unwrap().status(), 503);
        assert_eq!(proxy.request_count(), 1);
        assert_eq!(database.like_count("one"), "1");
    }
}

#[tokio::test]
async fn an_adoption_whose_answer_is_lost_is_retried() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let lose_first_answer = |request| {
        if request == 0 {
            Fault::AnswerLost
        } else {
            Fault::None
        }
    };
    let proxy = FaultyProxy::start(database.address, lose_first_answer).await;
    let monolith = start_with_dynamodb_at(proxy.address, &[]);
    let answer = Client::new()
        .post(monolith.url("/mysfits/one/adopt"))
        .send();
    assert_eq!(answer.await.unwrap().status(), 200);
    assert_eq!(proxy.request_count(), 2);
}

#[test]
fn a_missing_region_ends_the_program_with_the_name_of_the_variable() {
    let other_variables = REQUIRED.iter().filter(|(name, _)| *name != "AWS_REGION");
    let variables: Vec<_> = other_variables
        .copied()
        .chain([("AWS_EC2_METADATA_DISABLED", "true"), ("PORT", "0")])
        .collect();
    let output = run_to_end(BINARY, &variables, &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{error}");
    assert!(error.contains("AWS_REGION"), "{error}");
}
