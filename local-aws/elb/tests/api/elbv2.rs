//! Operations of the API on a load balancer with two target groups.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use elb::{
    Forward, LoadBalancer, LoadBalancerConfig, PathPattern, Rule, TargetGroup, TargetGroupConfig,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use wire::Timeouts;

use crate::client::{client, get};
use crate::found;
use crate::target::{Act, BROKEN, OK, Target};

mod errors;
mod properties;
mod target_groups;

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
            max_connections: 100,
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

#[tokio::test]
async fn a_reset_restores_rules_and_settings_and_keeps_the_targets() {
    let api = Api::new();
    let target = Target::start(Act::Answer(OK)).await;
    let registration = api.blue.register(target.address);
    registration.healthy().await;
    let describe = async || {
        let mut descriptions = Vec::new();
        for (action, parameters) in [
            ("DescribeRules", "ListenerArn=LISTENER"),
            ("DescribeListeners", "LoadBalancerArn=LB"),
            ("DescribeTargetGroups", "LoadBalancerArn=LB"),
            ("DescribeTargetGroupAttributes", "TargetGroupArn=BLUE"),
            ("DescribeTargetHealth", "TargetGroupArn=BLUE"),
        ] {
            let body = api.succeed(action, parameters).await;
            let (result, _) = body.split_once("<ResponseMetadata>").unwrap();
            descriptions.push(result.to_owned());
        }
        descriptions
    };
    let start = describe().await;
    let attribute =
        "Attributes.member.1.Key=deregistration_delay.timeout_seconds&Attributes.member.1.Value=1";
    let condition = "Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=/b";
    let action = "Actions.member.1.Type=forward&Actions.member.1.TargetGroupArn=BLUE";
    let default = action.replace("Actions", "DefaultActions");
    for (action, parameters) in [
        ("DeleteRule", "RuleArn=RULE".to_owned()),
        (
            "CreateRule",
            format!("ListenerArn=LISTENER&Priority=7&{condition}&{action}"),
        ),
        ("ModifyListener", format!("ListenerArn=LISTENER&{default}")),
        (
            "ModifyTargetGroup",
            "TargetGroupArn=BLUE&HealthCheckPath=/other".to_owned(),
        ),
        (
            "ModifyTargetGroupAttributes",
            format!("TargetGroupArn=BLUE&{attribute}"),
        ),
    ] {
        api.succeed(action, &parameters).await;
    }
    let changed = describe().await;
    for (before, after) in start.iter().zip(&changed).take(4) {
        assert_ne!(before, after);
    }
    api.load_balancer.reset();
    // The changed settings start a new check of the target.
    found("everything as at the start", async || {
        (describe().await == start).then_some(())
    })
    .await;
}
