use reqwest::Client;
use serde_json::{Value, json};

use crate::start_with_database;

#[tokio::test]
async fn a_profile_shows_all_attributes_with_likes_as_a_string_of_digits() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("one", "Good", "Neutral");
    let profile = reqwest::get(monolith.url("/mysfits/one")).await.unwrap();
    let profile: Value = profile.json().await.unwrap();
    let expected = json!({
        "mysfitId": "one", "name": "Hasla", "age": 2_000_000_000, "goodevil": "Good",
        "lawchaos": "Neutral", "species": "Haetae", "description": "Keeps fires in order.",
        "thumbImageUri": "/images/haetae.svg", "profileImageUri": "/images/haetae-large.svg",
        "likes": "0", "adopted": false,
    });
    assert_eq!(profile, expected);
}

#[tokio::test]
async fn any_id_of_up_to_2048_bytes_is_found() {
    let (monolith, database) = start_with_database().await;
    let longest_id = "é".repeat(1024);
    for id in [&longest_id, "a b", "?#%", "ünï", "..."] {
        database.put_mysfit(id, "Good", "Neutral");
        let mut url = reqwest::Url::parse(&monolith.url("/")).unwrap();
        url.path_segments_mut()
            .unwrap()
            .clear()
            .extend(["mysfits", id]);
        let profile: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        assert_eq!(profile["mysfitId"], id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_id_is_404_and_an_invalid_id_is_400_or_404() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("a/b", "Good", "Neutral");
    database.put_mysfit("\u{fffd}", "Good", "Neutral");
    let too_long_id = "x".repeat(2049);
    for (id, status) in [
        ("nobody", 404),
        ("a%2Fb", 404),
        ("a/", 404),
        ("%ff", 400),
        (&too_long_id, 400),
    ] {
        for (method, path) in [("GET", ""), ("POST", "/adopt"), ("POST", "/fulfill-like")] {
            if id.ends_with('/') && method == "POST" {
                continue;
            }
            let head = format!("{method} /mysfits/{id}{path} HTTP/1.1");
            let answer = monolith
                .send_raw(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{head}: {answer}"
            );
            assert!(answer.contains(r#"{"error":{"code":"#), "{head}: {answer}");
        }
    }
}

#[tokio::test]
async fn the_profile_of_an_invalid_item_is_404_with_a_warning() {
    let (monolith, database) = start_with_database().await;
    database.put_item(json!({"MysfitId": {"S": "incomplete"}, "Adopted": {"BOOL": true}}));
    let answer = reqwest::get(monolith.url("/mysfits/incomplete"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    let line = monolith.wait_for_line(|line| line.contains("not a mysfit"));
    assert!(
        line.contains(r#""level":"WARN""#) && line.contains("incomplete"),
        "{line}"
    );
}

#[tokio::test]
async fn adopting_twice_marks_the_mysfit_as_adopted() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("one", "Good", "Neutral");
    for _ in 0..2 {
        let answer = Client::new()
            .post(monolith.url("/mysfits/one/adopt"))
            .send();
        let answer: Value = answer.await.unwrap().json().await.unwrap();
        assert_eq!(answer, json!({"Update": "Success"}));
    }
    let profile: Value = reqwest::get(monolith.url("/mysfits/one"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(profile["adopted"], true);
    assert_eq!(database.like_count("one"), "0");
}

#[tokio::test]
async fn adopting_an_unknown_id_is_404_and_creates_no_item() {
    let (monolith, database) = start_with_database().await;
    let answer = Client::new()
        .post(monolith.url("/mysfits/nobody/adopt"))
        .send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(database.get_item("nobody"), Value::Null);
}
