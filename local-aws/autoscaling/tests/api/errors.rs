//! Errors: codes and messages.

use serde_json::{Value, json};

use crate::policy_errors::{predefined, put_tracking, steps};
use crate::world::{Api, bounds, step};

pub async fn assert_errors(api: &Api, calls: impl IntoIterator<Item = (&str, Value, &str, &str)>) {
    for (operation, request, code, message) in calls {
        let error = api.fail(operation, request.clone()).await;
        assert_eq!(
            (&*error.0, &*error.1),
            (code, message),
            "{operation} {request}"
        );
    }
}

pub const INVALID: &str = "ValidationException";
const NOT_FOUND: &str = "ObjectNotFoundException";

const IDENTITY: &str = "service namespace: ecs, resource ID: service/default/web-app, scalable dimension: ecs:service:DesiredCount";

/// Responses of AWS of 2026-09-17: github.com/radkawar/stackd, testdata/aws/applicationautoscaling/controls.json.
#[tokio::test(start_paused = true)]
async fn errors_about_targets_are_those_of_recorded_responses() {
    let api = Api::new();
    let put = "PutScalingPolicy";
    let register = "RegisterScalableTarget";
    let none = format!("No scalable target registered for {IDENTITY}");
    let none_found = format!("No scalable target found for {IDENTITY}");
    let with = |name: &str, value: Value| {
        let mut request = bounds(0, 0);
        request[name] = value;
        request
    };
    assert_errors(
        &api,
        [
            (put, step("p", 1), NOT_FOUND, &*none),
            ("DeregisterScalableTarget", json!({}), NOT_FOUND, &none_found),
            (register, json!({}), INVALID, "Minimum capacity must be specified"),
            (
                register,
                with("ResourceId", json!("service/default/missing")),
                INVALID,
                "ECS service doesn't exist: service/default/missing",
            ),
            (
                register,
                with("ResourceId", json!("arn:aws:ecs:us-east-1:000000000000:service/default/web-app")),
                INVALID,
                "Unsupported service namespace, resource type or scalable dimension",
            ),
            (register, with("RoleARN", json!("not-an-arn")), INVALID, "'not-an-arn' is not a valid ARN"),
            (
                register,
                with("RoleARN", json!("")),
                INVALID,
                "1 validation error detected: Value '' at 'roleARN' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (register, bounds(-1, 0), INVALID, "Minimum capacity cannot be less than 0"),
            (register, bounds(0, -1), INVALID, "Maximum capacity cannot be less than minimum capacity"),
            (register, bounds(3, 2), INVALID, "Maximum capacity cannot be less than minimum capacity"),
            (
                register,
                with("ScalableDimension", json!("ecs:service:desiredCount")),
                INVALID,
                "1 validation error detected: Value 'ecs:service:desiredCount' at 'scalableDimension' failed to satisfy constraint: Member must satisfy enum value set: [cassandra:table:WriteCapacityUnits, dynamodb:index:ReadCapacityUnits, cassandra:table:ReadCapacityUnits, dynamodb:index:WriteCapacityUnits, appstream:fleet:DesiredCapacity, sagemaker:inference-component:DesiredCopyCount, comprehend:document-classifier-endpoint:DesiredInferenceUnits, ec2:spot-fleet-request:TargetCapacity, rds:cluster:ReadReplicaCount, elasticache:cache-cluster:Nodes, elasticache:replication-group:Replicas, workspaces:workspacespool:DesiredUserSessions, sagemaker:variant:DesiredProvisionedConcurrency, dynamodb:table:WriteCapacityUnits, kafka:broker-storage:VolumeSize, ecs:service:DesiredCount, sagemaker:variant:DesiredInstanceCount, comprehend:entity-recognizer-endpoint:DesiredInferenceUnits, dynamodb:table:ReadCapacityUnits, lambda:function:ProvisionedConcurrency, custom-resource:ResourceType:Property, neptune:cluster:ReadReplicaCount, elasticache:replication-group:NodeGroups, elasticmapreduce:instancegroup:InstanceCount]",
            ),
        ],
    )
    .await;
    api.succeed(register, bounds(2, 10)).await;
    let no_policy = format!("No scaling policy found for {IDENTITY}, policy name: missing");
    let bad_token = "The NextToken value is not valid";
    let token = json!({ "NextToken": "invalid-token" });
    assert_errors(
        &api,
        [
            (
                "DeleteScalingPolicy",
                json!({ "PolicyName": "missing" }),
                NOT_FOUND,
                &*no_policy,
            ),
            (
                "DescribeScalableTargets",
                token.clone(),
                "InvalidNextTokenException",
                bad_token,
            ),
            (
                "DescribeScalingPolicies",
                token.clone(),
                "InvalidNextTokenException",
                bad_token,
            ),
            (
                "DescribeScalingActivities",
                token,
                "InvalidNextTokenException",
                bad_token,
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn all_violations_of_the_model_are_named() {
    let api = Api::with_target().await;
    let (code, message) = api
        .fail(
            "PutScalingPolicy",
            json!({
                "PolicyName": "",
                "ServiceNamespace": "ECS",
                "ResourceId": "r".repeat(1601),
                "ScalableDimension": null,
                "StepScalingPolicyConfiguration": {
                    "AdjustmentType": "change",
                    "MetricAggregationType": "Sum",
                    "StepAdjustments": [{}],
                },
                "TargetTrackingScalingPolicyConfiguration": {
                    "PredefinedMetricSpecification": { "PredefinedMetricType": "CPU", "ResourceLabel": "" },
                },
            }),
        )
        .await;
    assert_eq!(code, INVALID);
    assert!(
        message.starts_with("10 validation errors detected: Value null at 'scalableDimension'"),
        "{message}"
    );
    for part in [
        "Value 'ECS' at 'serviceNamespace' failed to satisfy constraint: Member must satisfy enum value set: [ecs, ",
        "' at 'resourceId' failed to satisfy constraint: Member must have length less than or equal to 1600",
        "Value '' at 'policyName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value 'change' at 'stepScalingPolicyConfiguration.adjustmentType'",
        "Value 'Sum' at 'stepScalingPolicyConfiguration.metricAggregationType'",
        "Value null at 'stepScalingPolicyConfiguration.stepAdjustments.1.member.scalingAdjustment' failed to satisfy constraint: Member must not be null",
        "Value null at 'targetTrackingScalingPolicyConfiguration.targetValue'",
        "Value 'CPU' at 'targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType'",
        "Value '' at 'targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.resourceLabel'",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(message.len() < 5000);
    let ids: Vec<_> = (0..51)
        .map(|number| format!("service/c/{number}"))
        .collect();
    for (operation, request, part) in [
        (
            "DescribeScalableTargets",
            json!({ "ServiceNamespace": null }),
            "Value null at 'serviceNamespace'",
        ),
        (
            "DescribeScalableTargets",
            json!({ "ResourceIds": ids }),
            "at 'resourceIds' failed to satisfy constraint: Member must have length less than or equal to 50",
        ),
        (
            "DescribeScalingPolicies",
            json!({ "PolicyNames": [""] }),
            "Value '' at 'policyNames.1.member'",
        ),
        (
            "DescribeScalingActivities",
            json!({ "ResourceId": "\u{7}" }),
            "at 'resourceId' failed to satisfy constraint: Member must satisfy regular expression pattern",
        ),
        (
            "DeleteScalingPolicy",
            json!({}),
            "Value null at 'policyName'",
        ),
    ] {
        let (code, message) = api.fail(operation, request).await;
        assert_eq!(code, INVALID);
        assert!(message.contains(part), "{message}");
    }
}

/// What is not implemented, and what the request cannot have, is refused by its name.
#[tokio::test(start_paused = true)]
async fn what_is_not_implemented_is_named() {
    let api = Api::with_target().await;
    let mut predictive = json!({ "PolicyName": "p", "PolicyType": "PredictiveScaling" });
    let mut with_tags = bounds(1, 2);
    with_tags["Tags"] = json!({ "environment": "production" });
    let custom = json!({ "TargetValue": 50, "CustomizedMetricSpecification": {} });
    let high_resolution = predefined("ECSServiceAverageCPUUtilizationHighResolution", None);
    for (operation, request, code, part) in [
        (
            "PutScheduledAction",
            json!({}),
            "UnknownOperationException",
            "PutScheduledAction",
        ),
        (
            "DescribeScheduledActions",
            json!({}),
            "UnknownOperationException",
            "DescribeScheduledActions",
        ),
        (
            "TagResource",
            json!({}),
            "UnknownOperationException",
            "TagResource",
        ),
        ("RegisterScalableTarget", with_tags, INVALID, "Tags"),
        (
            "RegisterScalableTarget",
            json!({ "ServiceNamespace": "dynamodb" }),
            INVALID,
            "'dynamodb'",
        ),
        (
            "RegisterScalableTarget",
            json!({ "MinCapacty": 1 }),
            INVALID,
            "`MinCapacty`",
        ),
        (
            "RegisterScalableTarget",
            json!({ "MinCapacity": 1.5 }),
            INVALID,
            "MinCapacity: ",
        ),
        (
            "RegisterScalableTarget",
            json!({ "MinCapacity": 3_000_000_000_u32 }),
            INVALID,
            "MinCapacity: ",
        ),
        (
            "DescribeScalableTargets",
            json!({ "MaxResults": "1" }),
            INVALID,
            "MaxResults: ",
        ),
        (
            "PutScalingPolicy",
            predictive.clone(),
            INVALID,
            "PredictiveScaling",
        ),
        (
            "PutScalingPolicy",
            put_tracking(custom),
            INVALID,
            "CustomizedMetricSpecification",
        ),
        (
            "PutScalingPolicy",
            high_resolution,
            INVALID,
            "ECSServiceAverageCPUUtilizationHighResolution",
        ),
        (
            "PutScalingPolicy",
            steps("ChangeInCapacity", json!([{ "Adjustment": 1 }])),
            INVALID,
            "StepScalingPolicyConfiguration.StepAdjustments[0].Adjustment: ",
        ),
    ] {
        let (actual, message) = api.fail(operation, request).await;
        assert_eq!(actual, code, "{message}");
        assert!(message.contains(part), "{message}");
    }
    predictive["PredictiveScalingPolicyConfiguration"] = json!({ "Mode": "ForecastOnly" });
    let (_, message) = api.fail("PutScalingPolicy", predictive).await;
    assert_eq!(
        message,
        "PredictiveScalingPolicyConfiguration is not implemented"
    );
}

/// The API reference: "If you specify a scalable dimension, you must also specify a resource ID."
#[tokio::test(start_paused = true)]
async fn a_dimension_needs_a_resource() {
    let api = Api::with_target().await;
    let request = json!({ "ScalableDimension": "ecs:service:DesiredCount" });
    for operation in [
        "DescribeScalableTargets",
        "DescribeScalingPolicies",
        "DescribeScalingActivities",
    ] {
        let (code, message) = api.fail(operation, request.clone()).await;
        assert_eq!(code, INVALID);
        assert_eq!(
            message,
            "ScalableDimension can be specified only together with a resource ID"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_json_object_is_refused() {
    let api = Api::new();
    for (body, code) in [
        ("", "SerializationException"),
        ("{", "SerializationException"),
        ("{} {}", "SerializationException"),
        ("[]", INVALID),
        ("null", INVALID),
    ] {
        let (status, error) = api.send("DescribeScalableTargets", body).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(error["__type"], code, "{body}");
    }
}
