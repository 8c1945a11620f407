use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::monolith_stub::{MonolithStub, Reply};
use crate::{start, start_with_monolith};

async fn get(url: String) -> (u16, Value) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_root_is_200_with_the_workshops_message_while_the_monolith_is_healthy() {
    let monolith = MonolithStub::start(Reply::json("200 OK", "{}")).await;
    let service = start_with_monolith(&monolith, &[]);
    let (status, body) = get(service.url("/")).await;
    assert_eq!(status, 200);
    let message = "Health check, monolith service available.";
    assert_eq!(body, json!({"message": message}));
    assert!(monolith.requests()[0].starts_with("GET / HTTP/1.1\r\n"));
    assert_eq!(get(service.url("/health/ready")).await.0, 200);
}

#[tokio::test]
async fn the_root_answers_with_the_error_status_of_the_monolith() {
    for (status, line) in [(500, "500 Internal Server Error"), (404, "404 Not Found")] {
        let monolith = MonolithStub::start(Reply::json(line, "{}")).await;
        let service = start_with_monolith(&monolith, &[]);
        let (actual_status, body) = get(service.url("/")).await;
        assert_eq!(actual_status, status);
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(&status.to_string()), "{message}");
        assert_eq!(get(service.url("/health/ready")).await.0, 503);
    }
}

#[tokio::test]
async fn the_root_is_503_within_seconds_when_the_monolith_is_unreachable_or_silent() {
    let service = start();
    let start_time = Instant::now();
    assert_eq!(get(service.url("/")).await.0, 503);
    assert!(start_time.elapsed() < Duration::from_secs(1));

    let monolith = MonolithStub::start(Reply::Silence).await;
    let service = start_with_monolith(&monolith, &[("MONOLITH_TIMEOUT_MS", "60000")]);
    let start_time = Instant::now();
    assert_eq!(get(service.url("/")).await.0, 503);
    assert!(start_time.elapsed() < Duration::from_secs(3));
    assert_eq!(get(service.url("/health/live")).await.0, 200);
}
