//! Lab 4: scaling.

use super::*;

const ACTIVITIES: &str = "describe-scaling-activities";
const POLICIES: &str = "describe-scaling-policies";

#[test]
fn lab_4_wants_the_scaling_of_infra() {
    let changed =
        |command: &str, pointer: &str, value: Value| missing("4.1", &[(command, pointer, value)]);
    assert_eq!(missing("4.1", &[]), DONE);
    assert_eq!(
        changed("describe-scalable-targets", "/ScalableTargets", json!([])),
        ["No scalable target; this step wants one from 2 to 100 tasks."]
    );
    assert_eq!(
        changed(
            "describe-scalable-targets",
            "/ScalableTargets/0/MaxCapacity",
            json!(10)
        ),
        ["The scalable target goes from 2 to 10 tasks; this step wants 2 to 100."]
    );
    assert_eq!(
        changed(POLICIES, "/ScalingPolicies", json!([])),
        [
            "There is no scaling policy LikeScaleUpPolicy; this step wants it.",
            "There is no scaling policy LikeScaleDownPolicy; this step wants it."
        ]
    );
    let policies = recorded().responses["application-autoscaling describe-scaling-policies"]["ScalingPolicies"].clone();
    let index = policies
        .as_array()
        .unwrap()
        .iter()
        .position(|it| it["PolicyName"] == "LikeScaleUpPolicy")
        .unwrap();
    let of_policy =
        |member: &str| format!("/ScalingPolicies/{index}/StepScalingPolicyConfiguration/{member}");
    assert_eq!(
        changed(
            POLICIES,
            &of_policy("StepAdjustments/1/ScalingAdjustment"),
            json!(10)
        ),
        ["LikeScaleUpPolicy: step 2 adds 10; this step wants 20."]
    );
    assert_eq!(
        changed(
            POLICIES,
            &of_policy("StepAdjustments/1/MetricIntervalUpperBound"),
            json!(2000)
        ),
        ["LikeScaleUpPolicy: step 2 goes from 1000 to 2000; this step wants 1000 to 3000."]
    );
    assert_eq!(
        changed(POLICIES, &of_policy("Cooldown"), json!(300)),
        ["LikeScaleUpPolicy has a cool-down of 300 s; this step wants 60 s."]
    );
    let alarms = recorded().responses["cloudwatch describe-alarms"]["MetricAlarms"].clone();
    let index = alarms
        .as_array()
        .unwrap()
        .iter()
        .position(|it| it["AlarmName"] == "mysfits-LikeScaleUpAlarm")
        .unwrap();
    let of_alarm = |member: &str| format!("/MetricAlarms/{index}/{member}");
    assert_eq!(
        changed("describe-alarms", &of_alarm("AlarmActions"), json!([])),
        ["The alarm mysfits-LikeScaleUpAlarm has no action; this step wants LikeScaleUpPolicy."]
    );
    assert_eq!(
        changed("describe-alarms", &of_alarm("ActionsEnabled"), json!(false)),
        ["The actions of the alarm mysfits-LikeScaleUpAlarm are disabled."]
    );
}

/// An activity of a policy, as Application Auto Scaling describes it. `start` are the seconds after the recorded check.
fn activity(policy: &str, tasks: u32, start: i64) -> Value {
    json!({
        "Cause": format!("monitor alarm x in state ALARM triggered policy {policy}"),
        "Description": format!("Setting desired count to {tasks}."),
        "StatusCode": "Successful",
        "StartTime": recorded().now + start,
    })
}

#[test]
fn lab_4_wants_activities_of_both_policies() {
    let activities = |activities: Value| (ACTIVITIES, "/ScalingActivities", activities);
    let out = activity("LikeScaleUpPolicy", 12, 10);
    let back = activity("LikeScaleDownPolicy", 7, 20);
    assert_eq!(missing("4.2", &[activities(json!([out]))]), DONE);
    let not_yet = "LikeScaleUpPolicy has not set the desired count to 12 or more yet. RequestCount of the newest minute: 640; the \
                   alarm wants 1000 in each of two minutes. The alarm mysfits-LikeScaleUpAlarm is OK.";
    let requests = values("RequestCount", &[(120, 700.0), (60, 640.0)]);
    for other in [
        json!([]),
        json!([activity("LikeScaleUpPolicy", 4, 10)]),
        json!([back]),
        // The policy of an earlier exercise had the same name.
        json!([activity("LikeScaleUpPolicy", 12, -86_400)]),
    ] {
        assert_eq!(
            missing("4.2", &[activities(other), requests.clone()]),
            [not_yet]
        );
    }
    assert_eq!(missing("4.3", &[activities(json!([back, out]))]), DONE);
    let again = activity("LikeScaleUpPolicy", 17, 30);
    let found = missing("4.3", &[activities(json!([again, back, out]))]);
    assert!(
        found[0].starts_with("The newest activity is of LikeScaleUpPolicy (17 tasks)."),
        "{found:?}"
    );
    assert_eq!(
        missing("4.3", &[]),
        ["No activity of LikeScaleUpPolicy yet: run load first."]
    );
}

#[test]
fn lab_4_wants_target_tracking_in_the_variant() {
    let policy = json!([{
        "PolicyName": "LikeTargetTracking",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": { "PredefinedMetricType": "ECSServiceAverageCPUUtilization" },
            "ScaleOutCooldown": 30,
            "ScaleInCooldown": 30,
        },
    }]);
    let targets = |max: u32| {
        (
            "describe-scalable-targets",
            "/ScalableTargets",
            json!([{ "MinCapacity": 1, "MaxCapacity": max }]),
        )
    };
    let policies = (POLICIES, "/ScalingPolicies", policy);
    let cooldown = (
        POLICIES,
        "/ScalingPolicies/0/TargetTrackingScalingPolicyConfiguration/ScaleInCooldown",
        json!(null),
    );
    assert_eq!(missing("4.4", &[targets(10), policies.clone()]), DONE);
    assert_eq!(
        missing("4.4", &[targets(10), policies.clone(), cooldown]),
        ["LikeTargetTracking: the scale-in cool-down is not set; this step wants 30."]
    );
    assert_eq!(
        missing("4.4", &[targets(20), policies.clone()]),
        ["The scalable target goes from 1 to 20 tasks; this step wants 1 to 10."]
    );
    assert_eq!(
        missing("4.4", &[targets(10)]),
        [
            "There is still step scaling: LikeScaleDownPolicy and LikeScaleUpPolicy. This step wants only target tracking: delete the \
             others.",
            "There is no scaling policy of the type TargetTrackingScaling; this step wants one.",
        ]
    );
    let acted = |name, tasks| {
        (
            ACTIVITIES,
            "/ScalingActivities",
            json!([activity(name, tasks, 10)]),
        )
    };
    assert_eq!(
        missing("4.5", &[policies.clone(), acted("LikeTargetTracking", 6)]),
        DONE
    );
    assert_eq!(
        missing(
            "4.5",
            &[
                policies.clone(),
                acted("LikeTargetTracking", 2),
                values("CPUUtilization", &[(60, 14.4)])
            ]
        ),
        [
            "LikeTargetTracking has set the desired count to 2; this step wants more than 3 tasks. CPU of the newest minute: 14 %; the \
             target is 50 %."
        ]
    );
    assert_eq!(
        missing(
            "4.5",
            &[
                policies,
                acted("LikeScaleUpPolicy", 12),
                values("CPUUtilization", &[(60, 22.6)])
            ]
        ),
        [
            "No activity of LikeTargetTracking yet; this step wants more than 3 tasks. CPU of the newest minute: 23 %; the target is \
             50 %."
        ]
    );
}
