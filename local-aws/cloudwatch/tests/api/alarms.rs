//! Alarms: from the values of a metric to the actions of a state.

use serde_json::{Value, json};

use crate::client::{Local, NOON};
use crate::recorder::{
    POLICY, TOPIC, UNKNOWN_POLICY, alarm, history, scale_up, state, with_recorder,
};

#[tokio::test]
async fn load_makes_an_alarm_whose_action_is_repeated_each_minute_until_the_load_ends() {
    let (local, recorder) = with_recorder();
    local.ok("PutMetricAlarm", scale_up()).await;
    local.put(&[(0, 1500.0), (60, 1600.0), (120, 100.0)]).await;

    // One breaching minute, and minutes before without data, which are not breaching.
    local.set_seconds(65);
    local.cloudwatch.tick();
    assert_eq!(state(&local, "LikeScaleUpAlarm").await, "OK");
    let actions = recorder.take();
    assert_eq!(actions.len(), 1);
    assert_eq!(
        (&*actions[0].action, actions[0].is_new_state),
        (TOPIC, true)
    );

    local.set_seconds(125);
    local.cloudwatch.tick();
    let alarm = alarm(&local, "LikeScaleUpAlarm").await;
    assert_eq!(alarm["StateValue"], "ALARM");
    assert_eq!(
        alarm["StateReason"],
        "Threshold Crossed: 2 datapoints [1600.0 (27/11/26 12:01:00), 1500.0 (27/11/26 12:00:00)] were greater than or equal \
         to the threshold (1000.0)."
    );
    assert_eq!(alarm["StateTransitionedTimestamp"], (NOON + 125) as f64);
    let actions = recorder.take();
    assert_eq!(actions.len(), 1);
    assert_eq!(
        (&*actions[0].action, actions[0].is_new_state),
        (POLICY, true)
    );
    assert_eq!(
        (&*actions[0].values, actions[0].threshold),
        (&[1500.0, 1600.0][..], 1000.0)
    );

    // Within the same minute, nothing is evaluated again.
    local.set_seconds(135);
    local.cloudwatch.tick();
    assert_eq!(recorder.take(), []);

    // The third minute has few requests, but both of the last two minutes must breach.
    local.set_seconds(185);
    local.cloudwatch.tick();
    assert_eq!(state(&local, "LikeScaleUpAlarm").await, "OK");
    let actions: Vec<_> = recorder.take().into_iter().map(|it| it.action).collect();
    assert_eq!(actions, [TOPIC]);

    let summaries: Vec<_> = history(&local, None)
        .await
        .iter()
        .map(|it| it["HistorySummary"].clone())
        .collect();
    assert_eq!(
        summaries,
        [
            json!("Alarm \"LikeScaleUpAlarm\" created"),
            json!("Alarm updated from INSUFFICIENT_DATA to OK"),
            json!(format!(
                "Failed to execute action {TOPIC}. Received error: \"no such service\""
            )),
            json!("Alarm updated from OK to ALARM"),
            json!(format!("Successfully executed action {POLICY}")),
            json!("Alarm updated from ALARM to OK"),
            json!(format!(
                "Failed to execute action {TOPIC}. Received error: \"no such service\""
            )),
        ]
    );
}

/// The summary and the members of the data are those of `testdata/aws/applicationautoscaling/alarm_signals.json` in
/// github.com/radkawar/stackd, which AWS returned on 2026-09-17.
#[tokio::test]
async fn the_history_shows_why_an_action_of_auto_scaling_failed() {
    let (local, _) = with_recorder();
    let mut parameters = scale_up();
    parameters["AlarmActions"] = json!([POLICY, UNKNOWN_POLICY]);
    local.ok("PutMetricAlarm", parameters).await;
    let set = json!({
        "AlarmName": "LikeScaleUpAlarm", "StateValue": "ALARM", "StateReason": "testing alarm",
    });
    local.ok("SetAlarmState", set).await;
    let items = history(&local, Some("Action")).await;
    let summaries: Vec<_> = items.iter().map(|it| &it["HistorySummary"]).collect();
    assert_eq!(
        summaries,
        [
            &json!(format!("Successfully executed action {POLICY}")),
            &json!("Failed to execute AutoScaling action: no such policy"),
        ]
    );
    let data = items.iter().map(|it| it["HistoryData"].as_str().unwrap());
    let data: Vec<Value> = data.map(|it| serde_json::from_str(it).unwrap()).collect();
    let expected = |state: &str, arn: &str, error: Option<&str>| {
        json!({
            "actionState": state, "stateUpdateTimestamp": NOON * 1000, "notificationResource": arn,
            "publishedMessage": null, "error": error, "muteWindowEndTimestamp": null,
        })
    };
    assert_eq!(
        data,
        [
            expected("Succeeded", POLICY, None),
            expected("Failed", UNKNOWN_POLICY, Some("no such policy")),
        ]
    );
}

#[tokio::test]
async fn only_actions_of_auto_scaling_are_repeated() {
    let (local, recorder) = with_recorder();
    let mut parameters = scale_up();
    parameters["AlarmActions"] = json!([TOPIC, POLICY]);
    local.ok("PutMetricAlarm", parameters).await;
    let load: Vec<_> = (0..10).map(|minute| (minute * 60, 2000.0)).collect();
    local.put(&load).await;
    let mut runs = Vec::new();
    for minute in 2..6 {
        local.set_seconds(minute * 60 + 5);
        local.cloudwatch.tick();
        runs.push(
            recorder
                .take()
                .into_iter()
                .map(|it| (it.action, it.is_new_state))
                .collect::<Vec<_>>(),
        );
    }
    let policy = |is_new_state| (POLICY.to_owned(), is_new_state);
    assert_eq!(runs[0], [(TOPIC.to_owned(), true), policy(true)]);
    assert_eq!(
        runs[1..],
        [[policy(false)], [policy(false)], [policy(false)]]
    );

    local
        .ok(
            "DisableAlarmActions",
            json!({ "AlarmNames": ["LikeScaleUpAlarm", "unknown"] }),
        )
        .await;
    assert_eq!(
        alarm(&local, "LikeScaleUpAlarm").await["ActionsEnabled"],
        false
    );
    local.set_seconds(365);
    local.cloudwatch.tick();
    assert_eq!(recorder.take(), []);
    local
        .ok(
            "EnableAlarmActions",
            json!({ "AlarmNames": ["LikeScaleUpAlarm"] }),
        )
        .await;
    local.set_seconds(425);
    local.cloudwatch.tick();
    assert_eq!(recorder.take().len(), 1);
}

#[tokio::test]
async fn the_idle_alarm_of_the_template_fills_missing_minutes_with_0() {
    let (local, recorder) = with_recorder();
    // LikeIdleAlarm of infra/services.yml.
    let parameters = json!({
        "AlarmName": "LikeIdleAlarm",
        "AlarmDescription": "No likes for five minutes",
        "Metrics": [
            { "Id": "likes", "Expression": "FILL(requests, 0)", "Label": "likes", "ReturnData": true },
            {
                "Id": "requests", "ReturnData": false,
                "MetricStat": {
                    "Metric": { "Namespace": "N", "MetricName": "m", "Dimensions": [] }, "Period": 60, "Stat": "Sum",
                },
            },
        ],
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 5,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
        "AlarmActions": [POLICY],
    });
    local.ok("PutMetricAlarm", parameters.clone()).await;
    let described = alarm(&local, "LikeIdleAlarm").await;
    assert_eq!(described["Metrics"], parameters["Metrics"]);
    assert_eq!(
        (described.get("MetricName"), described.get("Period")),
        (None, None)
    );
    local.put(&[(0, 5.0)]).await;
    for (minute, expected) in [(1, "OK"), (5, "OK"), (6, "ALARM")] {
        local.set_seconds(minute * 60 + 5);
        local.cloudwatch.tick();
        assert_eq!(state(&local, "LikeIdleAlarm").await, expected, "{minute}");
    }
    let values = recorder.take().pop().unwrap().values;
    assert_eq!(values, [0.0; 5]);
}

#[tokio::test]
async fn alarms_with_short_periods_are_evaluated_every_ten_seconds() {
    let (local, _) = with_recorder();
    let mut parameters = scale_up();
    parameters["Period"] = 10.into();
    parameters["EvaluationPeriods"] = 1.into();
    local.ok("PutMetricAlarm", parameters).await;
    let data: Vec<_> = [(0, 1.0), (10, 5000.0), (20, 1.0)]
        .map(|(seconds, value)| {
            json!({ "MetricName": "m", "Timestamp": NOON + seconds, "Value": value, "StorageResolution": 1 })
        })
        .into();
    local
        .ok(
            "PutMetricData",
            json!({ "Namespace": "N", "MetricData": data }),
        )
        .await;
    for (seconds, expected) in [(15, "OK"), (25, "ALARM"), (35, "OK")] {
        local.set_seconds(seconds);
        local.cloudwatch.tick();
        assert_eq!(state(&local, "LikeScaleUpAlarm").await, expected);
    }
}

#[tokio::test]
async fn a_set_state_runs_actions_and_lasts_until_the_next_evaluation() {
    let (local, recorder) = with_recorder();
    local.ok("PutMetricAlarm", scale_up()).await;
    let set = json!({
        "AlarmName": "LikeScaleUpAlarm", "StateValue": "ALARM", "StateReason": "testing alarm",
        "StateReasonData": json!({ "recentDatapoints": [2500.0] }).to_string(),
    });
    assert_eq!(local.ok("SetAlarmState", set.clone()).await, Value::Null);
    let described = alarm(&local, "LikeScaleUpAlarm").await;
    assert_eq!(
        (&described["StateValue"], &described["StateReason"]),
        (&json!("ALARM"), &json!("testing alarm"))
    );
    let actions = recorder.take();
    assert_eq!((actions.len(), &*actions[0].values), (1, &[2500.0][..]));
    // The same state again runs no actions.
    local.ok("SetAlarmState", set).await;
    assert_eq!(recorder.take(), []);
    local.set_seconds(65);
    local.cloudwatch.tick();
    assert_eq!(state(&local, "LikeScaleUpAlarm").await, "OK");
    let described = alarm(&local, "LikeScaleUpAlarm").await;
    assert_eq!(
        described["StateReason"],
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching]."
    );
}

#[tokio::test(start_paused = true)]
async fn the_evaluation_runs_five_seconds_after_each_ten_seconds() {
    let local = Local::new();
    let mut parameters = scale_up();
    parameters["Period"] = 10.into();
    local.ok("PutMetricAlarm", parameters).await;
    local.set_seconds(2);
    let run = local.cloudwatch.run();
    let evaluated = async {
        tokio::time::sleep(std::time::Duration::from_millis(2_999)).await;
        assert_eq!(state(&local, "LikeScaleUpAlarm").await, "INSUFFICIENT_DATA");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        assert_eq!(state(&local, "LikeScaleUpAlarm").await, "OK");
    };
    tokio::select! {
        () = evaluated => {}
        () = run => unreachable!("the evaluation never ends"),
    }
}
