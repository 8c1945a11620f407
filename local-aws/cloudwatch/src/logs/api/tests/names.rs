//! Log groups and log streams. Messages and members are those that LocalStack recorded on AWS in February 2026
//! (localstack/localstack at 8b9a79f0, tests/aws/services/logs/test_logs_groups.snapshot.json and
//! test_logs_streams.snapshot.json), unless a comment says otherwise.

use super::*;

fn group(name: &str) -> Value {
    json!({
        "arn": format!("arn:aws:logs:us-east-1:000000000000:log-group:{name}:*"),
        "creationTime": NOW,
        "deletionProtectionEnabled": false,
        "logGroupArn": format!("arn:aws:logs:us-east-1:000000000000:log-group:{name}"),
        "logGroupClass": "STANDARD",
        "logGroupName": name,
        "metricFilterCount": 0,
        "storedBytes": 0,
    })
}

fn stream(name: &str) -> Value {
    json!({
        "arn": format!("arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:log-stream:{name}"),
        "creationTime": NOW,
        "logStreamName": name,
        "storedBytes": 0,
    })
}

#[tokio::test]
async fn more_than_1000_groups_are_refused() {
    let client = Client::new();
    for number in 0..1000 {
        assert!(client.logs.create_group(&format!("group-{number}")));
    }
    // The message that AWS has for a limit of another resource of the service: lumigo-io/SAR-Logging issue 13.
    let code = "LimitExceededException";
    let message = "Resource limit exceeded.";
    let request = json!({ "logGroupName": "new" });
    client
        .refuse("CreateLogGroup", request, code, message)
        .await;
}

#[tokio::test]
async fn groups_are_created_described_and_deleted() {
    let client = Client::new();
    for name in ["b", "a-1", "a-2"] {
        assert_eq!(
            client
                .call("CreateLogGroup", json!({ "logGroupName": name }))
                .await,
            json!({})
        );
    }
    for (request, names) in [
        (json!({}), &["a-1", "a-2", "b"][..]),
        (json!({ "logGroupNamePrefix": "a-" }), &["a-1", "a-2"]),
        (json!({ "logGroupNamePattern": "-2" }), &["a-2"]),
        (json!({ "logGroupNamePattern": "no-such-group" }), &[]),
    ] {
        let groups: Vec<_> = names.iter().map(|name| group(name)).collect();
        let expected = json!({ "logGroups": groups });
        assert_eq!(client.call("DescribeLogGroups", request).await, expected);
    }
    client
        .refuse(
            "CreateLogGroup",
            json!({ "logGroupName": "b" }),
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        )
        .await;
    client
        .call("DeleteLogGroup", json!({ "logGroupName": "b" }))
        .await;
    client
        .refuse(
            "DeleteLogGroup",
            json!({ "logGroupName": "b" }),
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        )
        .await;
}

#[tokio::test]
async fn names_have_the_constraints_of_the_model() {
    let client = Client::with_stream().await;
    let too_long =
        "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
    for (operation, request, message) in [
        ("CreateLogGroup", json!({ "logGroupName": "a".repeat(513) }), too_long.to_owned()),
        (
            "DescribeLogGroups",
            json!({ "logGroupNamePattern": GROUP, "logGroupNamePrefix": GROUP }),
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.".to_owned(),
        ),
        // The message of AWS in issue 34 of j256/cloudwatch-logback-appender.
        (
            "CreateLogStream",
            json!({ "logGroupName": GROUP, "logStreamName": "a:b" }),
            "1 validation error detected: Value 'a:b' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*".to_owned(),
        ),
        (
            "CreateLogGroup",
            json!({ "logGroupName": "" }),
            "1 validation error detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1".to_owned(),
        ),
        (
            "DescribeLogStreams",
            json!({ "logGroupName": GROUP, "limit": 51 }),
            "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50".to_owned(),
        ),
    ] {
        client.refuse(operation, request, "InvalidParameterException", &message).await;
    }
}

#[tokio::test]
async fn streams_are_created_described_and_deleted() {
    let client = Client::new();
    client
        .call("CreateLogGroup", json!({ "logGroupName": GROUP }))
        .await;
    for name in ["b", "a-1", "a-2"] {
        let request = json!({ "logGroupName": GROUP, "logStreamName": name });
        assert_eq!(client.call("CreateLogStream", request).await, json!({}));
    }
    let arn = format!("arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}");
    for (request, names) in [
        (json!({ "logGroupName": GROUP }), &["a-1", "a-2", "b"][..]),
        (
            json!({ "logGroupIdentifier": GROUP, "descending": true }),
            &["b", "a-2", "a-1"],
        ),
        (
            json!({ "logGroupIdentifier": arn, "logStreamNamePrefix": "a" }),
            &["a-1", "a-2"],
        ),
    ] {
        let streams: Vec<_> = names.iter().map(|name| stream(name)).collect();
        let expected = json!({ "logStreams": streams });
        assert_eq!(client.call("DescribeLogStreams", request).await, expected);
    }
    for (operation, request, code, message) in [
        (
            "CreateLogStream",
            json!({ "logGroupName": GROUP, "logStreamName": "b" }),
            "ResourceAlreadyExistsException",
            "The specified log stream already exists",
        ),
        (
            "DescribeLogStreams",
            json!({ "logGroupName": GROUP, "logGroupIdentifier": GROUP }),
            "ValidationException",
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        ),
        (
            "DescribeLogStreams",
            json!({ "logGroupName": "other" }),
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        ),
        // Not recorded: the sentence of the model's documentation as a message.
        (
            "DescribeLogStreams",
            json!({ "logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a" }),
            "InvalidParameterException",
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ),
    ] {
        client.refuse(operation, request, code, message).await;
    }
    let request = json!({ "logGroupName": GROUP, "logStreamName": "b" });
    client.call("DeleteLogStream", request.clone()).await;
    let message = "The specified log stream does not exist.";
    client
        .refuse(
            "DeleteLogStream",
            request,
            "ResourceNotFoundException",
            message,
        )
        .await;
}

#[tokio::test]
async fn streams_with_events_have_the_times_of_their_events() {
    let client = Client::new();
    for (time, stream) in [(1, "old"), (5, "both"), (7, "new"), (9, "both")] {
        client.clock.set((NOW + time).cast_unsigned());
        client.logs.put(GROUP, stream, "text");
    }
    let request = json!({ "logGroupName": GROUP, "orderBy": "LastEventTime", "descending": true });
    let response = client.call("DescribeLogStreams", request).await;
    let streams = response["logStreams"].as_array().unwrap();
    let names: Vec<_> = streams
        .iter()
        .map(|it| it["logStreamName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["both", "new", "old"]);
    let mut expected = stream("both");
    expected["creationTime"] = json!(NOW + 5);
    expected["firstEventTimestamp"] = json!(NOW + 5);
    expected["lastEventTimestamp"] = json!(NOW + 9);
    expected["lastIngestionTime"] = json!(NOW + 9);
    expected["uploadSequenceToken"] = json!(format!("{:056}", NOW + 9));
    assert_eq!(streams[0], expected);
    // 4 bytes of text and 26 bytes for each event.
    let groups = client.call("DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"][0]["storedBytes"], 120);
}

#[tokio::test]
async fn lists_have_pages() {
    let client = Client::new();
    for number in 0..7 {
        client
            .logs
            .create_stream(GROUP, &format!("stream-{number}"));
    }
    for (descending, order_by) in [
        (false, "LogStreamName"),
        (true, "LogStreamName"),
        (false, "LastEventTime"),
        (true, "LastEventTime"),
    ] {
        let mut names = Vec::new();
        let mut request = json!({ "logGroupName": GROUP, "limit": 3, "descending": descending, "orderBy": order_by });
        loop {
            let response = client.call("DescribeLogStreams", request.clone()).await;
            let streams = response["logStreams"].as_array().unwrap();
            names.extend(
                streams
                    .iter()
                    .map(|it| it["logStreamName"].as_str().unwrap().to_owned()),
            );
            let Some(token) = response.get("nextToken") else {
                break;
            };
            request["nextToken"] = token.clone();
        }
        let mut expected: Vec<_> = (0..7).map(|number| format!("stream-{number}")).collect();
        if descending {
            expected.reverse();
        }
        assert_eq!(names, expected);
    }
    let request = json!({ "logGroupName": GROUP, "nextToken": "x" });
    let message = "The specified nextToken is invalid.";
    client
        .refuse(
            "DescribeLogStreams",
            request,
            "InvalidParameterException",
            message,
        )
        .await;
}

#[tokio::test]
async fn a_retention_is_kept_as_a_value() {
    let client = Client::with_stream().await;
    let request = json!({ "logGroupName": GROUP, "retentionInDays": 7 });
    client.call("PutRetentionPolicy", request).await;
    let groups = client.call("DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 7);
    let (status, response) = client
        .send(
            "PutRetentionPolicy",
            &json!({ "logGroupName": GROUP, "retentionInDays": 2 }),
        )
        .await;
    assert_eq!(status, 400);
    let message = response["message"].as_str().unwrap();
    assert!(
        message.contains("Value '2' at 'retentionInDays'"),
        "{message}"
    );
    client
        .call("DeleteRetentionPolicy", json!({ "logGroupName": GROUP }))
        .await;
    let groups = client.call("DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"][0].get("retentionInDays"), None);
}
