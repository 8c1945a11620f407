//! Operations of the API on a load balancer with two target groups.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use elb::{
    Forward, LoadBalancer, LoadBalancerConfig, PathPattern, Rule, TargetGroup, TargetGroupConfig,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use wire::Timeouts;

use crate::client::{client, get};
use crate::found;
use crate::target::{Act, BROKEN, OK, Target};

const PREFIX: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000";
const ZEROS: &str = "0000000000000000";

/// A load balancer with the groups `blue` and `green` in its only rule, and its API.
struct Api {
    router: Router,
    load_balancer: Arc<LoadBalancer>,
    blue: Arc<TargetGroup>,
    green: Arc<TargetGroup>,
}

fn group(name: &str) -> Arc<TargetGroup> {
    TargetGroup::new(TargetGroupConfig::with_interval(
        name,
        Duration::from_millis(20),
    ))
}

impl Api {
    fn new() -> Self {
        let (blue, green) = (group("blue"), group("green"));
        let groups = [(Arc::clone(&blue), 1), (Arc::clone(&green), 0)];
        let rule = Rule::new(1, PathPattern::new("/a/*"), Forward::weighted(groups));
        let second = Duration::from_secs(1);
        let load_balancer = LoadBalancer::new(LoadBalancerConfig {
            name: "lb".to_owned(),
            port: 80,
            rules: vec![rule],
            default: Forward::to(Arc::clone(&green)),
            log: Arc::new(|_| {}),
            timeouts: Timeouts {
                idle: 60 * second,
                grace: second,
            },
        });
        Self {
            router: wire::endpoint(vec![load_balancer.service()]),
            load_balancer,
            blue,
            green,
        }
    }

    /// Calls an operation. Returns the response body.
    async fn call(&self, action: &str, parameters: &str) -> String {
        let parameters = parameters
            .replace("LB", &format!("{PREFIX}:loadbalancer/app/lb/{ZEROS}"))
            .replace(
                "LISTENER",
                &format!("{PREFIX}:listener/app/lb/{ZEROS}/{ZEROS}"),
            )
            .replace("RULE", &rule_arn(1))
            .replace("DEFAULT", &rule_arn(0))
            .replace("BLUE", self.blue.arn())
            .replace("GREEN", self.green.arn());
        let request = Request::post("/")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!(
                "Action={action}&Version=2015-12-01&{parameters}"
            )));
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    async fn succeed(&self, action: &str, parameters: &str) -> String {
        let body = self.call(action, parameters).await;
        assert!(body.starts_with(&format!("<{action}Response ")), "{body}");
        body
    }

    /// Calls an operation that fails. Returns the code and the message of the error.
    async fn fail(&self, action: &str, parameters: &str) -> (String, String) {
        let body = self.call(action, parameters).await;
        let mut codes = elements(&body, "Code");
        assert_eq!(codes.len(), 1, "{parameters}: {body}");
        let message = elements(&body, "Message").remove(0);
        (codes.remove(0), message)
    }

    /// Serves the load balancer and returns its URL.
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let load_balancer = Arc::clone(&self.load_balancer);
        tokio::spawn(load_balancer.serve(listener, CancellationToken::new(), Arc::new(|_| {})));
        url
    }
}

fn rule_arn(number: u8) -> String {
    format!("{PREFIX}:listener-rule/app/lb/{ZEROS}/{ZEROS}/{number:016x}")
}

/// The texts of all elements with this name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&start).skip(1);
    parts
        .map(|part| part.split(&end).next().unwrap().to_owned())
        .collect()
}

const FORWARD: &str = "Actions.member.1.Type=forward&Actions.member.1.";

fn weighted(blue: &str, green: &str) -> String {
    let groups = "ForwardConfig.TargetGroups.member";
    format!(
        "{FORWARD}{groups}.1.TargetGroupArn=BLUE&{FORWARD}{groups}.1.Weight={blue}&\
         {FORWARD}{groups}.2.TargetGroupArn=GREEN&{FORWARD}{groups}.2.Weight={green}"
    )
    .replace(&format!("&{FORWARD}"), "&Actions.member.1.")
}

fn path(pattern: &str) -> String {
    format!("Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1={pattern}")
}

#[tokio::test]
async fn a_change_of_weights_acts_on_the_next_request() {
    let api = Api::new();
    let (one, two) = (
        Target::start(Act::Answer(OK)).await,
        Target::start(Act::Answer(OK)).await,
    );
    let (blue, green) = (
        api.blue.register(one.address),
        api.green.register(two.address),
    );
    blue.healthy().await;
    green.healthy().await;
    let url = format!("{}/a/b", api.serve().await);
    for (weights, expected) in [(("1", "0"), (10, 0)), (("0", "999"), (10, 10))] {
        let rule = format!("RuleArn=RULE&{}", weighted(weights.0, weights.1));
        let changed = api.succeed("ModifyRule", &rule).await;
        assert_eq!(elements(&changed, "Weight"), [weights.0, weights.1]);
        for _ in 0..10 {
            get(&url).await;
        }
        assert_eq!((one.requests().len(), two.requests().len()), expected);
    }
    let none = format!("RuleArn=RULE&{}", weighted("0", "0"));
    api.succeed("ModifyRule", &none).await;
    let response = client().get(&url).send().await.unwrap();
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn requests_are_distributed_in_proportion_to_the_weights() {
    let api = Api::new();
    let (one, two) = (
        Target::start(Act::Answer(OK)).await,
        Target::start(Act::Answer(OK)).await,
    );
    let (blue, green) = (
        api.blue.register(one.address),
        api.green.register(two.address),
    );
    blue.healthy().await;
    green.healthy().await;
    let url = format!("{}/a/b", api.serve().await);
    let rule = format!("RuleArn=RULE&{}", weighted("1", "3"));
    api.succeed("ModifyRule", &rule).await;
    let client = client();
    for _ in 0..400 {
        assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    }
    // 100 are expected. The standard deviation is 8.7, so that the probability of a number outside is below 10^-7.
    let received = one.requests().len();
    assert!((50..=150).contains(&received), "{received}");
    assert_eq!(received + two.requests().len(), 400);
}

#[tokio::test]
async fn a_group_without_targets_is_a_503_also_if_the_other_group_has_targets() {
    let api = Api::new();
    let target = Target::start(Act::Answer(OK)).await;
    let green = api.green.register(target.address);
    green.healthy().await;
    let url = api.serve().await;
    get(&url).await;
    let response = client().get(format!("{url}/a/b")).send().await.unwrap();
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn rules_are_created_reordered_and_deleted() {
    let api = Api::new();
    let create = format!(
        "ListenerArn=LISTENER&Priority=7&{}&{FORWARD}TargetGroupArn=GREEN",
        path("/b?/*")
    );
    let created = api.succeed("CreateRule", &create).await;
    let arn = elements(&created, "RuleArn").remove(0);
    assert_eq!(elements(&created, "Priority"), ["7"]);
    assert_eq!(elements(&created, "TargetGroupArn").len(), 2, "{created}");
    let error = api.fail("CreateRule", &create).await;
    assert_eq!(
        error,
        (
            "PriorityInUse".to_owned(),
            "Priority '7' is currently in use".to_owned()
        )
    );
    let swap = format!(
        "RulePriorities.member.1.RuleArn=RULE&RulePriorities.member.1.Priority=7&\
         RulePriorities.member.2.RuleArn={arn}&RulePriorities.member.2.Priority=1"
    );
    let swapped = api.succeed("SetRulePriorities", &swap).await;
    assert_eq!(elements(&swapped, "RuleArn"), [arn.clone(), rule_arn(1)]);
    let described = api.succeed("DescribeRules", "ListenerArn=LISTENER").await;
    assert_eq!(
        elements(&described, "RuleArn"),
        [arn.clone(), rule_arn(1), rule_arn(0)]
    );
    assert_eq!(elements(&described, "Priority"), ["1", "7", "default"]);
    assert_eq!(
        elements(&described, "IsDefault"),
        ["false", "false", "true"]
    );
    api.succeed("DeleteRule", &format!("RuleArn={arn}")).await;
    let error = api.fail("DeleteRule", &format!("RuleArn={arn}")).await;
    assert_eq!(error.0, "RuleNotFound");
    let default = "ListenerArn=LISTENER&DefaultActions.member.1.Type=forward&\
                   DefaultActions.member.1.TargetGroupArn=BLUE";
    let changed = api.succeed("ModifyListener", default).await;
    assert_eq!(elements(&changed, "TargetGroupArn")[0], api.blue.arn());
}

#[tokio::test]
async fn pages_end_with_the_last_result() {
    let api = Api::new();
    let mut arns = Vec::new();
    let mut marker = String::new();
    loop {
        let request = format!("ListenerArn=LISTENER&PageSize=1{marker}");
        let page = api.succeed("DescribeRules", &request).await;
        arns.extend(elements(&page, "RuleArn"));
        match elements(&page, "NextMarker").pop() {
            Some(next) => marker = format!("&Marker={next}"),
            None => break,
        }
    }
    assert_eq!(arns, [rule_arn(1), rule_arn(0)]);
    // The marker belongs to another query.
    let other = api.fail("DescribeTargetGroups", &marker[1..]).await;
    assert_eq!(other.0, "ValidationError");
    let page = api.succeed("DescribeTargetGroups", "PageSize=1").await;
    assert_eq!(elements(&page, "TargetGroupName"), ["blue"]);
    assert_eq!(elements(&page, "NextMarker").len(), 1);
}

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

#[tokio::test]
async fn the_health_of_a_target_has_a_reason_and_a_description() {
    let api = Api::new();
    let target = Target::start(Act::Answer(OK)).await;
    target.set_health(Act::Hang);
    let registration = api.blue.register(target.address);
    let health = async |parameters: &str| {
        let request = format!("TargetGroupArn=BLUE{parameters}");
        let body = api.succeed("DescribeTargetHealth", &request).await;
        let all = ["State", "Reason", "Description", "Port"].map(|name| elements(&body, name));
        all.concat()
    };
    let port = target.address.port().to_string();
    let expect = |state: &str, reason: &str, description: &str| {
        [state, reason, description, &port]
            .map(str::to_owned)
            .to_vec()
    };
    let initial = expect(
        "initial",
        "Elb.InitialHealthChecking",
        "Initial health checks in progress",
    );
    assert_eq!(health("").await, initial);
    // The target passes the check of another path, which the new settings start.
    target.set_health(Act::Answer(OK));
    api.succeed(
        "ModifyTargetGroup",
        "TargetGroupArn=BLUE&HealthCheckPath=/up%3Fx=1",
    )
    .await;
    registration.healthy().await;
    assert!(
        target
            .health_checks()
            .iter()
            .any(|head| head.starts_with("GET /up?x=1 HTTP/1.1"))
    );
    assert_eq!(health("").await, ["healthy", &port]);
    target.set_health(Act::Answer(BROKEN));
    let unhealthy = expect(
        "unhealthy",
        "Target.ResponseCodeMismatch",
        "Health checks failed with these codes: [500]",
    );
    found("unhealthy", async || {
        (health("").await == unhealthy).then_some(())
    })
    .await;
    api.succeed(
        "ModifyTargetGroup",
        "TargetGroupArn=BLUE&Matcher.HttpCode=200,404-499",
    )
    .await;
    let other =
        "&Targets.member.1.Id=127.0.0.1&Targets.member.1.Port=1&Targets.member.2.Id=127.0.0.1";
    let states = health(other).await;
    assert_eq!(states[..2], ["unused", "unhealthy"], "{states:?}");
    assert!(states.contains(&"Target is not registered to the target group".to_owned()));

    // A group that no rule uses.
    let hosts = || {
        let group = api.load_balancer.metrics().target_groups.remove(0);
        (group.healthy_host_count, group.un_healthy_host_count)
    };
    assert_eq!(hosts(), (0, 1));
    let unused = format!("RuleArn=RULE&{FORWARD}TargetGroupArn=GREEN");
    api.succeed("ModifyRule", &unused).await;
    let unused = expect(
        "unused",
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    );
    assert_eq!(health("").await, unused);
    assert_eq!(hosts(), (0, 0));
    let of_load_balancer = api
        .succeed("DescribeTargetGroups", "LoadBalancerArn=LB")
        .await;
    assert_eq!(elements(&of_load_balancer, "TargetGroupName"), ["green"]);

    registration.deregister().await;
    let draining = expect(
        "draining",
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    );
    assert_eq!(health("").await, draining);
    drop(registration);
    assert_eq!(health("").await, [""; 0]);
}

/// Two clients change two settings of a target group at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_changes_of_a_target_group_are_both_kept() {
    let api = Arc::new(Api::new());
    let change = |setting: &'static str| {
        let api = Arc::clone(&api);
        tokio::spawn(async move {
            for number in 0..1000 {
                let value = 2 + number % 9;
                let parameters = format!("TargetGroupArn=GREEN&{setting}={value}");
                let changed = api.succeed("ModifyTargetGroup", &parameters).await;
                assert_eq!(elements(&changed, setting), [value.to_string()]);
            }
        })
    };
    let (healthy, unhealthy) = (
        change("HealthyThresholdCount"),
        change("UnhealthyThresholdCount"),
    );
    healthy.await.unwrap();
    unhealthy.await.unwrap();
}

#[tokio::test]
async fn settings_and_attributes_are_described_after_their_change() {
    let api = Api::new();
    let change = "TargetGroupArn=GREEN&HealthCheckIntervalSeconds=20&HealthCheckTimeoutSeconds=7&\
                  HealthyThresholdCount=2&UnhealthyThresholdCount=10&HealthCheckPort=traffic-port";
    for body in [
        api.succeed("ModifyTargetGroup", change).await,
        api.succeed("DescribeTargetGroups", "Names.member.1=green")
            .await,
    ] {
        for (name, value) in [
            ("HealthCheckIntervalSeconds", "20"),
            ("HealthCheckTimeoutSeconds", "7"),
            ("HealthyThresholdCount", "2"),
            ("UnhealthyThresholdCount", "10"),
            ("HttpCode", "200"),
            ("TargetType", "ip"),
        ] {
            assert_eq!(elements(&body, name), [value], "{name}");
        }
    }
    let attribute = "TargetGroupArn=GREEN&Attributes.member.1.Key=deregistration_delay.timeout_seconds&\
                     Attributes.member.1.Value=15&Attributes.member.2.Key=stickiness.enabled&\
                     Attributes.member.2.Value=false";
    api.succeed("ModifyTargetGroupAttributes", attribute).await;
    let attributes = api
        .succeed("DescribeTargetGroupAttributes", "TargetGroupArn=GREEN")
        .await;
    let keys = elements(&attributes, "Key");
    let values = elements(&attributes, "Value");
    let delay = keys
        .iter()
        .position(|key| key == "deregistration_delay.timeout_seconds");
    assert_eq!(values[delay.unwrap()], "15");
    assert_eq!(api.green.deregistration_delay(), Duration::from_secs(15));
    for (action, parameter, key) in [
        (
            "DescribeLoadBalancerAttributes",
            "LoadBalancerArn=LB",
            "idle_timeout.timeout_seconds",
        ),
        (
            "DescribeListenerAttributes",
            "ListenerArn=LISTENER",
            "routing.http.response.server.enabled",
        ),
    ] {
        let body = api.succeed(action, parameter).await;
        assert!(elements(&body, "Key").contains(&key.to_owned()), "{body}");
    }
}

/// Operations with the parameters of a valid request, and further parameters.
const OPERATIONS: [(&str, &[&str], &[&str]); 9] = [
    (
        "CreateRule",
        &[
            "ListenerArn",
            "Priority",
            "Conditions.member.1.Field",
            "Conditions.member.1.Values.member.1",
            "Actions.member.1.Type",
            "Actions.member.1.TargetGroupArn",
        ],
        &["Actions.member.1.Order"],
    ),
    ("DeleteRule", &["RuleArn"], &[]),
    ("DescribeRules", &["ListenerArn"], &["Marker", "PageSize"]),
    (
        "DescribeTargetHealth",
        &["TargetGroupArn"],
        &["Targets.member.1.Id", "Targets.member.1.Port"],
    ),
    (
        "ModifyListener",
        &[
            "ListenerArn",
            "DefaultActions.member.1.Type",
            "DefaultActions.member.1.TargetGroupArn",
        ],
        &["DefaultActions.member.1.Order"],
    ),
    (
        "ModifyRule",
        &[
            "RuleArn",
            "Actions.member.1.Type",
            "Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn",
            "Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight",
            "Actions.member.1.ForwardConfig.TargetGroups.member.2.TargetGroupArn",
            "Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight",
        ],
        &[
            "Conditions.member.1.Field",
            "Conditions.member.1.PathPatternConfig.Values.member.1",
        ],
    ),
    (
        "ModifyTargetGroup",
        &["TargetGroupArn"],
        &[
            "HealthCheckPath",
            "HealthCheckIntervalSeconds",
            "Matcher.HttpCode",
        ],
    ),
    (
        "ModifyTargetGroupAttributes",
        &[
            "TargetGroupArn",
            "Attributes.member.1.Key",
            "Attributes.member.1.Value",
        ],
        &[],
    ),
    (
        "SetRulePriorities",
        &[
            "RulePriorities.member.1.RuleArn",
            "RulePriorities.member.1.Priority",
        ],
        &[
            "RulePriorities.member.2.RuleArn",
            "RulePriorities.member.2.Priority",
        ],
    ),
];

/// Parameters that are foreign to at least some operations.
const FOREIGN: [&str; 5] = [
    "Names.member.1",
    "Port",
    "Priority",
    "RuleArn",
    "Weight.member.1",
];

const VALUES: [&str; 20] = [
    "RULE",
    "DEFAULT",
    "LISTENER",
    "BLUE",
    "GREEN",
    "forward",
    "path-pattern",
    "0",
    "1",
    "2",
    "999",
    "1000",
    "-1",
    "50001",
    "65536",
    "/x*",
    "200-299",
    "127.0.0.1",
    "%00",
    "",
];

/// The values that the parameter has in valid requests, and sometimes another value.
fn value(name: &'static str) -> impl Strategy<Value = &'static str> {
    let valid: &[&str] = match name.rsplit('.').next().unwrap() {
        "RuleArn" => &["RULE", "CREATED"],
        "ListenerArn" => &["LISTENER"],
        "TargetGroupArn" => &["BLUE", "GREEN"],
        "Type" => &["forward"],
        "Field" => &["path-pattern"],
        "Weight" => &["0", "1", "999"],
        "Priority" => &["1", "2", "3", "50000"],
        "HealthCheckIntervalSeconds" => &["6", "300"],
        "HttpCode" => &["200-299"],
        "Key" => &["deregistration_delay.timeout_seconds"],
        "Order" | "PageSize" | "Port" | "Value" => &["1", "100"],
        _ => &["/x*"],
    };
    prop_oneof![
        9 => proptest::sample::select(valid),
        1 => proptest::sample::select(&VALUES[..]),
    ]
}

/// An operation and its parameters.
fn request() -> impl Strategy<Value = (&'static str, String)> {
    let operation = proptest::sample::select(&OPERATIONS[..]);
    let names = operation.prop_flat_map(|(operation, required, further)| {
        let further = proptest::sample::subsequence(further, 0..=further.len());
        let foreign = prop_oneof![
            9 => Just(None),
            1 => proptest::sample::select(&FOREIGN[..]).prop_map(Some),
        ];
        let names = (further, foreign).prop_map(|(further, foreign)| {
            let names = required.iter().copied().chain(further).chain(foreign);
            names.collect::<Vec<_>>()
        });
        (Just(operation), names)
    });
    names.prop_flat_map(|(operation, names)| {
        let values: Vec<_> = names.iter().map(|name| value(name)).collect();
        let parameters = values.prop_map(move |values| {
            let pairs = names.iter().zip(values);
            let pairs = pairs.map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join("&")
        });
        (Just(operation), parameters)
    })
}

/// All that requests can change, as the API describes it.
async fn state(api: &Api) -> Vec<String> {
    let mut state = Vec::new();
    for (operation, parameters) in [
        ("DescribeRules", "ListenerArn=LISTENER"),
        ("DescribeTargetGroups", ""),
        ("DescribeTargetGroupAttributes", "TargetGroupArn=BLUE"),
        ("DescribeTargetGroupAttributes", "TargetGroupArn=GREEN"),
    ] {
        let body = api.succeed(operation, parameters).await;
        state.extend(elements(&body, &format!("{operation}Result")));
    }
    state
}

fn assert_rules_are_valid(rules: &str) {
    let mut priorities = elements(rules, "Priority");
    assert_eq!(priorities.pop().as_deref(), Some("default"));
    let priorities: Vec<u16> = priorities.iter().map(|it| it.parse().unwrap()).collect();
    assert!(
        priorities.is_sorted_by(|a, b| a < b),
        "the priorities are {priorities:?}"
    );
    assert!(
        priorities.iter().all(|it| (1..=50_000).contains(it)),
        "the priorities are {priorities:?}"
    );
    let weights = elements(rules, "Weight");
    assert!(
        weights.iter().all(|it| it.parse::<u16>().unwrap() <= 999),
        "the weights are {weights:?}"
    );
}

#[test]
fn rules_stay_valid_and_refused_requests_change_nothing() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let successful = RefCell::new(BTreeSet::new());
    let run = async |requests: Vec<(&'static str, String)>| {
        let api = Api::new();
        let mut created = rule_arn(9);
        let mut before = state(&api).await;
        for (operation, parameters) in requests {
            let parameters = parameters.replace("CREATED", &created);
            let body = api.call(operation, &parameters).await;
            let after = state(&api).await;
            if body.starts_with(&format!("<{operation}Response ")) {
                successful.borrow_mut().insert(operation);
                assert_rules_are_valid(&after[0]);
            } else {
                assert!(body.starts_with("<ErrorResponse>"), "{body}");
                assert_eq!(after, before, "{body}");
            }
            if operation == "CreateRule" {
                created = elements(&body, "RuleArn").pop().unwrap_or(created);
            }
            before = after;
        }
    };
    let mut runner = TestRunner::default();
    let requests = proptest::collection::vec(request(), 1..8);
    let result = runner.run(&requests, |requests| {
        runtime.block_on(run(requests));
        Ok(())
    });
    result.unwrap();
    // Otherwise the test would not show much.
    let operations = OPERATIONS.iter().map(|(operation, ..)| *operation);
    assert_eq!(successful.into_inner(), operations.collect());
}
