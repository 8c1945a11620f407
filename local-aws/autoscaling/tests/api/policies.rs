//! Scaling policies and their alarms.

use serde_json::{Value, json};

use crate::world::{Api, RESOURCE, START, step, tracking};

async fn describe(api: &Api) -> Vec<Value> {
    let policies = api.succeed("DescribeScalingPolicies", json!({})).await;
    policies["ScalingPolicies"].as_array().unwrap().clone()
}

/// The responses of AWS to calls 61 and 62 of controls.json (see errors.rs).
#[tokio::test(start_paused = true)]
async fn a_step_scaling_policy_is_described_as_on_aws() {
    let api = Api::with_target().await;
    let configuration = json!({
        "AdjustmentType": "ExactCapacity",
        "StepAdjustments": [{ "MetricIntervalLowerBound": 0, "ScalingAdjustment": 0 }],
    });
    let request = json!({
        "PolicyName": "step",
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": configuration,
    });
    let response = api.succeed("PutScalingPolicy", request).await;
    let arn = response["PolicyARN"].as_str().unwrap();
    assert!(
        arn.starts_with("arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:"),
        "{arn}"
    );
    assert!(
        arn.ends_with(":resource/ecs/service/default/web-app:policyName/step"),
        "{arn}"
    );
    assert_eq!(response, json!({ "Alarms": [], "PolicyARN": arn }));
    let described = json!({
        "Alarms": [],
        "CreationTime": START as f64,
        "PolicyARN": arn,
        "PolicyName": "step",
        "PolicyType": "StepScaling",
        "ResourceId": RESOURCE,
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ExactCapacity",
            "StepAdjustments": [{ "MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 0 }],
        },
    });
    assert_eq!(describe(&api).await, [described]);
}

/// AWS CLI, examples/application-autoscaling/describe-scaling-policies.rst: the alarms that have the policy as an action.
#[tokio::test(start_paused = true)]
async fn the_alarms_of_a_step_scaling_policy_are_those_that_name_it() {
    let api = Api::with_target().await;
    let arn = api.put_step("web-app-cpu-gt-75", 2).await;
    let alarm = json!({ "AlarmName": "web-app-cpu-gt-75", "AlarmActions": [arn] });
    let other = json!({ "AlarmName": "other", "AlarmActions": ["arn:other"] });
    for alarm in [alarm, other] {
        api.world.insert_alarm(alarm);
    }
    let expected = json!([{
        "AlarmName": "web-app-cpu-gt-75",
        "AlarmARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:web-app-cpu-gt-75",
    }]);
    assert_eq!(describe(&api).await[0]["Alarms"], expected);
}

/// AWS, API reference of `DeleteScalingPolicy`: the alarm action is deleted, the alarm is not.
#[tokio::test(start_paused = true)]
async fn deleting_a_policy_removes_its_action_from_the_alarms_which_stay() {
    let api = Api::with_target().await;
    for (operation, parameters) in [
        ("DeleteScalingPolicy", json!({ "PolicyName": "up" })),
        ("DeregisterScalableTarget", json!({})),
    ] {
        let arn = api.put_step("up", 2).await;
        api.world
            .insert_alarm(json!({ "AlarmName": "of-policy", "AlarmActions": ["arn:other", arn] }));
        api.world
            .insert_alarm(json!({ "AlarmName": "other", "AlarmActions": ["arn:other"] }));
        api.succeed(operation, parameters).await;
        let alarms = api.world.alarms.lock().unwrap();
        let actions: Vec<_> = alarms.values().map(|it| &it["AlarmActions"]).collect();
        assert_eq!(actions, [&json!(["arn:other"]); 2], "{operation}");
    }
}

/// Calls 63 to 68 of controls.json: a policy keeps its adjustment type and its steps, and loses other members that the request
/// does not have.
#[tokio::test(start_paused = true)]
async fn a_partial_change_of_step_scaling_acts_as_on_aws() {
    let api = Api::with_target().await;
    let arn = api.put_step("up", 3).await;
    let steps = json!([{ "MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 3 }]);
    for (configuration, expected) in [
        (None, json!({ "Cooldown": 60 })),
        (Some(Value::Null), json!({ "Cooldown": 60 })),
        (Some(json!({ "Cooldown": 17 })), json!({ "Cooldown": 17 })),
        (
            Some(json!({ "MetricAggregationType": "Maximum" })),
            json!({ "MetricAggregationType": "Maximum" }),
        ),
        (Some(json!({})), json!({})),
        (
            Some(
                json!({ "AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2 }),
            ),
            json!({ "AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2 }),
        ),
    ] {
        let mut request = json!({ "PolicyName": "up" });
        if let Some(configuration) = &configuration {
            request["StepScalingPolicyConfiguration"] = configuration.clone();
        }
        let response = api.succeed("PutScalingPolicy", request).await;
        assert_eq!(response["PolicyARN"], arn);
        let mut whole = json!({ "AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps });
        let expected = expected.as_object().unwrap().clone();
        whole.as_object_mut().unwrap().extend(expected);
        let described = &describe(&api).await[0]["StepScalingPolicyConfiguration"];
        assert_eq!(*described, whole, "{configuration:?}");
    }
}

/// Calls 75 to 83 of controls.json: each change creates new alarms, and the ARN of their action stays.
#[tokio::test(start_paused = true)]
async fn the_alarms_of_target_tracking_are_created_anew_with_each_change() {
    let api = Api::with_target().await;
    let created = api.put_tracking("tracking", 50.0).await;
    let arn = created["PolicyARN"].as_str().unwrap();
    let names = api.world.alarm_names();
    let [high, low] = &names[..] else {
        panic!("{names:?}");
    };
    assert!(
        high.starts_with("TargetTracking-service/default/web-app-AlarmHigh-"),
        "{high}"
    );
    assert!(
        low.starts_with("TargetTracking-service/default/web-app-AlarmLow-"),
        "{low}"
    );
    let alarm = |name: &String| json!({ "AlarmName": name, "AlarmARN": format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}") });
    assert_eq!(created["Alarms"], json!([alarm(high), alarm(low)]));
    let action = |name: &String| {
        let alarms = api.world.alarms.lock().unwrap();
        alarms[name]["AlarmActions"][0].as_str().unwrap().to_owned()
    };
    let first_action = action(high);
    assert!(
        first_action.starts_with(&format!("{arn}:createdBy/")),
        "{first_action}"
    );
    assert_eq!(action(low), first_action);
    let description = api.world.alarms.lock().unwrap()[high]["AlarmDescription"].clone();
    assert_eq!(
        description,
        format!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {first_action}.")
    );
    let change = json!({
        "PolicyName": "tracking",
        "TargetTrackingScalingPolicyConfiguration": { "TargetValue": 60, "DisableScaleIn": true, "ScaleOutCooldown": 17 },
    });
    let changed = api.succeed("PutScalingPolicy", change).await;
    let names = api.world.alarm_names();
    assert_eq!(changed["Alarms"].as_array().unwrap().len(), 1);
    assert!(names.len() == 1 && names[0] != *high, "{names:?}");
    assert_eq!(action(&names[0]), first_action);
    assert_eq!(
        describe(&api).await[0]["TargetTrackingScalingPolicyConfiguration"],
        json!({
            "DisableScaleIn": true,
            "PredefinedMetricSpecification": { "PredefinedMetricType": "ECSServiceAverageCPUUtilization" },
            "ScaleOutCooldown": 17,
            "TargetValue": 60.0,
        })
    );
    api.put_tracking("tracking", 50.0).await;
    assert_eq!(api.world.alarm_names().len(), 2);
    let described = &describe(&api).await[0];
    assert_eq!(described["CreationTime"], START as f64);
    assert_eq!(
        described["TargetTrackingScalingPolicyConfiguration"],
        json!({
            "PredefinedMetricSpecification": { "PredefinedMetricType": "ECSServiceAverageCPUUtilization" },
            "TargetValue": 50.0,
        })
    );
    api.succeed("DeleteScalingPolicy", json!({ "PolicyName": "tracking" }))
        .await;
    assert!(api.world.alarm_names().is_empty());
    assert!(describe(&api).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn requests_per_target_are_tracked_with_the_label_of_the_target_group() {
    let api = Api::with_target().await;
    let label = "app/lb/d0c97e9f29409ff1/targetgroup/web/0123456789abcdef";
    let metric =
        json!({ "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label });
    let mut request = tracking("requests", 20.0);
    request["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"] =
        metric.clone();
    api.succeed("PutScalingPolicy", request).await;
    let described = &describe(&api).await[0]["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(described["PredefinedMetricSpecification"], metric);
    let alarms = api.world.alarms.lock().unwrap();
    assert!(
        alarms
            .values()
            .all(|alarm| alarm["MetricName"] == "RequestCountPerTarget")
    );
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_not_created_if_one_of_its_alarms_is_refused() {
    let api = Api::with_target().await;
    *api.world.free_alarms.lock().unwrap() = Some(1);
    let (code, _) = api
        .fail("PutScalingPolicy", tracking("tracking", 50.0))
        .await;
    assert_eq!(code, "LimitExceeded");
    assert!(api.world.alarm_names().is_empty());
    assert!(describe(&api).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_the_policies_that_are_asked_for_are_described() {
    let api = Api::with_target().await;
    let prod = "service/prod/web-app";
    let request = json!({ "ResourceId": prod, "MinCapacity": 1, "MaxCapacity": 2 });
    api.succeed("RegisterScalableTarget", request).await;
    for (resource, name) in [(RESOURCE, "up"), (RESOURCE, "down"), (prod, "up")] {
        let mut request = step(name, 1);
        request["ResourceId"] = json!(resource);
        api.succeed("PutScalingPolicy", request).await;
    }
    for (request, expected) in [
        (
            json!({}),
            &[(RESOURCE, "down"), (RESOURCE, "up"), (prod, "up")][..],
        ),
        (
            json!({ "PolicyNames": ["up"] }),
            &[(RESOURCE, "up"), (prod, "up")],
        ),
        (
            json!({ "ResourceId": RESOURCE }),
            &[(RESOURCE, "down"), (RESOURCE, "up")],
        ),
        (
            json!({ "ResourceId": prod, "ScalableDimension": "ecs:service:DesiredCount", "PolicyNames": ["up", "x"] }),
            &[(prod, "up")],
        ),
        (json!({ "ResourceId": "service/prod/missing" }), &[]),
        (json!({ "ServiceNamespace": "rds" }), &[]),
    ] {
        let policies = api
            .succeed("DescribeScalingPolicies", request.clone())
            .await;
        let policies = policies["ScalingPolicies"].as_array().unwrap();
        let text = |policy: &Value, name: &str| policy[name].as_str().unwrap().to_owned();
        let found: Vec<_> = policies
            .iter()
            .map(|it| (text(it, "ResourceId"), text(it, "PolicyName")))
            .collect();
        let found: Vec<_> = found.iter().map(|(id, name)| (&**id, &**name)).collect();
        assert_eq!(found, expected, "{request}");
    }
}

/// A quota of AWS: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
#[tokio::test(start_paused = true)]
async fn a_target_has_at_most_fifty_policies() {
    let api = Api::with_target().await;
    for number in 0..50 {
        api.put_step(&number.to_string(), 1).await;
    }
    let (code, _) = api.fail("PutScalingPolicy", step("one more", 1)).await;
    assert_eq!(code, "LimitExceededException");
    // An existing policy can change.
    api.put_step("7", 2).await;
}
