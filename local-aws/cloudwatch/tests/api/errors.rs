//! The codes, messages and forms of errors. The messages are those of the real service: recorded responses, see the module
//! `metrics`, and public error messages, found by searching for their words.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::{Local, NOON};
use crate::requests::{alarm, data, put, stat, statistics};

#[tokio::test]
async fn errors_have_the_codes_and_messages_that_aws_gave() {
    let local = Local::new();
    for ((operation, parameters), code, message) in [
        // test_put_metric_data_validation
        (
            put(json!({ "Value": 1, "Values": [1, 2] })),
            "InvalidParameterCombination",
            "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have \
             specified both.",
        ),
        (
            put(json!({ "Values": [1, 10], "Counts": [2, 4, 1] })),
            "InvalidParameterValue",
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        ),
        (
            put(
                json!({ "Value": 1, "StatisticValues": { "SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1 } }),
            ),
            "InvalidParameterCombination",
            "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you \
             have specified both.",
        ),
        (
            put(json!({ "Value": "NaN" })),
            "InvalidParameterValue",
            "The value NaN for parameter MetricData.member.1.Value is invalid.",
        ),
        (
            put(
                json!({ "StatisticValues": { "SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1 } }),
            ),
            "InvalidParameterValue",
            "The parameter MetricData.member.1.StatisticValues.Maximum must be greater than \
             MetricData.member.1.StatisticValues.Minimum.",
        ),
        (
            put(json!({ "Value": 1, "Timestamp": NOON - 15 * 24 * 3600 })),
            "InvalidParameterValue",
            "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.",
        ),
        // test_invalid_amount_of_datapoints
        (
            statistics(json!({ "EndTime": NOON + 86_400, "Period": 1 })),
            "InvalidParameterCombination",
            "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints \
             requested by increasing Period, or decreasing the time range.",
        ),
        (
            statistics(json!({ "EndTime": NOON })),
            "InvalidParameterValue",
            "The parameter StartTime must be less than the parameter EndTime.",
        ),
        (
            statistics(json!({ "Statistics": null })),
            "InvalidParameterCombination",
            "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        ),
        (
            data(json!([{ "Id": "a", "MetricStat": stat() }, { "Id": "a", "MetricStat": stat() }])),
            "ValidationError",
            "The values for parameter id in MetricDataQueries are not unique.",
        ),
        // test_set_alarm_invalid_input
        (
            (
                "SetAlarmState",
                json!({ "AlarmName": "a", "StateValue": "INVALID", "StateReason": "test" }),
            ),
            "ValidationError",
            "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy \
             enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
        ),
        (
            (
                "SetAlarmState",
                json!({ "AlarmName": "a", "StateValue": "OK", "StateReason": "test" }),
            ),
            "ResourceNotFound",
            "",
        ),
        (
            alarm(json!({ "MetricName": null, "Statistic": null })),
            "ValidationError",
            "MetricName must not be null",
        ),
        (
            alarm(json!({ "Period": 600, "EvaluationPeriods": 145 })),
            "ValidationError",
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) for alarms using \
             period < 3600",
        ),
        (
            alarm(json!({ "Period": 86_400, "EvaluationPeriods": 8 })),
            "ValidationError",
            "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) for alarms using \
             period >= 3600",
        ),
        (
            alarm(
                json!({ "Metrics": [{ "Id": "a", "MetricStat": stat() }], "MetricName": null, "Namespace": null, "Period": null }),
            ),
            "ValidationError",
            "Statistic should not be set if list of Metrics is set.",
        ),
    ] {
        let refusal = local.fail(operation, parameters).await;
        assert_eq!(refusal, (code.to_owned(), message.to_owned()));
    }
}

/// A public error message of PutMetricData lists the units so.
#[tokio::test]
async fn an_unknown_unit_is_refused_with_all_units() {
    let local = Local::new();
    let (operation, parameters) = put(json!({ "Value": 1, "Unit": "Hours" }));
    let (code, message) = local.fail(operation, parameters).await;
    assert_eq!(code, "InvalidParameterValue");
    let start = "The parameter MetricData.member.1.Unit must be a value in the set [ Seconds, Microseconds, Milliseconds, Bytes, ";
    assert!(message.starts_with(start), "{message}");
}

#[tokio::test]
async fn operations_that_are_not_implemented_are_named() {
    let local = Local::new();
    for operation in [
        "PutCompositeAlarm",
        "PutAnomalyDetector",
        "GetMetricWidgetImage",
        "Invent",
    ] {
        let target = format!("GraniteServiceVersion20100801.{operation}");
        let answer = local.send("/", &[("x-amz-target", &target)], "{}").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["__type"], "UnknownOperationException");
        assert!(body["message"].as_str().unwrap().contains(operation));
        let (status, body) = local.query(operation, "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(
            body.contains("<Code>InvalidAction</Code>") && body.contains(operation),
            "{body}"
        );
        let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
        let answer = local
            .send(&path, &[("smithy-protocol", "rpc-v2-cbor")], vec![0xa0])
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.headers["smithy-protocol"], "rpc-v2-cbor");
    }
}

/// test_exception_serializing_with_no_shape_in_spec of the recorded responses.
#[tokio::test]
async fn the_form_and_the_status_of_an_error_depend_on_protocol_and_query_mode() {
    let local = Local::new();
    let parameters = json!({ "AlarmName": "a", "StateValue": "OK", "StateReason": "test" });
    let error = json!({ "__type": "com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound" });
    let mut cbor = Vec::new();
    ciborium::into_writer(&parameters, &mut cbor).unwrap();
    let json_target = (
        "x-amz-target",
        "GraniteServiceVersion20100801.SetAlarmState",
    );
    let path = "/service/GraniteServiceVersion20100801/operation/SetAlarmState";
    for (mode, status, query_error) in [
        ("false", 400, None),
        ("true", 404, Some("ResourceNotFound;Sender")),
    ] {
        let mode = ("x-amzn-query-mode", mode);
        let answer = local
            .send("/", &[json_target, mode], parameters.to_string())
            .await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(
            serde_json::from_slice::<Value>(&answer.body).unwrap(),
            error
        );
        let header = answer.headers.get("x-amzn-query-error");
        assert_eq!(header.map(|it| it.to_str().unwrap()), query_error);
        assert!(answer.headers.contains_key("x-amzn-requestid"));

        let answer = local.send(path, &[mode], cbor.clone()).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.headers["smithy-protocol"], "rpc-v2-cbor");
        let body: Value = ciborium::from_reader(&*answer.body).unwrap();
        assert_eq!(body, error);
    }
    let (status, body) = local
        .query(
            "SetAlarmState",
            "AlarmName=a&StateValue=OK&StateReason=test",
        )
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        body.contains("<Error><Type>Sender</Type><Code>ResourceNotFound</Code></Error>"),
        "{body}"
    );
    let (status, body) = local.query("GetDashboard", "DashboardName=a").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        body.contains("<Code>ResourceNotFound</Code><Message>Dashboard a does not exist"),
        "{body}"
    );
}
