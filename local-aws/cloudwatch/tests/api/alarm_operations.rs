//! Operations on alarms.

use serde_json::{Value, json};

use crate::client::{Local, NOON};
use crate::recorder::{POLICY, TOPIC, alarm, history, scale_up, with_recorder};

/// The recorded response test_describe_minimal_metric_alarm of the real service, see the module `metrics`.
#[tokio::test]
async fn a_new_alarm_has_insufficient_data_and_only_the_members_that_aws_shows() {
    let local = Local::new();
    let minimal = json!({
        "AlarmName": "a", "MetricName": "m", "Namespace": "N", "Statistic": "Sum", "Period": 10,
        "EvaluationPeriods": 1, "Threshold": 30, "ComparisonOperator": "GreaterThanThreshold",
    });
    assert_eq!(local.ok("PutMetricAlarm", minimal).await, Value::Null);
    let alarms = local.ok("DescribeAlarms", json!({})).await;
    assert_eq!(
        alarms,
        json!({
            "CompositeAlarms": [],
            "LogAlarms": [],
            "MetricAlarms": [{
                "ActionsEnabled": true,
                "AlarmActions": [],
                "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a",
                "AlarmConfigurationUpdatedTimestamp": NOON as f64,
                "AlarmName": "a",
                "ComparisonOperator": "GreaterThanThreshold",
                "Dimensions": [],
                "EvaluationPeriods": 1,
                "InsufficientDataActions": [],
                "MetricName": "m",
                "Namespace": "N",
                "OKActions": [],
                "Period": 10,
                "StateReason": "Unchecked: Initial alarm creation",
                "StateTransitionedTimestamp": NOON as f64,
                "StateUpdatedTimestamp": NOON as f64,
                "StateValue": "INSUFFICIENT_DATA",
                "Statistic": "Sum",
                "Threshold": 30.0,
            }],
        })
    );
}

/// test_put_metric_alarm and test_exception_serializing_with_no_shape_in_spec of the recorded responses.
#[tokio::test]
async fn the_history_has_old_and_new_state() {
    let (local, _) = with_recorder();
    local.ok("PutMetricAlarm", scale_up()).await;
    local.put(&[(0, 1500.0), (60, 1600.0)]).await;
    local.set_seconds(125);
    local.cloudwatch.tick();
    let updates = history(&local, Some("StateUpdate")).await;
    let [update] = &*updates else {
        panic!("{updates:?}");
    };
    assert_eq!(update["AlarmType"], "MetricAlarm");
    assert_eq!(
        update["HistorySummary"],
        "Alarm updated from INSUFFICIENT_DATA to ALARM"
    );
    let data: Value = serde_json::from_str(update["HistoryData"].as_str().unwrap()).unwrap();
    assert_eq!(
        data["oldState"],
        json!({ "stateValue": "INSUFFICIENT_DATA", "stateReason": "Unchecked: Initial alarm creation" })
    );
    assert_eq!(data["version"], "1.0");
    assert_eq!(data["newState"]["stateValue"], "ALARM");
    assert_eq!(
        data["newState"]["stateReasonData"]["recentDatapoints"],
        json!([1500.0, 1600.0])
    );

    let created = history(&local, Some("ConfigurationUpdate")).await;
    let data: Value = serde_json::from_str(created[0]["HistoryData"].as_str().unwrap()).unwrap();
    assert_eq!(data["type"], "Create");
    let alarm = &data["createdAlarm"];
    assert_eq!(
        (&alarm["alarmName"], &alarm["okActions"]),
        (&json!("LikeScaleUpAlarm"), &json!([TOPIC]))
    );

    // The history of a deleted alarm remains.
    local
        .ok(
            "DeleteAlarms",
            json!({ "AlarmNames": ["LikeScaleUpAlarm"] }),
        )
        .await;
    let last = history(&local, None).await.pop().unwrap();
    assert_eq!(last["HistorySummary"], "Alarm \"LikeScaleUpAlarm\" deleted");
    let newest = local
        .ok("DescribeAlarmHistory", json!({ "MaxRecords": 1 }))
        .await;
    assert_eq!(newest["AlarmHistoryItems"], json!([last]));
    assert!(newest["NextToken"].is_string());
}

#[tokio::test]
async fn an_update_replaces_the_configuration_and_keeps_the_state_and_the_tags() {
    let (local, _) = with_recorder();
    let mut parameters = scale_up();
    parameters["Tags"] = json!([{ "Key": "a", "Value": "1" }]);
    local.ok("PutMetricAlarm", parameters.clone()).await;
    let state_value =
        json!({ "AlarmName": "LikeScaleUpAlarm", "StateValue": "OK", "StateReason": "r" });
    local.ok("SetAlarmState", state_value).await;
    parameters["Threshold"] = 5.into();
    parameters["Tags"] = json!([{ "Key": "b", "Value": "2" }]);
    parameters.as_object_mut().unwrap().remove("OKActions");
    local.ok("PutMetricAlarm", parameters).await;
    let described = alarm(&local, "LikeScaleUpAlarm").await;
    assert_eq!(
        (
            &described["StateValue"],
            &described["Threshold"],
            &described["OKActions"]
        ),
        (&json!("OK"), &json!(5.0), &json!([]))
    );
    let arn = described["AlarmArn"].clone();
    let tags = local
        .ok("ListTagsForResource", json!({ "ResourceARN": arn }))
        .await;
    assert_eq!(tags, json!({ "Tags": [{ "Key": "a", "Value": "1" }] }));
    local
        .ok(
            "TagResource",
            json!({ "ResourceARN": arn, "Tags": [{ "Key": "c", "Value": "" }] }),
        )
        .await;
    local
        .ok(
            "UntagResource",
            json!({ "ResourceARN": arn, "TagKeys": ["a"] }),
        )
        .await;
    let tags = local
        .ok("ListTagsForResource", json!({ "ResourceARN": arn }))
        .await;
    assert_eq!(tags, json!({ "Tags": [{ "Key": "c", "Value": "" }] }));
}

#[tokio::test]
async fn an_action_is_removed_from_all_states_of_all_alarms_which_keep_the_rest() {
    let (local, _) = with_recorder();
    let mut parameters = scale_up();
    parameters["AlarmActions"] = json!([POLICY, TOPIC]);
    parameters["OKActions"] = json!([POLICY]);
    parameters["InsufficientDataActions"] = json!([POLICY]);
    let mut other = scale_up();
    other["AlarmName"] = "other".into();
    other["AlarmActions"] = json!([format!("{POLICY}-2")]);
    for alarm in [parameters, other] {
        local.ok("PutMetricAlarm", alarm).await;
    }
    let state =
        json!({ "AlarmName": "LikeScaleUpAlarm", "StateValue": "ALARM", "StateReason": "" });
    local.ok("SetAlarmState", state).await;
    let mut changed = alarm(&local, "LikeScaleUpAlarm").await;
    let unchanged = alarm(&local, "other").await;

    local.set_seconds(1);
    local.cloudwatch.remove_action(POLICY);
    changed["AlarmActions"] = json!([TOPIC]);
    changed["OKActions"] = json!([]);
    changed["InsufficientDataActions"] = json!([]);
    changed["AlarmConfigurationUpdatedTimestamp"] = json!((NOON + 1) as f64);
    assert_eq!(alarm(&local, "LikeScaleUpAlarm").await, changed);
    assert_eq!(alarm(&local, "other").await, unchanged);
    let last = history(&local, None).await.pop().unwrap();
    assert_eq!(last["HistorySummary"], "Alarm \"LikeScaleUpAlarm\" updated");
}

#[tokio::test]
async fn alarms_are_found_by_name_prefix_state_action_and_metric() {
    let (local, _) = with_recorder();
    for (name, actions) in [
        ("up", json!([POLICY])),
        ("upper", json!([])),
        ("down", json!([TOPIC])),
    ] {
        let mut parameters = scale_up();
        parameters["AlarmName"] = name.into();
        parameters["AlarmActions"] = actions;
        parameters["OKActions"] = json!([]);
        parameters["Dimensions"] =
            json!([{ "Name": "alarm", "Value": name }, { "Name": "A", "Value": "a" }]);
        local.ok("PutMetricAlarm", parameters).await;
    }
    local
        .ok(
            "SetAlarmState",
            json!({ "AlarmName": "up", "StateValue": "OK", "StateReason": "" }),
        )
        .await;
    for (parameters, expected) in [
        (json!({}), vec!["down", "up", "upper"]),
        (json!({ "AlarmNames": ["upper", "unknown"] }), vec!["upper"]),
        (json!({ "AlarmNamePrefix": "up" }), vec!["up", "upper"]),
        (json!({ "StateValue": "OK" }), vec!["up"]),
        (
            json!({ "ActionPrefix": "arn:aws:autoscaling:" }),
            vec!["up"],
        ),
        (json!({ "AlarmTypes": ["CompositeAlarm"] }), vec![]),
        (
            json!({ "AlarmTypes": ["CompositeAlarm", "MetricAlarm"] }),
            vec!["down", "up", "upper"],
        ),
    ] {
        let mut parameters = parameters;
        parameters["MaxRecords"] = 1.into();
        let mut names = Vec::new();
        loop {
            let page = local.ok("DescribeAlarms", parameters.clone()).await;
            let alarms = page["MetricAlarms"].as_array().unwrap();
            names.extend(
                alarms
                    .iter()
                    .map(|it| it["AlarmName"].as_str().unwrap().to_owned()),
            );
            parameters["NextToken"] = page["NextToken"].clone();
            if parameters["NextToken"].is_null() {
                break;
            }
        }
        assert_eq!(names, expected, "{parameters}");
    }
    let dimensions = json!([{ "Name": "A", "Value": "a" }, { "Name": "alarm", "Value": "up" }]);
    let of_metric = json!({ "Namespace": "N", "MetricName": "m", "Dimensions": dimensions });
    let alarms = local.ok("DescribeAlarmsForMetric", of_metric).await;
    assert_eq!(alarms["MetricAlarms"].as_array().unwrap().len(), 1);
    let of_metric =
        json!({ "Namespace": "N", "MetricName": "m", "Dimensions": dimensions, "Period": 300 });
    let alarms = local.ok("DescribeAlarmsForMetric", of_metric).await;
    assert_eq!(alarms["MetricAlarms"], json!([]));
}

#[tokio::test]
async fn a_reset_removes_everything() {
    let local = Local::new();
    local.put(&[(0, 1.0)]).await;
    local.ok("PutMetricAlarm", scale_up()).await;
    local
        .ok(
            "PutDashboard",
            json!({ "DashboardName": "d", "DashboardBody": "{}" }),
        )
        .await;
    local.cloudwatch.reset();
    assert_eq!(
        local.ok("ListMetrics", json!({})).await["Metrics"],
        json!([])
    );
    assert_eq!(
        local.ok("DescribeAlarms", json!({})).await["MetricAlarms"],
        json!([])
    );
    assert_eq!(history(&local, None).await, [] as [Value; 0]);
    assert_eq!(
        local.ok("ListDashboards", json!({})).await["DashboardEntries"],
        json!([])
    );
}
