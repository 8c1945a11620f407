//! Metric filters. Messages and members are those that LocalStack recorded on AWS in February 2026 (localstack/localstack at
//! 8b9a79f0, tests/aws/services/logs/test_logs_metric_filters.snapshot.json), unless a comment says otherwise.

use super::*;

fn put(name: &str, pattern: &str, transformation: Value) -> Value {
    json!({
        "logGroupName": GROUP,
        "filterName": name,
        "filterPattern": pattern,
        "metricTransformations": [transformation],
    })
}

fn metric(more: Value) -> Value {
    let mut transformation =
        json!({ "metricName": "metric", "metricNamespace": "namespace", "metricValue": "1" });
    for (name, value) in more.as_object().unwrap() {
        transformation[name] = value.clone();
    }
    transformation
}

fn description(name: &str, pattern: &str, transformation: Value) -> Value {
    json!({
        "applyOnTransformedLogs": false,
        "creationTime": NOW,
        "filterName": name,
        "filterPattern": pattern,
        "logGroupName": GROUP,
        "metricTransformations": [transformation],
    })
}

#[tokio::test]
async fn filters_are_put_described_and_deleted() {
    let client = Client::with_stream().await;
    let json_pattern = r#"{$.message = "test"}"#;
    let with_default = metric(json!({ "defaultValue": 0 }));
    let other = metric(json!({ "metricName": "other", "metricNamespace": "A.B-c_d/1#2" }));
    for request in [
        put("b", " ", with_default.clone()),
        put("a", json_pattern, with_default.clone()),
        put("a2", "pattern", other.clone()),
        // A filter with the same name is replaced. This metric value is not in the pattern, as in LocalStack's test.
        put(
            "b",
            "{ $.val = * }",
            metric(json!({ "metricValue": "$.value" })),
        ),
    ] {
        assert_eq!(client.call("PutMetricFilter", request).await, json!({}));
    }
    let with_default = metric(json!({ "defaultValue": 0.0 }));
    let a = description("a", json_pattern, with_default);
    let a2 = description("a2", "pattern", other);
    let b = description(
        "b",
        "{ $.val = * }",
        metric(json!({ "metricValue": "$.value" })),
    );
    for (request, filters) in [
        (json!({}), vec![&a, &a2, &b]),
        (json!({ "logGroupName": GROUP }), vec![&a, &a2, &b]),
        (json!({ "filterNamePrefix": "a" }), vec![&a, &a2]),
        (
            json!({ "metricName": "other", "metricNamespace": "A.B-c_d/1#2" }),
            vec![&a2],
        ),
        (
            json!({ "metricName": "other", "metricNamespace": "namespace" }),
            vec![],
        ),
    ] {
        let expected = json!({ "metricFilters": filters });
        assert_eq!(
            client.call("DescribeMetricFilters", request).await,
            expected
        );
    }
    let groups = client.call("DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"][0]["metricFilterCount"], 3);
    let request = json!({ "logGroupName": GROUP, "filterName": "a" });
    client.call("DeleteMetricFilter", request.clone()).await;
    // Not recorded.
    let message = "The specified metric filter does not exist.";
    client
        .refuse(
            "DeleteMetricFilter",
            request,
            "ResourceNotFoundException",
            message,
        )
        .await;
}

#[tokio::test]
async fn filters_are_checked() {
    let client = Client::with_stream().await;
    let long = "X".repeat(513);
    let violation = |value: &str, name: &str, max: usize| {
        format!(
            "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have length less than or equal to {max}"
        )
    };
    let mut other_group = put("valid", "pattern", metric(json!({})));
    other_group["logGroupName"] = json!(long);
    let long_pattern = "X".repeat(1025);
    for (operation, request, message) in [
        ("PutMetricFilter", put(&long, "pattern", metric(json!({}))), violation(&long, "filterName", 512)),
        (
            "PutMetricFilter",
            put("valid", &long_pattern, metric(json!({}))),
            violation(&long_pattern, "filterPattern", 1024),
        ),
        (
            "PutMetricFilter",
            other_group,
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.".to_owned(),
        ),
        (
            "DeleteMetricFilter",
            json!({ "logGroupName": GROUP, "filterName": long }),
            violation(&long, "filterName", 512),
        ),
        (
            "DescribeMetricFilters",
            json!({ "filterNamePrefix": long }),
            violation(&long, "filterNamePrefix", 512),
        ),
        (
            "DescribeMetricFilters",
            json!({ "metricName": &long[..256], "metricNamespace": "valid" }),
            violation(&long[..256], "metricName", 255),
        ),
        // The message of AWS in hashicorp/terraform-provider-aws issue 28881.
        (
            "PutMetricFilter",
            put("valid", "?ERROR ?WARN", metric(json!({ "dimensions": { "a": "$.a" } }))),
            "The specified filter pattern does not support dimensions".to_owned(),
        ),
        // Not recorded: rules of the user guide.
        (
            "PutMetricFilter",
            put("valid", "{ $.a = * }", metric(json!({ "dimensions": { "a": "$.a" }, "defaultValue": 0 }))),
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties.".to_owned(),
        ),
        (
            "PutMetricFilter",
            put("valid", "a:b", metric(json!({}))),
            "Invalid metric filter pattern: Invalid character(s) in term ':' (position 2)".to_owned(),
        ),
    ] {
        client.refuse(operation, request, "InvalidParameterException", &message).await;
    }
    for transformation in [
        metric(json!({ "unit": "Likes" })),
        metric(json!({ "metricValue": "many" })),
        metric(json!({ "metricName": "a:b" })),
        metric(json!({ "dimensions": { "a": "$.a", "b": "$.a", "c": "$.a", "d": "$.a" } })),
    ] {
        let request = put("valid", "{ $.a = * }", transformation);
        let (status, response) = client.send("PutMetricFilter", &request).await;
        assert_eq!(status, 400, "{request}: {response}");
    }
    let mut two = put("valid", "pattern", metric(json!({})));
    two["metricTransformations"] = json!([metric(json!({})), metric(json!({}))]);
    let (status, response) = client.send("PutMetricFilter", &two).await;
    assert_eq!(status, 400);
    let message = response["message"].as_str().unwrap();
    assert!(message.ends_with("at 'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1"));
    let response = client.call("DescribeMetricFilters", json!({})).await;
    assert_eq!(response, json!({ "metricFilters": [] }));
}

/// The quotas of the user guide.
#[tokio::test]
async fn a_group_has_at_most_100_filters_and_5_with_regular_expressions() {
    let client = Client::with_stream().await;
    let limit = "LimitExceededException";
    for number in 0..100 {
        let pattern = if number < 5 { "%a%" } else { "a" };
        client
            .call(
                "PutMetricFilter",
                put(&number.to_string(), pattern, metric(json!({}))),
            )
            .await;
    }
    let request = put("5", "%a%", metric(json!({})));
    client
        .refuse(
            "PutMetricFilter",
            request,
            limit,
            "Resource limit exceeded.",
        )
        .await;
    let request = put("100", "a", metric(json!({})));
    client
        .refuse(
            "PutMetricFilter",
            request,
            limit,
            "Resource limit exceeded.",
        )
        .await;
    client
        .call("PutMetricFilter", put("4", "%b%", metric(json!({}))))
        .await;
}

/// The example of the AWS CLI (awscli/examples/logs/test-metric-filter.rst).
#[tokio::test]
async fn a_test_has_the_matching_messages_with_their_numbers() {
    let client = Client::new();
    let request = json!({
        "filterPattern": "ERROR",
        "logEventMessages": ["[ERROR] 400 BAD REQUEST", "[ERROR] 400 BAD REQUEST", "[INFO] 200 OK"],
    });
    let found = |number| json!({ "eventNumber": number, "eventMessage": "[ERROR] 400 BAD REQUEST", "extractedValues": {} });
    let expected = json!({ "matches": [found(1), found(2)] });
    assert_eq!(client.call("TestMetricFilter", request).await, expected);
}

/// The filters of infra/observability.yml, and access lines of the Like service.
#[tokio::test]
async fn the_filters_of_the_deployment_match_access_lines() {
    let client = Client::new();
    let line = |path: &str, status, ms| {
        json!({ "level": "INFO", "target": "access", "method": "POST", "path": path, "status": status, "ms": ms })
            .to_string()
    };
    let messages = [
        line("/mysfits/1/like", 200, 12.5),
        line("/mysfits/1/like", 404, 1.0),
        line("/mysfits/1/like", 503, 2000.5),
        line("/mysfits/1", 404, 1.0),
    ];
    for (pattern, expected) in [
        (
            r#"{ $.target = "access" && $.path = "*/like" && $.status >= 400 }"#,
            [2, 3].as_slice(),
        ),
        (
            r#"{ $.target = "access" && $.path = "*/like" && $.ms > 1000 }"#,
            &[3],
        ),
    ] {
        let request = json!({ "filterPattern": pattern, "logEventMessages": messages });
        let response = client.call("TestMetricFilter", request).await;
        let matches = response["matches"].as_array().unwrap();
        let numbers: Vec<_> = matches
            .iter()
            .map(|it| it["eventNumber"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, expected);
    }
}
