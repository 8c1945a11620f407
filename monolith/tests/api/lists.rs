use serde_json::{Value, json};

use crate::start_with_database;

async fn list_ids(url: String) -> Vec<String> {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let id = |mysfit: &Value| mysfit["mysfitId"].as_str().unwrap().to_owned();
    let mut ids: Vec<_> = answer["mysfits"]
        .as_array()
        .unwrap()
        .iter()
        .map(id)
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn the_root_is_200_with_the_workshops_message() {
    let (monolith, _database) = start_with_database().await;
    let answer = reqwest::get(monolith.url("/")).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body: Value = answer.json().await.unwrap();
    let message = "Nothing here, used for health check. Try /mysfits instead.";
    assert_eq!(body, json!({"message": message}));
}

#[tokio::test]
async fn a_list_shows_six_fields_of_each_mysfit() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("one", "Good", "Neutral");
    let list = reqwest::get(monolith.url("/mysfits")).await.unwrap();
    let list: Value = list.json().await.unwrap();
    let expected = json!({"mysfits": [{
        "mysfitId": "one", "name": "Hasla", "goodevil": "Good", "lawchaos": "Neutral",
        "species": "Haetae", "thumbImageUri": "/images/haetae.svg",
    }]});
    assert_eq!(list, expected);
}

#[tokio::test]
async fn a_list_contains_the_mysfits_of_all_pages() {
    let (monolith, database) = start_with_database().await;
    // A page of DynamoDB ends at 1 MB. The items of this test fill four pages of the table and four pages
    // of the index.
    for number in 0..40 {
        let mut item = crate::database::mysfit_item(&format!("{number:02}"), "Good", "Neutral");
        item["Description"]["S"] = "x".repeat(100_000).into();
        database.put_item(item);
    }
    assert_eq!(list_ids(monolith.url("/mysfits")).await.len(), 40);
    let filtered = monolith.url("/mysfits?filter=GoodEvil&value=Good");
    assert_eq!(list_ids(filtered).await.len(), 40);
}

#[tokio::test]
async fn a_filter_lists_the_mysfits_with_its_attribute_value() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("a", "Good", "Lawful");
    database.put_mysfit("b", "Good", "Chaotic");
    database.put_mysfit("c", "Evil", "Lawful");
    let list_filtered = |query: &str| list_ids(monolith.url(&format!("/mysfits?{query}")));
    assert_eq!(
        list_filtered("filter=GoodEvil&value=Good").await,
        ["a", "b"]
    );
    assert_eq!(
        list_filtered("filter=LawChaos&value=Lawful").await,
        ["a", "c"]
    );
    assert_eq!(
        list_filtered("filter=LawChaos&value=Neutral").await,
        [""; 0]
    );
    assert_eq!(list_filtered("filter=").await, ["a", "b", "c"]);
    assert_eq!(list_filtered("filter=&value=Good").await, ["a", "b", "c"]);
}

#[tokio::test]
async fn an_invalid_filter_is_a_400_that_names_the_accepted_values() {
    let (monolith, _database) = start_with_database().await;
    let query_with_long_value = format!("filter=GoodEvil&value={}", "x".repeat(2049));
    for (query, expected_text) in [
        ("filter=Species&value=Yeti", "GoodEvil or LawChaos"),
        ("filter=GoodEvil", "Good, Neutral or Evil"),
        ("filter=LawChaos&value=", "Lawful, Neutral or Chaotic"),
        (
            "filter=GoodEvil&filter=LawChaos&value=Good",
            "GoodEvil|LawChaos",
        ),
        (&query_with_long_value, "2048 bytes"),
    ] {
        let answer = reqwest::get(monolith.url(&format!("/mysfits?{query}"))).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "bad_request");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(expected_text), "{query}: {message}");
    }
}

#[tokio::test]
async fn an_invalid_item_is_left_out_of_lists_with_a_warning() {
    let (monolith, database) = start_with_database().await;
    database.put_mysfit("valid", "Good", "Lawful");
    database.put_item(json!({"MysfitId": {"S": "incomplete"}, "Adopted": {"BOOL": true}}));
    let mut invalid = crate::database::mysfit_item("invalid", "Good", "Lawful");
    invalid["Age"] = json!({"S": "old"});
    database.put_item(invalid);
    assert_eq!(list_ids(monolith.url("/mysfits")).await, ["valid"]);
    let filtered = monolith.url("/mysfits?filter=GoodEvil&value=Good");
    assert_eq!(list_ids(filtered).await, ["valid"]);
    let line =
        monolith.wait_for_line(|line| line.contains("not a mysfit") && line.contains("incomplete"));
    assert!(line.contains(r#""level":"WARN""#), "{line}");
}
