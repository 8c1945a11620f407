use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::database::Database;
use crate::faults::{BadLine, Fault};
use crate::{BINARY, REQUIRED, start_over};
use test_support::service::{Service, free_port, run_to_end};

/// Everything that asks the database answers 503 in our form, within the deadline and a margin for
/// a busy machine; what does not ask it goes on.
async fn assert_everything_is_unavailable(monolith: &Service, deadline_ms: u64) {
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
    let bound = Duration::from_millis(6 * deadline_ms + 3000);
    assert!(start.elapsed() < bound, "{:?}", start.elapsed());
    for path in ["/", "/health/live"] {
        let answer = reqwest::get(monolith.url(path)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_database_that_is_down_is_a_503_soon_and_its_cause_is_in_the_log() {
    let down = (Ipv4Addr::LOCALHOST, free_port()).into();
    let monolith = start_over(down, &[("DDB_TIMEOUT_MS", "500")]);
    assert_everything_is_unavailable(&monolith, 500).await;
    let line = monolith.wait_for_line(|line| line.contains(r#""level":"ERROR""#));
    assert!(line.contains("Connection refused"), "{line}");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_a_503_after_the_deadline() {
    // Connections are taken by the kernel; nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let monolith = start_over(silent.local_addr().unwrap(), &[("DDB_TIMEOUT_MS", "300")]);
    assert_everything_is_unavailable(&monolith, 300).await;
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_a_503_without_the_databases_text() {
    let database = Database::start().await;
    let monolith = start_over(database.address, &[("DDB_TABLE_NAME", "NoSuchTable")]);
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
async fn ready_says_whether_the_table_answers() {
    let database = Database::start().await;
    let monolith = start_over(database.address, &[]);
    let answer = reqwest::get(monolith.url("/health/ready")).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_throttled_like_is_tried_again_and_counts_once() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let throttled_twice = |request| {
        if request < 2 {
            Fault::Throttled("ProvisionedThroughputExceededException")
        } else {
            Fault::None
        }
    };
    let line = BadLine::to(database.address, throttled_twice).await;
    let monolith = start_over(line.address, &[]);
    let answer = Client::new()
        .post(monolith.url("/mysfits/one/fulfill-like"))
        .send();
    assert_eq!(answer.await.unwrap().status(), 200);
    assert_eq!(line.requests(), 3);
    assert_eq!(database.likes("one"), "1");
}

#[tokio::test]
async fn a_like_that_stays_throttled_is_a_503_that_counts_nothing() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let throttled = |_| Fault::Throttled("ProvisionedThroughputExceededException");
    let line = BadLine::to(database.address, throttled).await;
    let monolith = start_over(line.address, &[("DDB_TIMEOUT_MS", "400")]);
    // The deadline may also come while an attempt is under way, which leaves its outcome open.
    let mut logged = Vec::new();
    while !logged
        .iter()
        .any(|line: &String| line.contains("ProvisionedThroughputExceeded"))
    {
        assert!(logged.len() < 20, "{logged:#?}");
        let like = Client::new().post(monolith.url("/mysfits/one/fulfill-like"));
        assert_eq!(like.send().await.unwrap().status(), 503);
        logged.push(monolith.wait_for_line(|line| line.contains(r#""level":"ERROR""#)));
    }
    assert!(line.requests() > logged.len());
    assert_eq!(database.likes("one"), "0");
}

#[tokio::test]
async fn a_like_waits_for_a_database_that_comes_back_within_the_deadline() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let port = free_port();
    let down = (Ipv4Addr::LOCALHOST, port).into();
    let monolith = start_over(down, &[("LOGLEVEL", "DEBUG"), ("DDB_TIMEOUT_MS", "20000")]);
    let like = tokio::spawn(
        Client::new()
            .post(monolith.url("/mysfits/one/fulfill-like"))
            .send(),
    );
    let line = tokio::task::spawn_blocking(move || {
        monolith.wait_for_line(|line| line.contains("was not written"));
        monolith
    });
    let _monolith = line.await.unwrap();
    let _line = BadLine::at(down, database.address, |_| Fault::None).await;
    assert_eq!(like.await.unwrap().unwrap().status(), 200);
    assert_eq!(database.likes("one"), "1");
}

#[tokio::test]
async fn a_like_whose_answer_is_lost_is_a_503_and_never_sent_again() {
    for fault in [
        |_| Fault::AnswerLost,
        |_| Fault::AnswerHeld,
        |_| Fault::InternalError,
    ] {
        let database = Database::start().await;
        database.put_mysfit("one", "Good", "Neutral");
        let line = BadLine::to(database.address, fault).await;
        let monolith = start_over(line.address, &[("DDB_TIMEOUT_MS", "600")]);
        let answer = Client::new()
            .post(monolith.url("/mysfits/one/fulfill-like"))
            .send();
        assert_eq!(answer.await.unwrap().status(), 503);
        assert_eq!(line.requests(), 1);
        assert_eq!(database.likes("one"), "1");
    }
}

#[tokio::test]
async fn an_adoption_whose_answer_is_lost_is_sent_again() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    let first_is_lost = |request| {
        if request == 0 {
            Fault::AnswerLost
        } else {
            Fault::None
        }
    };
    let line = BadLine::to(database.address, first_is_lost).await;
    let monolith = start_over(line.address, &[]);
    let answer = Client::new()
        .post(monolith.url("/mysfits/one/adopt"))
        .send();
    assert_eq!(answer.await.unwrap().status(), 200);
    assert_eq!(line.requests(), 2);
}

#[test]
fn a_region_that_is_missing_is_named() {
    let others = REQUIRED.iter().filter(|(name, _)| *name != "AWS_REGION");
    let variables: Vec<_> = others
        .copied()
        .chain([("AWS_EC2_METADATA_DISABLED", "true"), ("PORT", "0")])
        .collect();
    let ended = run_to_end(BINARY, &variables, &[]);
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(64), "{error}");
    assert!(error.contains("AWS_REGION"), "{error}");
}
