//! Alarms that scale the Like service, and the metrics on which they decide.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Cluster, LIKE_SERVICE};
use crate::client::{CLUSTER, client};
use crate::found;
use crate::process::assert_gone;

const SCALE_UP: &str = "mysfits-LikeScaleUpAlarm";
const SCALE_DOWN: &str = "mysfits-LikeScaleDownAlarm";

const CLOUDWATCH: &str = "GraniteServiceVersion20100801";
const SCALING: &str = "AnyScaleFrontendService";

/// Calls an operation, which must succeed.
async fn call(cluster: &Cluster, service: &str, operation: &str, request: Value) -> Value {
    let target = format!("{service}.{operation}");
    let request = client().post(&cluster.aws).json(&request);
    let answer = request.header("x-amz-target", target).send().await.unwrap();
    let status = answer.status();
    let body = answer.text().await.unwrap();
    assert_eq!(status, 200, "{operation}: {body}");
    serde_json::from_str(&body).unwrap_or_default()
}

/// Calls an operation of Application Auto Scaling for the Like service.
async fn scale(cluster: &Cluster, operation: &str, mut request: Value) -> Value {
    request["ServiceNamespace"] = json!("ecs");
    request["ResourceId"] = json!(format!("service/{CLUSTER}/{LIKE_SERVICE}"));
    request["ScalableDimension"] = json!("ecs:service:DesiredCount");
    call(cluster, SCALING, operation, request).await
}

/// Gives an alarm of the start the action to change the desired count.
async fn put_action(cluster: &Cluster, alarm: &str, policy: &str, step: Value) {
    let configuration = json!({
        "AdjustmentType": "ChangeInCapacity", "Cooldown": 0, "StepAdjustments": [step],
    });
    let request = json!({
        "PolicyName": policy, "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": configuration,
    });
    let policy = scale(cluster, "PutScalingPolicy", request).await["PolicyARN"].take();
    let request = json!({ "AlarmNames": [alarm] });
    let mut described = call(cluster, CLOUDWATCH, "DescribeAlarms", request).await;
    let described = described["MetricAlarms"][0].as_object_mut().unwrap();
    let is_of_state = |name: &str| name.starts_with("State") || name.ends_with("Timestamp");
    described.retain(|name, _| name != "AlarmArn" && !is_of_state(name));
    described.insert("AlarmActions".to_owned(), json!([policy]));
    call(cluster, CLOUDWATCH, "PutMetricAlarm", json!(described)).await;
}

async fn turn_on(cluster: &Cluster, alarm: &str, value: f64) {
    let data = json!({ "version": "1.0", "recentDatapoints": [value], "threshold": 1000.0 });
    let request = json!({
        "AlarmName": alarm, "StateValue": "ALARM", "StateReason": "a test",
        "StateReasonData": data.to_string(),
    });
    // The alarm is perhaps on already.
    let ok = json!({ "AlarmName": alarm, "StateValue": "OK", "StateReason": "a test" });
    call(cluster, CLOUDWATCH, "SetAlarmState", ok).await;
    call(cluster, CLOUDWATCH, "SetAlarmState", request).await;
}

/// The newest scaling activity once there are `count`.
async fn activity(cluster: &Cluster, count: usize) -> Value {
    found("the scaling activity", async || {
        let request = json!({ "ServiceNamespace": "ecs" });
        let activities = call(cluster, SCALING, "DescribeScalingActivities", request).await;
        let activities = activities["ScalingActivities"].as_array().unwrap().clone();
        let is_done = activities.len() == count && activities[0]["StatusCode"] == "Successful";
        is_done.then(|| activities[0].clone())
    })
    .await
}

#[tokio::test]
async fn alarms_with_policies_change_the_number_of_processes() {
    let cluster = Cluster::start(&[]);
    let bounds = json!({ "MinCapacity": 2, "MaxCapacity": 5 });
    scale(&cluster, "RegisterScalableTarget", bounds).await;
    let up = json!({ "MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 10 });
    put_action(&cluster, SCALE_UP, "up", up).await;
    turn_on(&cluster, SCALE_UP, 1500.0).await;
    let change = activity(&cluster, 1).await;
    assert_eq!(change["Description"], "Setting desired count to 5.");
    let cause = change["Cause"].as_str().unwrap();
    assert!(cause.contains(SCALE_UP), "{cause}");
    let service = cluster.stable(LIKE_SERVICE).await;
    assert_eq!(service["runningCount"], 5);
    crate::eventually("the endpoints file has the tasks", || {
        cluster.lab.endpoints().of("like-service").len() == 5
    });
    let before = cluster.lab.endpoints();
    cluster
        .lab
        .wait_for("like-service      desired count 2 -> 5");

    let down = json!({ "MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -10 });
    // The alarm that is on would scale out again.
    let ok = json!({ "AlarmName": SCALE_UP, "StateValue": "OK", "StateReason": "a test" });
    call(&cluster, CLOUDWATCH, "SetAlarmState", ok).await;
    put_action(&cluster, SCALE_DOWN, "down", down).await;
    turn_on(&cluster, SCALE_DOWN, 500.0).await;
    let change = activity(&cluster, 2).await;
    assert_eq!(change["Description"], "Setting desired count to 2.");
    assert_eq!(cluster.stable(LIKE_SERVICE).await["runningCount"], 2);
    crate::eventually("the endpoints file has the tasks", || {
        cluster.lab.endpoints().of("like-service").len() == 2
    });
    let after = cluster.lab.endpoints();
    let is_removed =
        |task: &&crate::process::Task| after.tasks.iter().all(|other| other.id != task.id);
    let removed: Vec<_> = before.tasks.iter().filter(is_removed).cloned().collect();
    assert_eq!(removed.len(), 3);
    assert_gone(&removed);
}

#[tokio::test]
async fn a_published_value_is_found_again() {
    let cluster = Cluster::start(&[]);
    let datum = json!({ "MetricName": "Likes", "Value": 3.0, "Unit": "Count" });
    let request = json!({ "Namespace": "Test", "MetricData": [datum] });
    call(&cluster, CLOUDWATCH, "PutMetricData", request).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let metric = json!({ "Namespace": "Test", "MetricName": "Likes" });
    let query =
        json!({ "Id": "likes", "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } });
    let request = json!({
        "StartTime": now.as_secs() - 3600, "EndTime": now.as_secs() + 60,
        "MetricDataQueries": [query],
    });
    let data = call(&cluster, CLOUDWATCH, "GetMetricData", request).await;
    assert_eq!(
        data["MetricDataResults"][0]["Values"],
        json!([3.0]),
        "{data}"
    );
}
