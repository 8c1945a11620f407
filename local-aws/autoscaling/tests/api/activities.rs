//! What alarms do to a service, and how activities describe it.

use std::time::Duration;

use autoscaling::Breach;
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::world::{Api, RESOURCE, START, alarm_action, bounds};

/// A member of all activities, newest first.
async fn all(api: &Api, member: &str) -> Vec<Value> {
    let activities = api.activities().await;
    activities.iter().map(|it| it[member].clone()).collect()
}

/// The texts of AWS: github.com/radkawar/stackd, testdata/aws/applicationautoscaling/activity_lifecycle.json, and the AWS CLI,
/// examples/application-autoscaling/describe-scaling-activities.rst.
#[tokio::test(start_paused = true)]
async fn an_activity_ends_when_the_desired_tasks_run() {
    let api = Api::with_target().await;
    let up = api.put_step("up", 3).await;
    advance(Duration::from_millis(2500)).await;
    api.alarm(&up, "web-app-cpu-gt-75", &[80.0]).await;
    assert_eq!(api.desired(), 5);
    let activity = api.activities().await.remove(0);
    let id = activity["ActivityId"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    assert_eq!(
        activity,
        json!({
            "ActivityId": id,
            "Cause": "monitor alarm web-app-cpu-gt-75 in state ALARM triggered policy up",
            "Description": "Setting desired count to 5.",
            "ResourceId": RESOURCE,
            "ScalableDimension": "ecs:service:DesiredCount",
            "ServiceNamespace": "ecs",
            "StartTime": START as f64 + 2.5,
            "StatusCode": "InProgress",
            "StatusMessage": "Successfully set desired count to 5. Waiting for change to be fulfilled by ecs.",
        })
    );
    sleep(Duration::from_secs(30)).await;
    api.world.start_tasks();
    sleep(Duration::from_secs(60)).await;
    let activity = api.activities().await.remove(0);
    assert_eq!(activity["StatusCode"], "Successful");
    assert_eq!(
        activity["StatusMessage"],
        "Successfully set desired count to 5. Change successfully fulfilled by ecs."
    );
    // The service looks each second.
    let ended = activity["EndTime"].as_f64().unwrap() - (START as f64 + 2.5);
    assert!((30.0..=31.1).contains(&ended), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn an_activity_is_overridden_by_a_later_change() {
    let api = Api::with_target().await;
    let up = api.put_step("up", 3).await;
    api.alarm(&up, "alarm", &[80.0]).await;
    api.world.change(|capacity| capacity.desired = 7);
    sleep(Duration::from_secs(2)).await;
    let activity = api.activities().await.remove(0);
    assert_eq!(activity["StatusCode"], "Overridden");
    assert_eq!(
        activity["StatusMessage"],
        "Successfully set desired count to 5. Found it was later changed to 7."
    );
    assert!(activity["EndTime"].is_f64());
    api.succeed("RegisterScalableTarget", bounds(8, 10)).await;
    api.succeed("RegisterScalableTarget", bounds(9, 10)).await;
    assert_eq!(
        all(&api, "StatusCode").await,
        ["InProgress", "Overridden", "Overridden"]
    );
}

/// As above: calls of activity_lifecycle.json. A desired count that a person sets outside the bounds stays, as AWS observed for
/// DynamoDB do (github.com/aws-controllers-k8s findings DDB-TABLE-315).
#[tokio::test(start_paused = true)]
async fn registering_moves_the_desired_count_into_the_bounds() {
    let api = Api::new();
    api.succeed("RegisterScalableTarget", bounds(1, 10)).await;
    assert!(api.activities().await.is_empty());
    for (min, max, expected, cause) in [
        (4, 10, 4, "minimum capacity was set to 4"),
        (0, 1, 1, "maximum capacity was set to 1"),
    ] {
        api.succeed("RegisterScalableTarget", bounds(min, max))
            .await;
        assert_eq!(api.desired(), expected);
        let activity = api.activities().await.remove(0);
        assert_eq!(activity["Cause"], cause);
        assert_eq!(
            activity["Description"],
            format!("Setting desired count to {expected}.")
        );
    }
    api.world.change(|capacity| capacity.desired = 7);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(api.desired(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_ecs_refuses_is_a_failed_activity() {
    let api = Api::with_target().await;
    api.world
        .change(|capacity| (capacity.desired, capacity.running) = (6, 6));
    let down = api.put_step("down", -1).await;
    *api.world.failure.lock().unwrap() = Some("The service is draining.".to_owned());
    api.alarm(&down, "alarm", &[20.0]).await;
    let activity = api.activities().await.remove(0);
    assert_eq!(activity["StatusCode"], "Failed");
    assert_eq!(
        activity["StatusMessage"],
        "Failed to set desired count to 5. Reason: The service is draining."
    );
    // The failure starts no cool-down period.
    api.alarm(&down, "alarm", &[20.0]).await;
    assert_eq!(api.desired(), 5);
}

/// The sequence of activity_suppression.json: the same reason again is no new activity, another reason between them is.
#[tokio::test(start_paused = true)]
async fn reasons_for_not_scaling_are_recorded_as_on_aws() {
    let api = Api::with_target().await;
    api.succeed("RegisterScalableTarget", bounds(2, 2)).await;
    let (a, b, down) = (
        api.put_step("out-a", 1).await,
        api.put_step("out-b", 1).await,
        api.put_step("in", -1).await,
    );
    let exact = api
        .succeed(
            "PutScalingPolicy",
            json!({
                "PolicyName": "exact",
                "PolicyType": "StepScaling",
                "StepScalingPolicyConfiguration": {
                    "AdjustmentType": "ExactCapacity",
                    "StepAdjustments": [{ "MetricIntervalLowerBound": 0, "ScalingAdjustment": 2 }],
                },
            }),
        )
        .await;
    let exact = exact["PolicyARN"].as_str().unwrap();
    api.alarm(&a, "out-a", &[100.0]).await;
    let first = api.activities().await.remove(0);
    assert_eq!(
        first,
        json!({
            "ActivityId": first["ActivityId"],
            "ServiceNamespace": "ecs",
            "ResourceId": RESOURCE,
            "ScalableDimension": "ecs:service:DesiredCount",
            "Description": "Attempting to scale due to alarm triggered",
            "Cause": "monitor alarm out-a in state ALARM triggered policy out-a",
            "StartTime": first["StartTime"],
            "StatusCode": "Failed",
            "NotScaledReasons": [{ "Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2 }],
        })
    );
    for (action, alarm, metric, code, recorded) in [
        (&*a, "out-a", 100.0, "AlreadyAtMaxCapacity", 1),
        (&b, "out-b", 100.0, "AlreadyAtMaxCapacity", 1),
        (&down, "in", 0.0, "AlreadyAtMinCapacity", 2),
        (&a, "out-a", 100.0, "AlreadyAtMaxCapacity", 3),
        (exact, "exact", 100.0, "AlreadyAtDesiredCapacity", 4),
        (exact, "exact", 100.0, "AlreadyAtDesiredCapacity", 4),
    ] {
        api.alarm(action, alarm, &[metric]).await;
        let activities = api.activities().await;
        assert_eq!(activities.len(), recorded, "{alarm}");
        assert_eq!(activities[0]["NotScaledReasons"][0]["Code"], code);
    }
    let last = api.activities().await.remove(0);
    assert_eq!(last["StatusCode"], "Successful");
    assert_eq!(
        last["NotScaledReasons"],
        json!([{ "Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": 2 }])
    );
    // They are shown only on request.
    let shown = api.succeed("DescribeScalingActivities", json!({})).await;
    assert_eq!(shown, json!({ "ScalingActivities": [] }));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_blocks_scaling_in() {
    let api = Api::with_target().await;
    let down = api.put_step("down", -1).await;
    api.world.change(|capacity| {
        (capacity.desired, capacity.running) = (5, 5);
        capacity.is_deploying = true;
    });
    api.alarm(&down, "alarm", &[10.0]).await;
    assert_eq!(api.desired(), 5);
    let activity = api.activities().await.remove(0);
    assert_eq!(
        activity["NotScaledReasons"],
        json!([{ "Code": "TargetServicePutResourceAsUnscalable" }])
    );
    api.world.change(|capacity| capacity.is_deploying = false);
    api.alarm(&down, "alarm", &[10.0]).await;
    assert_eq!(api.desired(), 4);
}

/// Lab 4 of the workshop: infra/scaling.json, with an alarm that acts each minute.
#[tokio::test(start_paused = true)]
async fn a_load_scales_out_each_cooldown_period_and_in_after_its_end() {
    let api = Api::new();
    api.succeed("RegisterScalableTarget", bounds(2, 100)).await;
    let policy = |name: &str, steps: Value| {
        json!({
            "PolicyName": name,
            "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": "ChangeInCapacity",
                "MetricAggregationType": "Average",
                "Cooldown": 60,
                "StepAdjustments": steps,
            },
        })
    };
    let up = policy(
        "LikeScaleUpPolicy",
        json!([
            { "MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 1000, "ScalingAdjustment": 10 },
            { "MetricIntervalLowerBound": 1000, "MetricIntervalUpperBound": 3000, "ScalingAdjustment": 20 },
            { "MetricIntervalLowerBound": 3000, "ScalingAdjustment": 25 },
        ]),
    );
    let down = policy(
        "LikeScaleDownPolicy",
        json!([
            { "MetricIntervalLowerBound": -900, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -10 },
            { "MetricIntervalUpperBound": -900, "ScalingAdjustment": -5 },
        ]),
    );
    let up = api.succeed("PutScalingPolicy", up).await;
    let down = api.succeed("PutScalingPolicy", down).await;
    let mut action = alarm_action(up["PolicyARN"].as_str().unwrap(), "up", &[1500.0, 1500.0]);
    action.threshold = 1000.0;
    let mut counts = Vec::new();
    for _ in 0..4 {
        api.act([action.clone()]).await;
        api.world.start_tasks();
        counts.push(api.desired());
        sleep(Duration::from_secs(60)).await;
    }
    // The cool-down period begins when the tasks run, so that it ends after the next action.
    assert_eq!(counts, [12, 12, 22, 22]);
    // Few requests remain.
    action.action = down["PolicyARN"].as_str().unwrap().to_owned();
    action.datapoints = vec![150.0, 150.0];
    action.breach = Breach::Below;
    let mut counts = Vec::new();
    for _ in 0..5 {
        api.act([action.clone()]).await;
        api.world.start_tasks();
        counts.push(api.desired());
        sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(counts, [12, 12, 2, 2, 2]);
    let reasons = all(&api, "NotScaledReasons").await;
    assert_eq!(
        reasons[0],
        json!([{ "Code": "AlreadyAtMinCapacity", "MinCapacity": 2 }])
    );
    let descriptions = api.succeed("DescribeScalingActivities", json!({})).await;
    assert_eq!(
        descriptions["ScalingActivities"].as_array().unwrap().len(),
        4
    );
}

#[tokio::test(start_paused = true)]
async fn actions_of_one_evaluation_are_decided_together() {
    let api = Api::with_target().await;
    let (up, more, down) = (
        api.put_step("up", 1).await,
        api.put_step("more", 4).await,
        api.put_step("down", -1).await,
    );
    let actions = [(&down, "a", 0.0), (&up, "b", 100.0), (&more, "c", 100.0)];
    let actions = actions.map(|(policy, alarm, value)| alarm_action(policy, alarm, &[value]));
    api.act(actions).await;
    assert_eq!(api.desired(), 6);
    assert_eq!(
        all(&api, "Cause").await,
        ["monitor alarm c in state ALARM triggered policy more"]
    );
}

#[tokio::test(start_paused = true)]
async fn actions_without_a_policy_fail_and_do_nothing() {
    let api = Api::with_target().await;
    let (up, down) = (api.put_step("up", 1).await, api.put_step("down", -1).await);
    api.succeed("DeleteScalingPolicy", json!({ "PolicyName": "up" }))
        .await;
    let arns = [up, "arn:aws:sns:us-east-1:000000000000:topic".to_owned()];
    let [deleted, topic] = arns.map(|arn| alarm_action(&arn, "a", &[100.0]));
    let longer = alarm_action(&format!("{down}er"), "a", &[0.0]);
    let results = api.act([deleted, topic, longer]).await;
    let failed = Err("No scaling policy found".to_owned());
    assert_eq!(results, [failed.clone(), failed.clone(), failed]);
    assert_eq!(api.desired(), 2);
    assert!(api.activities().await.is_empty());
}

/// AWS's text in `testdata/aws/applicationautoscaling/alarm_signals.json` of github.com/radkawar/stackd. AWS records no activity.
#[tokio::test(start_paused = true)]
async fn an_action_without_data_fails_and_another_one_of_the_same_evaluation_acts() {
    let api = Api::with_target().await;
    let (up, down) = (api.put_step("up", 1).await, api.put_step("down", -1).await);
    let actions = [
        alarm_action(&down, "a", &[]),
        alarm_action(&up, "b", &[100.0]),
    ];
    let results = api.act(actions).await;
    let failed = Err("Metric data points must be provided".to_owned());
    assert_eq!(results, [failed, Ok(())]);
    assert_eq!(api.desired(), 3);
    assert_eq!(
        all(&api, "Cause").await,
        ["monitor alarm b in state ALARM triggered policy up"]
    );
}

#[tokio::test(start_paused = true)]
async fn activities_are_those_of_the_last_six_weeks() {
    let api = Api::with_target().await;
    api.succeed("RegisterScalableTarget", bounds(3, 10)).await;
    api.world.start_tasks();
    sleep(Duration::from_secs(2)).await;
    let six_weeks = Duration::from_secs(6 * 7 * 24 * 3600);
    advance(six_weeks - Duration::from_secs(3)).await;
    assert_eq!(api.activities().await.len(), 1);
    advance(Duration::from_secs(2)).await;
    assert!(api.activities().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_activities_stay_after_the_target_and_are_found_by_resource() {
    let api = Api::with_target().await;
    api.succeed("RegisterScalableTarget", bounds(3, 10)).await;
    api.succeed("DeregisterScalableTarget", json!({})).await;
    for (request, count) in [
        (json!({ "ResourceId": RESOURCE }), 1),
        (
            json!({ "ResourceId": RESOURCE, "ScalableDimension": "ecs:service:DesiredCount" }),
            1,
        ),
        (json!({ "ResourceId": "service/default/other" }), 0),
        (json!({ "ServiceNamespace": "dynamodb" }), 0),
    ] {
        let found = api
            .succeed("DescribeScalingActivities", request.clone())
            .await;
        assert_eq!(
            found["ScalingActivities"].as_array().unwrap().len(),
            count,
            "{request}"
        );
    }
}
