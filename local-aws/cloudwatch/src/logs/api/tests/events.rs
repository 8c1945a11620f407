//! PutLogEvents and GetLogEvents. Messages and members are those that LocalStack recorded on AWS in February 2026
//! (localstack/localstack at 8b9a79f0, tests/aws/services/logs/test_logs_events.snapshot.json), unless a comment says
//! otherwise.

use super::*;

const DAY: i64 = 86_400_000;

fn put(events: &[(i64, &str)]) -> Value {
    let events = events.iter();
    let events =
        events.map(|(timestamp, message)| json!({ "timestamp": timestamp, "message": message }));
    json!({ "logGroupName": GROUP, "logStreamName": STREAM, "logEvents": events.collect::<Vec<_>>() })
}

fn get(more: Value) -> Value {
    let mut request = json!({ "logGroupName": GROUP, "logStreamName": STREAM });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn messages(response: &Value) -> Vec<&str> {
    let events = response["events"].as_array().unwrap().iter();
    events
        .map(|event| event["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn events_that_were_put_are_read() {
    let client = Client::with_stream().await;
    let text = "🙀 - 参よ - 日本語";
    let response = client
        .call("PutLogEvents", put(&[(NOW - 5, text), (NOW - 5, "two")]))
        .await;
    assert_eq!(
        response,
        json!({ "nextSequenceToken": format!("{NOW:056}") })
    );
    let arn = format!("arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}");
    for request in [
        get(json!({})),
        get(json!({ "startFromHead": true })),
        json!({ "logGroupIdentifier": GROUP, "logStreamName": STREAM }),
        json!({ "logGroupIdentifier": arn, "logStreamName": STREAM }),
    ] {
        let response = client.call("GetLogEvents", request).await;
        let event =
            |message| json!({ "timestamp": NOW - 5, "message": message, "ingestionTime": NOW });
        assert_eq!(response["events"], json!([event(text), event("two")]));
    }
}

#[tokio::test]
async fn batches_are_checked() {
    let client = Client::with_stream().await;
    let invalid = "InvalidParameterException";
    let large = "x".repeat(1024 * 1024 - 25);
    let mut other_stream = put(&[(NOW, "test")]);
    other_stream["logStreamName"] = json!("invalid-stream");
    for (request, code, message) in [
        (
            other_stream,
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        ),
        (
            put(&[(NOW, "Message 0"), (NOW - 2 * DAY, "Message 1")]),
            invalid,
            "Log events in a single PutLogEvents request must be in chronological order.",
        ),
        // Not recorded by LocalStack: the messages of AWS in public reports.
        (
            put(&[(NOW - DAY - 1, "a"), (NOW, "b")]),
            invalid,
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
        (
            put(&[(NOW, &large)]),
            invalid,
            "Upload too large: 1048577 bytes exceeds limit of 1048576",
        ),
        (
            put(&[(-1, "a")]),
            invalid,
            "1 validation error detected: Value '-1' at 'logEvents.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0",
        ),
        (
            put(&[(NOW, "")]),
            invalid,
            "1 validation error detected: Value '' at 'logEvents.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    ] {
        client.refuse("PutLogEvents", request, code, message).await;
    }
    let response = client.call("GetLogEvents", get(json!({}))).await;
    assert_eq!(response["events"], json!([]));
}

#[tokio::test]
async fn events_that_are_too_old_or_too_new_are_rejected() {
    let client = Client::with_stream().await;
    let response = client
        .call("PutLogEvents", put(&[(NOW - 30 * DAY, "Old message")]))
        .await;
    assert_eq!(
        response["rejectedLogEventsInfo"],
        json!({ "tooOldLogEventEndIndex": 1 })
    );
    let response = client
        .call("PutLogEvents", put(&[(NOW + DAY, "Future message")]))
        .await;
    assert_eq!(
        response["rejectedLogEventsInfo"],
        json!({ "tooNewLogEventStartIndex": 0 })
    );
    client
        .call(
            "PutRetentionPolicy",
            json!({ "logGroupName": GROUP, "retentionInDays": 1 }),
        )
        .await;
    let times = [
        NOW - 15 * DAY,
        NOW - 2 * DAY,
        NOW,
        NOW + 7_200_000,
        NOW + 7_200_001,
    ];
    let events = times.map(|time| (time, "text"));
    let response = client.call("PutLogEvents", put(&events)).await;
    let rejected = json!({
        "tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2, "tooNewLogEventStartIndex": 4,
    });
    assert_eq!(response["rejectedLogEventsInfo"], rejected);
    let response = client.call("GetLogEvents", get(json!({}))).await;
    assert_eq!(messages(&response).len(), 2);
}

#[tokio::test]
async fn the_forward_token_of_an_empty_stream_reads_the_events_that_come_later() {
    for more in [
        json!({}),
        json!({ "startFromHead": true }),
        json!({ "startTime": NOW - DAY, "endTime": NOW + DAY }),
    ] {
        let client = Client::with_stream().await;
        let mut request = get(more);
        let page = client.call("GetLogEvents", request.clone()).await;
        assert_eq!(messages(&page), [""; 0]);
        request["nextToken"] = page["nextBackwardToken"].clone();
        let page = client.call("GetLogEvents", request.clone()).await;
        assert_eq!(messages(&page), [""; 0]);
        request["nextToken"] = page["nextForwardToken"].clone();
        // The time of an event can be before the time at which it is put.
        let events = put(&[(NOW - 1000, "one"), (NOW, "two")]);
        client.call("PutLogEvents", events).await;
        let page = client.call("GetLogEvents", request).await;
        assert_eq!(messages(&page), ["one", "two"]);
    }
}

#[tokio::test]
async fn reading_is_checked() {
    let client = Client::with_stream().await;
    let invalid = "InvalidParameterException";
    let not_found = "ResourceNotFoundException";
    for (request, code, message) in [
        (
            get(json!({ "nextToken": "invalid-token" })),
            invalid,
            "The specified nextToken is invalid.",
        ),
        (
            get(json!({ "limit": 10001 })),
            invalid,
            "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
        ),
        (
            json!({ "logGroupName": "other", "logStreamName": STREAM }),
            not_found,
            "The specified log group does not exist.",
        ),
        (
            json!({ "logGroupName": GROUP, "logStreamName": "other" }),
            not_found,
            "The specified log stream does not exist.",
        ),
    ] {
        client.refuse("GetLogEvents", request, code, message).await;
    }
}

/// The rules of the model's documentation: without `startFromHead` the newest events come first, events on a page are in
/// ascending order, and at the end of a stream the token is the one of the request.
#[tokio::test]
async fn pages_go_forward_and_backward() {
    let client = Client::with_stream().await;
    for number in 0..25 {
        client.clock.set((NOW + number / 2).cast_unsigned());
        client.logs.put(GROUP, STREAM, &number.to_string());
        client.logs.put(GROUP, "other", "text");
    }
    let numbers = |response: &Value| -> Vec<i64> {
        messages(response)
            .iter()
            .map(|it| it.parse().unwrap())
            .collect()
    };

    let page = client
        .call(
            "GetLogEvents",
            get(json!({ "limit": 10, "startFromHead": true })),
        )
        .await;
    assert_eq!(numbers(&page), Vec::from_iter(0..10));
    let before = client
        .call(
            "GetLogEvents",
            get(json!({ "limit": 10, "nextToken": page["nextBackwardToken"] })),
        )
        .await;
    assert!(numbers(&before).is_empty());
    assert_eq!(before["nextBackwardToken"], page["nextBackwardToken"]);
    let mut token = page["nextForwardToken"].clone();
    for expected in [
        Vec::from_iter(10..20),
        Vec::from_iter(20..25),
        vec![],
        vec![],
    ] {
        let request = get(json!({ "limit": 10, "nextToken": token, "startFromHead": true }));
        let page = client.call("GetLogEvents", request).await;
        assert_eq!(numbers(&page), expected);
        assert_eq!(page["nextForwardToken"] == token, expected.is_empty());
        token = page["nextForwardToken"].clone();
    }
    client.logs.put(GROUP, STREAM, "25");
    let page = client
        .call("GetLogEvents", get(json!({ "nextToken": token })))
        .await;
    assert_eq!(numbers(&page), [25]);

    let page = client
        .call("GetLogEvents", get(json!({ "limit": 10 })))
        .await;
    assert_eq!(numbers(&page), Vec::from_iter(16..26));
    let forward = page["nextForwardToken"].clone();
    let mut token = page["nextBackwardToken"].clone();
    for expected in [Vec::from_iter(6..16), Vec::from_iter(0..6), vec![], vec![]] {
        let request = get(json!({ "limit": 10, "nextToken": token }));
        let page = client.call("GetLogEvents", request).await;
        assert_eq!(numbers(&page), expected);
        assert_eq!(page["nextBackwardToken"] == token, expected.is_empty());
        token = page["nextBackwardToken"].clone();
    }
    let page = client
        .call("GetLogEvents", get(json!({ "nextToken": forward })))
        .await;
    assert!(numbers(&page).is_empty());
    let page = client
        .call(
            "GetLogEvents",
            get(json!({ "nextToken": page["nextBackwardToken"], "limit": 1 })),
        )
        .await;
    assert_eq!(numbers(&page), [25]);
}

#[tokio::test]
async fn the_start_time_is_included_and_the_end_time_is_not() {
    let client = Client::with_stream().await;
    let events: Vec<_> = (0..5).map(|number| (NOW + number, "text")).collect();
    client.call("PutLogEvents", put(&events)).await;
    let request = get(json!({ "startTime": NOW + 1, "endTime": NOW + 4 }));
    let response = client.call("GetLogEvents", request).await;
    assert_eq!(messages(&response).len(), 3);
}
