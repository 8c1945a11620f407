//! The constraints of AWS's model, and those of its documentation.

use serde_json::json;

use crate::client::{Local, NOON};
use crate::requests::{alarm, data, put, stat, statistics};

#[tokio::test]
async fn constraints_of_the_model_are_enforced() {
    let local = Local::new();
    let many = |number| vec![json!("n"); number];
    for ((operation, parameters), code, text) in [
        (
            ("PutMetricData", json!({})),
            "MissingParameter",
            "The parameter Namespace is required.",
        ),
        (
            (
                "PutMetricData",
                json!({ "Namespace": ":a", "MetricData": [] }),
            ),
            "InvalidParameterValue",
            "The parameter Namespace must satisfy regular expression pattern: [^:].*.",
        ),
        (
            (
                "PutMetricData",
                json!({ "Namespace": "AWS/ECS", "MetricData": [] }),
            ),
            "InvalidParameterValue",
            "The value AWS/ECS for parameter Namespace is invalid.",
        ),
        (
            ("PutMetricData", json!({ "Namespace": "n".repeat(256) })),
            "InvalidParameterValue",
            "The parameter Namespace must be shorter than 256 characters.",
        ),
        (
            (
                "PutMetricData",
                json!({ "Namespace": "N", "MetricData": vec![json!({}); 1001] }),
            ),
            "InvalidParameterValue",
            "The collection MetricData must not have a size greater than 1000.",
        ),
        (
            (
                "PutMetricData",
                json!({ "Namespace": "N", "MetricData": [{}] }),
            ),
            "MissingParameter",
            "The parameter MetricData.member.1.MetricName is required.",
        ),
        (
            put(json!({})),
            "MissingParameter",
            "MetricData.member.1.Value",
        ),
        (
            put(json!({ "Values": vec![1; 151] })),
            "InvalidParameterValue",
            "a size greater than 150",
        ),
        (
            put(json!({ "Values": [1], "Counts": [0] })),
            "InvalidParameterValue",
            "Counts.member.1",
        ),
        (
            put(json!({ "Value": 2_f64.powi(361) })),
            "InvalidParameterValue",
            "MetricData.member.1.Value is invalid",
        ),
        (
            put(json!({ "Value": 1, "StorageResolution": 5 })),
            "InvalidParameterValue",
            "[ 1, 60 ]",
        ),
        (
            put(json!({ "Value": 1, "Timestamp": NOON + 3 * 3600 })),
            "InvalidParameterValue",
            "no more than two hours in the future",
        ),
        (
            put(json!({ "Value": 1, "Dimensions": [{ "Name": "é", "Value": "v" }] })),
            "InvalidParameterValue",
            "MetricData.member.1.Dimensions.member.1.Name must contain only ASCII",
        ),
        (
            put(json!({ "Value": 1, "Dimensions": [{ "Name": "a", "Value": "" }] })),
            "InvalidParameterValue",
            "Dimensions.member.1.Value must be longer than 0 characters",
        ),
        (
            put(
                json!({ "Value": 1, "Dimensions": [{ "Name": "a", "Value": "1" }, { "Name": "a", "Value": "2" }] }),
            ),
            "InvalidParameterValue",
            "Dimensions.member.2.Name must be unique",
        ),
        (
            put(
                json!({ "Value": 1, "Dimensions": vec![json!({ "Name": "a", "Value": "1" }); 31] }),
            ),
            "InvalidParameterValue",
            "MetricData.member.1.Dimensions must not have a size greater than 30",
        ),
        (
            put(json!({ "Value": "1" })),
            "SerializationException",
            "MetricData.member.1.Value must be a number",
        ),
        (
            put(json!({ "Value": 1, "Extra": 1 })),
            "ValidationError",
            "The parameter MetricData.member.1.Extra is not implemented",
        ),
        (
            statistics(json!({ "Period": 61 })),
            "InvalidParameterValue",
            "The parameter Period must be",
        ),
        (
            statistics(json!({ "Period": 0 })),
            "InvalidParameterValue",
            "The parameter Period must have value greater than or equal to 1.",
        ),
        (
            statistics(json!({ "Statistics": ["Median"] })),
            "InvalidParameterValue",
            "The parameter Statistics",
        ),
        (
            statistics(json!({ "Statistics": null, "ExtendedStatistics": ["p101"] })),
            "InvalidParameterValue",
            "The statistic p101 does not exist",
        ),
        (
            statistics(json!({ "Statistics": null, "ExtendedStatistics": ["tm90"] })),
            "InvalidParameterValue",
            "The statistic tm90 is not implemented",
        ),
        (
            statistics(json!({ "ExtendedStatistics": ["p50"] })),
            "InvalidParameterCombination",
            "mutually exclusive",
        ),
        (data(json!([])), "ValidationError", "MetricDataQueries"),
        (
            data(json!([{ "Id": "A", "MetricStat": stat() }])),
            "ValidationError",
            "MetricDataQueries.member.1.Id",
        ),
        (
            data(json!([{ "Id": "a" }])),
            "ValidationError",
            "needs either MetricStat or Expression",
        ),
        (
            data(json!([{ "Id": "a", "Expression": "SELECT MAX(m) FROM N" }])),
            "ValidationError",
            "MetricDataQueries.member.1 is not implemented or not valid at",
        ),
        (
            data(
                json!([{ "Id": "a", "MetricStat": { "Metric": { "MetricName": "m" }, "Period": 60, "Stat": "Sum" } }]),
            ),
            "ValidationError",
            "The parameter MetricDataQueries.member.1.MetricStat.Metric.Namespace is required.",
        ),
        (
            ("GetMetricData", json!({ "LabelOptions": {} })),
            "MissingParameter",
            "MetricDataQueries",
        ),
        (
            ("DescribeAlarms", json!({ "AlarmNames": many(101) })),
            "ValidationError",
            "at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100",
        ),
        (
            ("DescribeAlarms", json!({ "AlarmNames": ["n".repeat(256)] })),
            "ValidationError",
            "at 'alarmNames' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than \
             or equal to 255, Member must have length greater than or equal to 1]",
        ),
        (
            (
                "DescribeAlarms",
                json!({ "MaxRecords": 101, "StateValue": "x" }),
            ),
            "ValidationError",
            "2 validation errors detected: Value 'x' at 'stateValue'",
        ),
        (
            ("DescribeAlarms", json!({ "NextToken": "x" })),
            "InvalidNextToken",
            "NextToken",
        ),
        (
            (
                "DescribeAlarms",
                json!({ "AlarmNames": ["a"], "AlarmNamePrefix": "a" }),
            ),
            "ValidationError",
            "AlarmNamePrefix",
        ),
        (
            ("DescribeAlarms", json!({ "ChildrenOfAlarmName": "a" })),
            "ValidationError",
            "ChildrenOfAlarmName is not implemented",
        ),
        (
            ("SetAlarmState", json!({})),
            "ValidationError",
            "3 validation errors detected: Value null at 'alarmName' failed to satisfy constraint: Member must not be null; \
             Value null at 'stateValue'",
        ),
        (
            alarm(json!({ "AlarmName": "a\n" })),
            "ValidationError",
            "AlarmName",
        ),
        (
            alarm(json!({ "Period": 15 })),
            "ValidationError",
            "Period must be 10, 20, 30 or a multiple of 60",
        ),
        (
            alarm(json!({ "Period": null })),
            "ValidationError",
            "Period must not be null",
        ),
        (
            alarm(json!({ "Threshold": null })),
            "ValidationError",
            "Threshold must not be null",
        ),
        (
            alarm(json!({ "DatapointsToAlarm": 2 })),
            "ValidationError",
            "DatapointsToAlarm",
        ),
        (
            alarm(json!({ "Statistic": null })),
            "ValidationError",
            "Statistic",
        ),
        (
            alarm(json!({ "ExtendedStatistic": "p50" })),
            "ValidationError",
            "Statistic",
        ),
        (
            alarm(json!({ "TreatMissingData": "fill" })),
            "ValidationError",
            "TreatMissingData",
        ),
        (
            alarm(json!({ "EvaluateLowSampleCountPercentile": "ignore" })),
            "ValidationError",
            "percentile",
        ),
        (
            alarm(json!({ "ComparisonOperator": "LessThanLowerThreshold" })),
            "ValidationError",
            "LessThanLowerThreshold needs anomaly detection, which is not implemented",
        ),
        (
            alarm(json!({ "AlarmActions": ["notBreaching"] })),
            "ValidationError",
            "Invalid arn syntax: notBreaching",
        ),
        (
            alarm(json!({ "AlarmActions": many(6) })),
            "ValidationError",
            "at 'alarmActions'",
        ),
        (
            alarm(json!({ "ThresholdMetricId": "a" })),
            "ValidationError",
            "ThresholdMetricId is not implemented",
        ),
        (
            (
                "TagResource",
                json!({ "ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:x", "Tags": [] }),
            ),
            "ResourceNotFoundException",
            "alarm:x",
        ),
    ] {
        let (found, message) = local.fail(operation, parameters.clone()).await;
        assert_eq!(found, code, "{operation} {parameters}: {message}");
        assert!(
            message.contains(text),
            "{operation} {parameters}: {message}"
        );
    }
}

#[tokio::test]
async fn no_value_is_stored_if_one_is_refused() {
    let local = Local::new();
    let data =
        json!([{ "MetricName": "m", "Value": 1 }, { "MetricName": "m", "Value": "Infinity" }]);
    local
        .fail(
            "PutMetricData",
            json!({ "Namespace": "N", "MetricData": data }),
        )
        .await;
    assert_eq!(
        local.ok("ListMetrics", json!({})).await["Metrics"],
        json!([])
    );
}
