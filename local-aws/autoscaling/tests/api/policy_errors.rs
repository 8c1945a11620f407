//! Errors of `PutScalingPolicy`: codes and messages.

use serde_json::{Value, json};

use crate::errors::{INVALID, assert_errors};
use crate::world::{Api, step, tracking};

/// Puts a policy with this step configuration.
pub fn put_step(configuration: Value) -> Value {
    json!({
        "PolicyName": "p",
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": configuration,
    })
}

pub fn steps(adjustment_type: &str, steps: Value) -> Value {
    put_step(json!({ "AdjustmentType": adjustment_type, "StepAdjustments": steps }))
}

/// Puts a policy with this target tracking configuration.
pub fn put_tracking(configuration: Value) -> Value {
    json!({
        "PolicyName": "p",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": configuration,
    })
}

pub fn predefined(metric: &str, label: Option<&str>) -> Value {
    let mut specification = json!({ "PredefinedMetricType": metric });
    if let Some(label) = label {
        specification["ResourceLabel"] = label.into();
    }
    put_tracking(json!({ "TargetValue": 1, "PredefinedMetricSpecification": specification }))
}

/// The file that `errors` cites. The messages with bounds that are left out: github.com/badmintoncryer/cdk-preflight, which lists why AWS refuses
/// templates; also github.com/hashicorp/terraform-provider-aws/issues/4812 and 17529. The number of steps:
/// github.com/aws/aws-cdk/issues/26215.
#[tokio::test(start_paused = true)]
async fn errors_about_step_scaling_are_those_of_recorded_responses() {
    let api = Api::with_target().await;
    let change = "ChangeInCapacity";
    let first = json!([{ "MetricIntervalLowerBound": 0, "ScalingAdjustment": 0 }]);
    let many: Vec<_> = (0..21)
        .map(|bound| json!({ "MetricIntervalLowerBound": bound, "MetricIntervalUpperBound": bound + 1, "ScalingAdjustment": 1 }))
        .collect();
    let requests = [
        (
            json!({ "PolicyName": "p" }),
            "Scaling policy type must be specified",
        ),
        (
            json!({ "PolicyName": "p", "PolicyType": "SimpleScaling" }),
            "1 validation error detected: Value 'SimpleScaling' at 'policyType' failed to satisfy constraint: Member must satisfy enum value set: [PredictiveScaling, RightSizing, StepScaling, TargetTrackingScaling]",
        ),
        (
            json!({ "PolicyName": "p", "PolicyType": "StepScaling" }),
            "StepScaling policy configuration must be specified",
        ),
        (put_step(json!({})), "Adjustment type must be specified"),
        (
            steps("ExactCapacity", json!([])),
            "There must be at least one step adjustment",
        ),
        (
            steps(change, many.into()),
            "There can be at most 20 step adjustments per scaling policy",
        ),
        (
            steps(
                change,
                json!([
                    { "MetricIntervalUpperBound": 0, "ScalingAdjustment": -1 },
                    { "MetricIntervalLowerBound": 1, "ScalingAdjustment": 1 },
                ]),
            ),
            "Step adjustment intervals cannot have gaps between them",
        ),
        (
            steps(
                change,
                json!([
                    { "MetricIntervalUpperBound": 2, "ScalingAdjustment": -1 },
                    { "MetricIntervalLowerBound": 1, "ScalingAdjustment": 1 },
                ]),
            ),
            "Step adjustment intervals cannot overlap",
        ),
        (
            steps(change, json!([{ "ScalingAdjustment": 1 }])),
            "Both lower and upper bounds of a step adjustment cannot be left unspecified",
        ),
        (
            steps(
                change,
                json!([{ "MetricIntervalLowerBound": 5, "MetricIntervalUpperBound": 5, "ScalingAdjustment": 1 }]),
            ),
            "Lower bound must be less than upper bound for a step adjustment",
        ),
        (
            steps(
                change,
                json!([
                    { "MetricIntervalUpperBound": 0, "ScalingAdjustment": 1 },
                    { "MetricIntervalUpperBound": 1, "ScalingAdjustment": 1 },
                ]),
            ),
            "At most one step adjustment may have an unspecified lower bound",
        ),
        (
            steps(
                change,
                json!([
                    { "MetricIntervalLowerBound": 0, "ScalingAdjustment": 1 },
                    { "MetricIntervalLowerBound": 1, "ScalingAdjustment": 1 },
                ]),
            ),
            "At most one step adjustment may have an unspecified upper bound",
        ),
        (
            steps(
                change,
                json!([{ "MetricIntervalLowerBound": -5, "ScalingAdjustment": 1 }]),
            ),
            "There must be a step adjustment with an unspecified lower bound when one step adjustment has a negative lower bound",
        ),
        (
            steps(
                change,
                json!([{ "MetricIntervalUpperBound": 5, "ScalingAdjustment": 1 }]),
            ),
            "There must be a step adjustment with an unspecified upper bound when one step adjustment has a positive upper bound",
        ),
        (
            steps(
                "ExactCapacity",
                json!([{ "MetricIntervalLowerBound": 0, "ScalingAdjustment": -1 }]),
            ),
            "Scaling adjustment cannot be less than 0 when adjustment type is ExactCapacity",
        ),
        (
            put_step(
                json!({ "AdjustmentType": "ExactCapacity", "StepAdjustments": first, "MinAdjustmentMagnitude": 2 }),
            ),
            "Minimum adjustment magnitude is only allowed for adjustment type PercentChangeInCapacity",
        ),
        (
            put_step(
                json!({ "AdjustmentType": "ExactCapacity", "StepAdjustments": first, "Cooldown": -1 }),
            ),
            "Cooldown must be nonnegative",
        ),
    ];
    let requests =
        requests.map(|(request, message)| ("PutScalingPolicy", request, INVALID, message));
    assert_errors(&api, requests).await;
    let policies = api.succeed("DescribeScalingPolicies", json!({})).await;
    assert_eq!(policies, json!({ "ScalingPolicies": [] }));
}

/// As above; labels of target groups: alb_policy_bound_native.json of the same directory, and cdk-preflight; the metric of two
/// policies: metric_identity.json; policy names: policy_names.json.
#[tokio::test(start_paused = true)]
async fn errors_about_target_tracking_are_those_of_recorded_responses() {
    let api = Api::with_target().await;
    api.put_tracking("tracking", 50.0).await;
    api.put_step("step", 1).await;
    let alb = "ALBRequestCountPerTarget";
    let cpu = json!({ "PredefinedMetricType": "ECSServiceAverageCPUUtilization" });
    let mut both = step("p", 1);
    both["TargetTrackingScalingPolicyConfiguration"] =
        tracking("p", 50.0)["TargetTrackingScalingPolicyConfiguration"].clone();
    let requests = [
        (
            json!({ "PolicyName": "p", "PolicyType": "TargetTrackingScaling" }),
            "TargetTrackingScaling policy configuration must be specified",
        ),
        (
            tracking("p", 0.0),
            "For target tracking scaling, target value must be between '8.51592E-109' and '1.174271E108', but was '0.0'.",
        ),
        (
            tracking("p", -1.0),
            "For target tracking scaling, target value must be between '8.51592E-109' and '1.174271E108', but was '-1.0'.",
        ),
        (
            put_tracking(json!({ "TargetValue": 50 })),
            "PredefinedMetricSpecification or CustomizedMetricSpecification must be set for target tracking scaling.",
        ),
        (
            put_tracking(json!({
                "TargetValue": 50,
                "PredefinedMetricSpecification": cpu,
                "CustomizedMetricSpecification": { "Namespace": "n", "MetricName": "m", "Statistic": "Average" },
            })),
            "Only one of PredefinedMetricSpecification or CustomizedMetricSpecification can be set for target tracking scaling.",
        ),
        (
            predefined(alb, None),
            "Resource label should be specified for predefined metric type ALBRequestCountPerTarget",
        ),
        (
            predefined(
                "ECSServiceAverageMemoryUtilization",
                Some("app/a/b/targetgroup/c/d"),
            ),
            "Resource label should not be specified for predefined metric type ECSServiceAverageMemoryUtilization",
        ),
        (
            predefined(alb, Some("net/a/b/targetgroup/web/0123456789abcdef")),
            "Invalid resource label 'net/a/b/targetgroup/web/0123456789abcdef' for predefined metric type ALBRequestCountPerTarget",
        ),
        (
            predefined(alb, Some("app/a/b/targetgroup/web/0123456789abcdef/x")),
            "Invalid resource label 'app/a/b/targetgroup/web/0123456789abcdef/x' for predefined metric type ALBRequestCountPerTarget",
        ),
        (
            predefined(alb, Some("app/a/b/targetgroup/c/d")),
            "Target group targetgroup/c/d is not attached to resource service/default/web-app",
        ),
        (
            tracking("p", 65.0),
            "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
        ),
        (
            tracking("step", 65.0),
            "You cannot change a StepScaling policy to a non StepScaling policy, or vice versa.",
        ),
        (
            both,
            "You must only provide a single scaling policy configuration, which must match the scaling policy type specified.",
        ),
        (
            step("café", 1),
            "1 validation error detected: Value 'café' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: \\p{Print}+",
        ),
        (
            step("a\tb", 1),
            "1 validation error detected: Value 'a\tb' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: \\p{Print}+",
        ),
    ];
    let requests =
        requests.map(|(request, message)| ("PutScalingPolicy", request, INVALID, message));
    let before = (
        api.succeed("DescribeScalingPolicies", json!({})).await,
        api.world.alarm_names(),
    );
    assert_errors(&api, requests).await;
    let after = (
        api.succeed("DescribeScalingPolicies", json!({})).await,
        api.world.alarm_names(),
    );
    assert_eq!(before, after);
    // A load balancer that does not exist is no error.
    let label = "app/missing/0000000000000000/targetgroup/web/0123456789abcdef";
    api.succeed("PutScalingPolicy", predefined(alb, Some(label)))
        .await;
    for name in ["ascii-!~", "a b"] {
        api.put_step(name, 1).await;
    }
}
