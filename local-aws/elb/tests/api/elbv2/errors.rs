//! Errors: codes and messages.

use super::*;

/// Asserts that calls fail with a code and a message.
async fn assert_errors(api: &Api, calls: &[(&str, &str, &str, &str)]) {
    for (action, parameters, code, message) in calls {
        let error = api.fail(action, parameters).await;
        assert_eq!(
            (&*error.0, &*error.1),
            (*code, *message),
            "{action} {parameters}"
        );
    }
}

/// Each message was seen in a response of AWS. The comments name the places.
#[tokio::test]
async fn errors_have_the_codes_and_messages_of_recorded_responses() {
    let api = Api::new();
    let without_weights = weighted("", "");
    let parts = without_weights.split('&');
    let without_weights: Vec<_> = parts.filter(|it| !it.ends_with("Weight=")).collect();
    let values = (1..=6).map(|number| {
        format!("Conditions.member.1.PathPatternConfig.Values.member.{number}=/{number}")
    });
    let values: Vec<_> = values.collect();
    let weight = "The weight for each target group must be between 0 and 999, inclusive";
    assert_errors(
        &api,
        &[
            // github.com/aws/aws-cdk/issues/24805: two target groups without weights.
            (
                "ModifyRule",
                &format!("RuleArn=RULE&{}", without_weights.join("&")),
                "ValidationError",
                weight,
            ),
            (
                "ModifyRule",
                &format!("RuleArn=RULE&{}", weighted("1", "1000")),
                "ValidationError",
                weight,
            ),
            (
                "ModifyRule",
                &format!("RuleArn=RULE&{}", weighted("-1", "1")),
                "ValidationError",
                weight,
            ),
            // github.com/aws-cloudformation/cfn-lint/issues/3833
            (
                "ModifyRule",
                &format!(
                    "RuleArn=RULE&Conditions.member.1.Field=path-pattern&{}",
                    values.join("&")
                ),
                "ValidationError",
                "A rule can only have '5' condition values",
            ),
            // github.com/FeLvi-zzz/tentez/pull/32
            (
                "ModifyRule",
                &format!("RuleArn=DEFAULT&{FORWARD}TargetGroupArn=BLUE"),
                "OperationNotPermitted",
                &format!("Default rule '{}' cannot be modified", rule_arn(0)),
            ),
            // github.com/hashicorp/terraform/issues/24239
            (
                "CreateRule",
                &format!(
                    "ListenerArn=LISTENER&Priority=1&{}&{FORWARD}TargetGroupArn=BLUE",
                    path("/b")
                ),
                "PriorityInUse",
                "Priority '1' is currently in use",
            ),
            // github.com/awslabs/kubeflow-manifests/issues/116
            (
                "DescribeListeners",
                "ListenerArns.member.1=LISTENER0",
                "ListenerNotFound",
                "One or more listeners not found",
            ),
            // github.com/terraform-linters/tflint-ruleset-aws/issues/404
            (
                "ModifyTargetGroup",
                "TargetGroupArn=BLUE&HealthCheckIntervalSeconds=5",
                "ValidationError",
                "Health check interval must be greater than the timeout.",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn numbers_outside_their_range_are_refused_and_named() {
    let api = Api::new();
    let priority =
        "RulePriorities.member.1.RuleArn=RULE&RulePriorities.member.1.Priority=".to_owned();
    for (action, parameters, value, name, bound) in [
        (
            "DescribeTargetGroups",
            "PageSize=",
            "401",
            "pageSize",
            "less than or equal to 400",
        ),
        (
            "DescribeTargetGroups",
            "PageSize=",
            "-1",
            "pageSize",
            "greater than or equal to 1",
        ),
        (
            "SetRulePriorities",
            &priority,
            "50001",
            "priority",
            "less than or equal to 50000",
        ),
        (
            "SetRulePriorities",
            &priority,
            "65537",
            "priority",
            "less than or equal to 50000",
        ),
        (
            "ModifyTargetGroup",
            "TargetGroupArn=BLUE&HealthyThresholdCount=",
            "4294967298",
            "healthyThresholdCount",
            "less than or equal to 10",
        ),
    ] {
        let error = api.fail(action, &format!("{parameters}{value}")).await;
        let message = format!(
            "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have \
             value {bound}"
        );
        assert_eq!(error, ("ValidationError".to_owned(), message));
    }
}

#[tokio::test]
async fn wrong_requests_are_refused_and_named() {
    let api = Api::new();
    let unknown_rule = format!("RuleArn={}", rule_arn(9));
    let long = path(&format!("/{}", "a".repeat(128)));
    let calls = [
        (
            "DescribeLoadBalancers",
            "Names.member.1=other",
            "LoadBalancerNotFound",
            "Load balancers '[other]' not found",
        ),
        (
            "DescribeLoadBalancers",
            "LoadBalancerArns.member.1=other",
            "ValidationError",
            "'other' is not a valid load balancer ARN",
        ),
        (
            "DescribeListeners",
            "",
            "ValidationError",
            "You must specify either listener ARNs or a load balancer ARN",
        ),
        (
            "DescribeRules",
            "ListenerArn=LISTENER&RuleArns.member.1=RULE",
            "ValidationError",
            "Listener rule ARNs and a listener ARN cannot be specified at the same time",
        ),
        (
            "DescribeRules",
            "RuleArns.member.1=RULE0",
            "RuleNotFound",
            "One or more rules not found",
        ),
        (
            "DescribeTargetGroups",
            "Names.member.1=red",
            "TargetGroupNotFound",
            "One or more target groups not found",
        ),
        (
            "DescribeTargetGroups",
            "Names.member.1=blue&LoadBalancerArn=LB",
            "ValidationError",
            "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time",
        ),
        (
            "DescribeTargetHealth",
            "TargetGroupArn=blue",
            "ValidationError",
            "'blue' is not a valid target group ARN",
        ),
        (
            "ModifyRule",
            "RuleArn=RULE",
            "ValidationError",
            "Either conditions or actions must be specified",
        ),
        (
            "ModifyRule",
            "RuleArn=RULE&Actions.member.1.Type=forward&Actions.member.1.TargetGroupArn=GREEN0",
            "TargetGroupNotFound",
            &format!("Target group '{}0' not found", api.green.arn()),
        ),
        (
            "ModifyRule",
            &format!("RuleArn=RULE&{long}"),
            "ValidationError",
            "The 'path-pattern' value is too long; the limit is '128'",
        ),
        (
            "DeleteRule",
            "RuleArn=DEFAULT",
            "OperationNotPermitted",
            &format!("Default rule '{}' cannot be deleted", rule_arn(0)),
        ),
        (
            "DeleteRule",
            &unknown_rule,
            "RuleNotFound",
            "One or more rules not found",
        ),
        (
            "ModifyTargetGroupAttributes",
            "TargetGroupArn=BLUE&Attributes.member.1.Key=deregistration_delay.timeout_seconds&\
             Attributes.member.1.Value=3601",
            "ValidationError",
            "'deregistration_delay.timeout_seconds' value '3601' must be between '0-3600' inclusive",
        ),
        (
            "ModifyTargetGroupAttributes",
            "TargetGroupArn=BLUE&Attributes.member.1.Key=tcp_keepalive.enabled&Attributes.member.1.Value=true",
            "ValidationError",
            "Target group attribute key 'tcp_keepalive.enabled' is not recognized",
        ),
    ];
    assert_errors(&api, &calls).await;
}

#[tokio::test]
async fn what_is_not_implemented_is_refused_by_name_and_changes_nothing() {
    let api = Api::new();
    let rule = |rest: &str| format!("RuleArn=RULE&{rest}");
    let sticky = "ForwardConfig.TargetGroupStickinessConfig.Enabled=true&\
                  Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn=BLUE";
    let before = api.call("DescribeRules", "ListenerArn=LISTENER").await;
    for (action, parameters, name) in [
        ("CreateListener", "LoadBalancerArn=LB", "CreateListener"),
        ("RegisterTargets", "TargetGroupArn=BLUE", "RegisterTargets"),
        (
            "ModifyRule",
            &*rule("Actions.member.1.Type=redirect"),
            "redirect",
        ),
        (
            "ModifyRule",
            &rule(&format!("{FORWARD}{sticky}")),
            "stickiness",
        ),
        (
            "ModifyRule",
            &rule("Conditions.member.1.Field=host-header&Conditions.member.1.Values.member.1=a"),
            "host-header",
        ),
        (
            "ModifyRule",
            &rule("Conditions.member.1.Field=path-pattern"),
            "condition value",
        ),
        ("ModifyRule", &rule(&path("/a b")), "/a b"),
        ("ModifyRule", &rule(&path("/a*b*c*d*e*f*")), "wildcards"),
        (
            "ModifyRule",
            &rule("ResetTransforms=true&Actions.member.1.Type=forward"),
            "ResetTransforms",
        ),
        ("ModifyListener", "ListenerArn=LISTENER&Port=81", "Port"),
        (
            "ModifyTargetGroup",
            "TargetGroupArn=BLUE&HealthCheckPort=81",
            "health check port",
        ),
        (
            "ModifyTargetGroup",
            "TargetGroupArn=BLUE&HealthCheckProtocol=TCP",
            "TCP",
        ),
        (
            "ModifyTargetGroup",
            "TargetGroupArn=BLUE&Matcher.GrpcCode=0",
            "GrpcCode",
        ),
        (
            "ModifyTargetGroup",
            "TargetGroupArn=BLUE&HealthCheckPath=/up%23x",
            "'/up#x'",
        ),
        (
            "ModifyTargetGroup",
            &format!(
                "TargetGroupArn=BLUE&Matcher.HttpCode=200{}",
                ",200".repeat(256)
            ),
            "at most 1024",
        ),
        (
            "ModifyTargetGroupAttributes",
            "TargetGroupArn=BLUE&Attributes.member.1.Key=stickiness.enabled&Attributes.member.1.Value=true",
            "stickiness.enabled",
        ),
        (
            "DescribeTargetHealth",
            "TargetGroupArn=BLUE&Include.member.1=All",
            "Include",
        ),
    ] {
        let (code, message) = api.fail(action, parameters).await;
        assert!(
            ["ValidationError", "InvalidAction"].contains(&&*code),
            "{code}"
        );
        assert!(message.contains(name), "{parameters}: {message}");
    }
    let after = api.call("DescribeRules", "ListenerArn=LISTENER").await;
    assert_eq!(
        elements(&after, "DescribeRulesResult"),
        elements(&before, "DescribeRulesResult")
    );
}
