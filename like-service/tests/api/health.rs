use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hook::{Hook, Reply};
use crate::{start, start_before};

async fn get(url: String) -> (u16, Value) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_root_answers_as_the_workshop_shows_it_while_the_monolith_is_up() {
    let hook = Hook::replying(Reply::json("200 OK", "{}")).await;
    let service = start_before(&hook, &[]);
    let (status, body) = get(service.url("/")).await;
    assert_eq!(status, 200);
    let message = "Health check, monolith service available.";
    assert_eq!(body, json!({"message": message}));
    assert!(hook.requests()[0].starts_with("GET / HTTP/1.1\r\n"));
    assert_eq!(get(service.url("/health/ready")).await.0, 200);
}

#[tokio::test]
async fn the_root_answers_with_the_monoliths_status_when_that_is_no_2xx() {
    for (status, line) in [(500, "500 Internal Server Error"), (404, "404 Not Found")] {
        let hook = Hook::replying(Reply::json(line, "{}")).await;
        let service = start_before(&hook, &[]);
        let (got, body) = get(service.url("/")).await;
        assert_eq!(got, status);
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(&status.to_string()), "{message}");
        assert_eq!(get(service.url("/health/ready")).await.0, 503);
    }
}

#[tokio::test]
async fn the_root_is_503_quickly_when_the_monolith_cannot_be_reached_or_is_silent() {
    let service = start();
    let begin = Instant::now();
    assert_eq!(get(service.url("/")).await.0, 503);
    assert!(begin.elapsed() < Duration::from_secs(1));

    let hook = Hook::replying(Reply::Silence).await;
    let service = start_before(&hook, &[("MONOLITH_TIMEOUT_MS", "60000")]);
    let begin = Instant::now();
    assert_eq!(get(service.url("/")).await.0, 503);
    assert!(begin.elapsed() < Duration::from_secs(3));
    assert_eq!(get(service.url("/health/live")).await.0, 200);
}
