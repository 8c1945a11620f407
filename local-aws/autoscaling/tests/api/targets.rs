//! Scalable targets.

use serde_json::{Value, json};

use crate::world::{Api, RESOURCE, START, bounds};

async fn describe(api: &Api) -> Vec<Value> {
    let targets = api.succeed("DescribeScalableTargets", json!({})).await;
    targets["ScalableTargets"].as_array().unwrap().clone()
}

/// The response of AWS to call 25 in controls.json (see errors.rs), with other names and bounds.
#[tokio::test(start_paused = true)]
async fn a_target_is_described_as_on_aws() {
    let api = Api::new();
    let registered = api.succeed("RegisterScalableTarget", bounds(1, 10)).await;
    let arn = registered["ScalableTargetARN"].as_str().unwrap();
    let id = arn.strip_prefix(
        "arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/0ec5",
    );
    let id = id.unwrap();
    assert!(
        id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit()),
        "{arn}"
    );
    let expected = json!({
        "CreationTime": START as f64,
        "MaxCapacity": 10,
        "MinCapacity": 1,
        "ResourceId": RESOURCE,
        "RoleARN": "arn:aws:iam::000000000000:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ScalableTargetARN": arn,
        "ServiceNamespace": "ecs",
        "SuspendedState": {
            "DynamicScalingInSuspended": false,
            "DynamicScalingOutSuspended": false,
            "ScheduledScalingSuspended": false,
        },
    });
    assert_eq!(describe(&api).await, [expected]);
    // The policy's ARN contains the same id (call 61).
    let policy = api.put_step("up", 1).await;
    let dashed = policy.split(':').nth(6).unwrap();
    assert_eq!(dashed.replace('-', ""), id);
}

/// As calls 27 to 36 of controls.json.
#[tokio::test(start_paused = true)]
async fn registering_again_changes_only_what_the_request_has() {
    let api = Api::with_target().await;
    let before = describe(&api).await;
    api.succeed("RegisterScalableTarget", json!({})).await;
    let nothing = json!({ "MinCapacity": null, "MaxCapacity": null, "RoleARN": null, "SuspendedState": null, "Tags": null });
    api.succeed("RegisterScalableTarget", nothing).await;
    assert_eq!(describe(&api).await, before);
    for (request, expected) in [
        (
            json!({ "DynamicScalingInSuspended": true }),
            [true, false, false],
        ),
        (
            json!({ "ScheduledScalingSuspended": true }),
            [true, false, true],
        ),
        (json!({}), [true, false, true]),
        (
            json!({ "DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": true }),
            [false, true, true],
        ),
    ] {
        api.succeed(
            "RegisterScalableTarget",
            json!({ "SuspendedState": request }),
        )
        .await;
        let state = &describe(&api).await[0]["SuspendedState"];
        let names = [
            "DynamicScalingInSuspended",
            "DynamicScalingOutSuspended",
            "ScheduledScalingSuspended",
        ];
        assert_eq!(names.map(|name| state[name].as_bool().unwrap()), expected);
    }
    api.succeed("RegisterScalableTarget", json!({ "MaxCapacity": 20 }))
        .await;
    let target = &describe(&api).await[0];
    assert_eq!(
        (&target["MinCapacity"], &target["MaxCapacity"]),
        (&json!(2), &json!(20))
    );
    assert_eq!(target["ScalableTargetARN"], before[0]["ScalableTargetARN"]);
}

#[tokio::test(start_paused = true)]
async fn only_the_targets_that_are_asked_for_are_described() {
    let api = Api::with_target().await;
    let other = "service/default/other";
    let request = json!({ "ResourceId": other, "MinCapacity": 1, "MaxCapacity": 2 });
    api.succeed("RegisterScalableTarget", request).await;
    for (request, expected) in [
        (json!({}), &[other, RESOURCE][..]),
        (json!({ "ResourceIds": [] }), &[other, RESOURCE]),
        (
            json!({ "ResourceIds": [RESOURCE, "service/default/missing"] }),
            &[RESOURCE],
        ),
        (json!({ "ResourceIds": ["service/default/missing"] }), &[]),
        (
            json!({ "ResourceIds": [other], "ScalableDimension": "ecs:service:DesiredCount" }),
            &[other],
        ),
        (
            json!({ "ResourceIds": [other], "ScalableDimension": "dynamodb:table:ReadCapacityUnits" }),
            &[],
        ),
        (json!({ "ServiceNamespace": "dynamodb" }), &[]),
    ] {
        let targets = api
            .succeed("DescribeScalableTargets", request.clone())
            .await;
        let targets = targets["ScalableTargets"].as_array().unwrap();
        let ids: Vec<_> = targets
            .iter()
            .map(|it| it["ResourceId"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected, "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn deregistering_deletes_the_policies_and_their_alarms() {
    let api = Api::with_target().await;
    api.put_step("up", 1).await;
    api.put_tracking("tracking", 50.0).await;
    assert_eq!(api.world.alarm_names().len(), 2);
    let response = api.succeed("DeregisterScalableTarget", json!({})).await;
    assert_eq!(response, json!({}));
    assert!(describe(&api).await.is_empty());
    assert!(api.world.alarm_names().is_empty());
    let first = api.fail("DeregisterScalableTarget", json!({})).await;
    assert_eq!(first.0, "ObjectNotFoundException");
    api.succeed("RegisterScalableTarget", bounds(2, 10)).await;
    let policies = api.succeed("DescribeScalingPolicies", json!({})).await;
    assert_eq!(policies, json!({ "ScalingPolicies": [] }));
}

#[tokio::test(start_paused = true)]
async fn a_reset_leaves_nothing() {
    let api = Api::with_target().await;
    api.put_tracking("tracking", 50.0).await;
    let up = api.put_step("up", 1).await;
    api.alarm(&up, "alarm", &[60.0]).await;
    assert_eq!(api.activities().await.len(), 1);
    api.scaling.reset().await;
    assert!(describe(&api).await.is_empty());
    assert!(api.activities().await.is_empty());
    assert!(api.world.alarm_names().is_empty());
}
