//! FilterLogEvents. Messages are those that LocalStack recorded on AWS in February 2026 (localstack/localstack at 8b9a79f0,
//! tests/aws/services/logs/test_logs_filter_events.snapshot.json), unless a comment says otherwise.

use super::*;

fn filter(more: Value) -> Value {
    let mut request = json!({ "logGroupName": GROUP });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

async fn messages(client: &Client, request: Value) -> Vec<String> {
    let response = client.call("FilterLogEvents", filter(request)).await;
    assert_eq!(response.get("nextToken"), None);
    let events = response["events"].as_array().unwrap().iter();
    events
        .map(|event| event["message"].as_str().unwrap().to_owned())
        .collect()
}

async fn with_events(count: i64) -> Client {
    let client = Client::new();
    for number in 0..count {
        client.clock.set((NOW + number / 3).cast_unsigned());
        client.logs.put(
            GROUP,
            &format!("stream-{}", number % 2),
            &format!("message {number}"),
        );
    }
    client
}

#[tokio::test]
async fn an_event_has_its_stream_its_times_and_an_id() {
    let client = Client::new();
    client.logs.put(GROUP, STREAM, "text");
    // What `aws logs tail` of version 2 sends.
    let request = filter(json!({ "interleaved": true, "startTime": NOW }));
    let response = client.call("FilterLogEvents", request.clone()).await;
    let id = response["events"][0]["eventId"].clone();
    let event = json!({
        "eventId": id, "ingestionTime": NOW, "logStreamName": STREAM, "message": "text", "timestamp": NOW,
    });
    assert_eq!(
        response,
        json!({ "events": [event], "searchedLogStreams": [] })
    );
    assert_eq!(id.as_str().unwrap().len(), 56);
    assert_eq!(client.call("FilterLogEvents", request).await, response);
}

#[tokio::test]
async fn events_are_selected_by_pattern_time_and_stream() {
    let client = with_events(12).await;
    for (request, numbers) in [
        (json!({}), Vec::from_iter(0..12)),
        (json!({ "filterPattern": "" }), Vec::from_iter(0..12)),
        (
            json!({ "filterPattern": "message -1" }),
            [0].into_iter().chain(2..10).collect(),
        ),
        (json!({ "filterPattern": "\"message 11\"" }), vec![11]),
        (
            json!({ "filterPattern": "[m, number >= 9]" }),
            vec![9, 10, 11],
        ),
        // Both times are included.
        (
            json!({ "startTime": NOW + 1, "endTime": NOW + 2 }),
            Vec::from_iter(3..9),
        ),
        (
            json!({ "logStreamNames": ["stream-1"] }),
            vec![1, 3, 5, 7, 9, 11],
        ),
        (
            json!({ "logStreamNamePrefix": "stream-0" }),
            vec![0, 2, 4, 6, 8, 10],
        ),
        (json!({ "logStreamNamePrefix": "other" }), vec![]),
        (
            json!({ "startFromHead": false, "startTime": NOW, "filterPattern": "\"message 1\"" }),
            vec![11, 10, 1],
        ),
    ] {
        let expected: Vec<_> = numbers
            .iter()
            .map(|number| format!("message {number}"))
            .collect();
        assert_eq!(
            messages(&client, request.clone()).await,
            expected,
            "{request}"
        );
    }
}

#[tokio::test]
async fn pages_have_each_event_once() {
    let client = with_events(25).await;
    for start_from_head in [true, false] {
        let mut request = filter(json!({
            "limit": 10, "startTime": NOW, "startFromHead": start_from_head, "filterPattern": "-13",
        }));
        let mut read = Vec::new();
        loop {
            let response = client.call("FilterLogEvents", request.clone()).await;
            let events = response["events"].as_array().unwrap();
            assert!(events.len() <= 10);
            read.extend(
                events
                    .iter()
                    .map(|event| event["message"].as_str().unwrap().to_owned()),
            );
            let Some(token) = response.get("nextToken") else {
                break;
            };
            // The token has the order of the first request.
            request["nextToken"] = token.clone();
            request.as_object_mut().unwrap().remove("startFromHead");
        }
        let mut expected: Vec<_> = (0..25)
            .filter(|it| *it != 13)
            .map(|it| format!("message {it}"))
            .collect();
        if !start_from_head {
            expected.reverse();
        }
        assert_eq!(read, expected);
        let other =
            filter(json!({ "nextToken": request["nextToken"], "filterPattern": "message" }));
        let message = "The specified nextToken is invalid.";
        client
            .refuse(
                "FilterLogEvents",
                other,
                "InvalidParameterException",
                message,
            )
            .await;
    }
}

#[tokio::test]
async fn a_page_has_at_most_one_mebibyte() {
    let client = Client::new();
    let quarter = "x".repeat(256 * 1024);
    for _ in 0..4 {
        client.logs.put(GROUP, STREAM, &quarter);
    }
    client.logs.put(GROUP, STREAM, &"y".repeat(2 * 1024 * 1024));
    let mut request = filter(json!({}));
    for (count, is_last) in [(3, false), (1, false), (1, true)] {
        let response = client.call("FilterLogEvents", request.clone()).await;
        assert_eq!(response["events"].as_array().unwrap().len(), count);
        assert_eq!(response.get("nextToken").is_none(), is_last);
        request["nextToken"] = response["nextToken"].clone();
    }
}

#[tokio::test]
async fn requests_are_checked() {
    let client = with_events(1).await;
    let invalid = "InvalidParameterException";
    for (request, code, message) in [
        (
            json!({ "limit": 10001 }),
            invalid,
            "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
        ),
        (
            json!({ "limit": 20, "nextToken": "invalid-token" }),
            invalid,
            "The specified nextToken is invalid.",
        ),
        (
            json!({ "logStreamNames": ["stream-0", "other"] }),
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        ),
        // Not recorded by LocalStack. The form of the message is AWS's (DefangLabs/defang issue 1008); the position is not.
        (
            json!({ "filterPattern": "{ $.a = }" }),
            invalid,
            "Invalid filter pattern: Invalid character(s) in term '}' (position 9)",
        ),
        (
            json!({ "logStreamNames": ["stream-0"], "logStreamNamePrefix": "s" }),
            invalid,
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
        ),
        (
            json!({ "startFromHead": false }),
            invalid,
            "startFromHead can be false only with a startTime on or after Jan 1, 2024 00:00:00 UTC",
        ),
    ] {
        client
            .refuse("FilterLogEvents", filter(request), code, message)
            .await;
    }
}
