use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{start_with_database, start_with_dynamodb_at};

#[tokio::test]
async fn fulfilling_a_like_adds_one() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("one", "Good", "Neutral");
    let answer = Client::new()
        .post(monolith.url("/mysfits/one/fulfill-like"))
        .send();
    let answer: Value = answer.await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"Update": "Success"}));
    assert_eq!(database.like_count("one"), "1");
}

#[tokio::test]
async fn a_like_of_an_unknown_id_is_404_and_creates_no_item() {
    let (monolith, database) = start_with_database().await;
    let answer = Client::new()
        .post(monolith.url("/mysfits/nobody/fulfill-like"))
        .send();
    assert_eq!(answer.await.unwrap().status(), 404);
    assert_eq!(database.get_item("nobody"), Value::Null);
}

#[tokio::test]
async fn a_like_of_an_invalid_item_is_404_and_changes_nothing() {
    let (monolith, database) = start_with_database().await;
    let invalid_item = json!({"MysfitId": {"S": "invalid"}, "Likes": {"S": "many"}});
    database.put_item(invalid_item.clone());
    let answer = Client::new()
        .post(monolith.url("/mysfits/invalid/fulfill-like"))
        .send();
    assert_eq!(answer.await.unwrap().status(), 404);
    assert_eq!(database.get_item("invalid"), invalid_item);
}

#[tokio::test]
async fn a_thousand_likes_by_fifty_clients_add_a_thousand() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("one", "Good", "Neutral");
    let url = monolith.url("/mysfits/one/fulfill-like");
    let answered_likes = AtomicUsize::new(0);
    let clients = (0..50).map(|_| async {
        let client = Client::new();
        for _ in 0..20 {
            let answer = client.post(&url).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answered_likes.fetch_add(1, Ordering::Relaxed);
        }
    });
    join_all(clients).await;
    assert_eq!(answered_likes.into_inner(), 1000);
    assert_eq!(database.like_count("one"), "1000");
}

#[tokio::test]
async fn the_like_route_exists_only_with_like_in_monolith_on() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("one", "Good", "Neutral");
    let answer = Client::new().post(monolith.url("/mysfits/one/like")).send();
    assert_eq!(answer.await.unwrap().status(), 404);
    assert_eq!(database.like_count("one"), "0");

    let monolith_with_likes =
        start_with_dynamodb_at(database.address, &[("LIKE_IN_MONOLITH", "on")]);
    let answer = Client::new()
        .post(monolith_with_likes.url("/mysfits/one/like"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body, json!({"Update": "Success"}));
    assert_eq!(database.like_count("one"), "1");
    let answer = Client::new()
        .post(monolith_with_likes.url("/mysfits/nobody/like"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn a_get_of_a_route_that_changes_data_is_405() {
    let (monolith, _database) = start_with_database().await;
    for path in ["/mysfits/one/fulfill-like", "/mysfits/one/adopt"] {
        let answer = reqwest::get(monolith.url(path)).await.unwrap();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "POST");
    }
}
