//! The load balancer as the AWS SDK for Rust describes and changes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, Rule, TargetGroup, TargetGroupTuple,
    TargetHealthDescription, TargetHealthStateEnum,
};
use tokio::time::interval;

use crate::client::{client, get, like, likes};
use crate::found;
use crate::process::{Lab, PATIENT};

/// Likes in each phase of the cut-over.
const LIKES_PER_PHASE: usize = 100;

fn sdk_client(lab: &Lab) -> Client {
    let config = aws_sdk_elasticloadbalancingv2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("lab", "lab", None, None, "test"))
        .endpoint_url(lab.endpoints().aws)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

async fn target_group(elbv2: &Client, name: &str) -> TargetGroup {
    let response = elbv2.describe_target_groups().names(name).send().await;
    response.unwrap().target_groups()[0].clone()
}

async fn like_rule(elbv2: &Client) -> Rule {
    let load_balancers = elbv2.describe_load_balancers().send().await.unwrap();
    let load_balancer = load_balancers.load_balancers()[0].clone();
    let listeners = elbv2
        .describe_listeners()
        .load_balancer_arn(load_balancer.load_balancer_arn().unwrap())
        .send()
        .await
        .unwrap();
    let listener = listeners.listeners()[0].listener_arn().unwrap();
    let rules = elbv2.describe_rules().listener_arn(listener).send().await;
    let rules = rules.unwrap();
    let priorities: Vec<_> = rules
        .rules()
        .iter()
        .map(|it| it.priority().unwrap())
        .collect();
    assert_eq!(priorities, ["1", "default"]);
    rules.rules()[0].clone()
}

fn weights(rule: &Rule) -> Vec<i32> {
    let config = rule.actions()[0].forward_config().unwrap();
    let groups = config.target_groups().iter();
    groups.map(|group| group.weight().unwrap()).collect()
}

/// Moves the weights of the rule, in the order of its target groups.
async fn set_weights(elbv2: &Client, rule: &Rule, weights: [i32; 2]) {
    let config = rule.actions()[0].forward_config().unwrap();
    let groups = config.target_groups().iter().zip(weights);
    let groups = groups.map(|(group, weight)| {
        TargetGroupTuple::builder()
            .target_group_arn(group.target_group_arn().unwrap())
            .weight(weight)
            .build()
    });
    let config = ForwardActionConfig::builder().set_target_groups(Some(groups.collect()));
    let action = Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .forward_config(config.build())
        .build();
    let changed = elbv2
        .modify_rule()
        .rule_arn(rule.rule_arn().unwrap())
        .actions(action)
        .send()
        .await
        .unwrap();
    assert_eq!(self::weights(&changed.rules()[0]), weights);
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_move_from_one_service_to_the_other_under_load_and_no_like_is_lost() {
    let variables = [PATIENT, &[("LIKE_IN_MONOLITH", "on")]].concat();
    let lab = Lab::start_with(&variables, &["--chaos", "off"]);
    let (elbv2, endpoints) = (sdk_client(&lab), lab.endpoints());
    let rule = like_rule(&elbv2).await;
    assert_eq!(weights(&rule), [100, 0]);
    let conditions = rule.conditions()[0].path_pattern_config().unwrap();
    assert_eq!(conditions.values(), ["/mysfits/*/like"]);

    let (is_over, sent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let http = client();
    let users: Vec<_> = (0..10)
        .map(|_| {
            let (http, alb) = (http.clone(), endpoints.alb.clone());
            let (is_over, sent) = (Arc::clone(&is_over), Arc::clone(&sent));
            tokio::spawn(async move {
                let mut acknowledged = 0;
                let mut pace = interval(Duration::from_millis(20));
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(like(&http, &alb).await, 200);
                    acknowledged += 1;
                    sent.fetch_add(1, Ordering::Relaxed);
                    pace.tick().await;
                }
                acknowledged
            })
        })
        .collect();
    let more_likes = async || {
        let before = sent.load(Ordering::Relaxed);
        found("more likes", async || {
            (sent.load(Ordering::Relaxed) >= before + LIKES_PER_PHASE).then_some(())
        })
        .await;
    };
    more_likes().await;
    assert_eq!(likes_of(&endpoints.site, "mysfits-monolith").await, 0);
    set_weights(&elbv2, &rule, [50, 50]).await;
    let before = likes_of(&endpoints.site, "mysfits-like-service").await;
    found("likes in both services", async || {
        let like_service = likes_of(&endpoints.site, "mysfits-like-service").await;
        let monolith = likes_of(&endpoints.site, "mysfits-monolith").await;
        (like_service >= before + LIKES_PER_PHASE / 2 && monolith >= LIKES_PER_PHASE / 2)
            .then_some(())
    })
    .await;
    set_weights(&elbv2, &rule, [0, 100]).await;
    more_likes().await;
    is_over.store(true, Ordering::Relaxed);
    let mut acknowledged = 0;
    for user in users {
        acknowledged += user.await.unwrap();
    }
    assert_eq!(likes(&endpoints.alb).await, acknowledged);

    // After the last change only the monolith receives likes.
    let (likes_before, url) = (
        likes_of(&endpoints.site, "mysfits-like-service").await,
        format!("{}/mysfits", endpoints.alb),
    );
    for _ in 0..20 {
        assert_eq!(like(&http, &endpoints.alb).await, 200);
    }
    get(&url).await;
    found("the lines", async || {
        let all = likes_of(&endpoints.site, "mysfits-").await;
        (all as u64 >= acknowledged + 20).then_some(())
    })
    .await;
    let after = likes_of(&endpoints.site, "mysfits-like-service").await;
    assert_eq!(after, likes_before);
}

/// Likes in the load balancer's log that were sent to a target group whose name begins like this.
async fn likes_of(site: &str, group: &str) -> usize {
    let lines = get(&format!("{site}/logs/load-balancer")).await;
    let group = format!("targetgroup/{group}");
    let is_like = |line: &&str| line.contains("/like HTTP/1.1") && line.contains(&group);
    lines.lines().filter(is_like).count()
}

#[tokio::test]
async fn the_sdk_describes_the_load_balancer_and_the_health_of_its_targets() {
    let lab = Lab::start(&["--chaos", "off"]);
    let (elbv2, endpoints) = (sdk_client(&lab), lab.endpoints());
    let load_balancers = elbv2
        .describe_load_balancers()
        .names("mysfits")
        .send()
        .await
        .unwrap();
    let load_balancer = &load_balancers.load_balancers()[0];
    assert_eq!(load_balancer.dns_name(), Some("localhost"));
    assert!(load_balancer.created_time().is_some());
    let arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/mysfits/0000000000000000";
    assert_eq!(load_balancer.load_balancer_arn(), Some(arn));
    let attributes = elbv2
        .describe_load_balancer_attributes()
        .load_balancer_arn(arn)
        .send()
        .await
        .unwrap();
    let idle = attributes.attributes().iter();
    let idle = idle
        .clone()
        .find(|it| it.key() == Some("idle_timeout.timeout_seconds"));
    assert_eq!(idle.unwrap().value(), Some("60"));

    let group = target_group(&elbv2, "mysfits-like-service").await;
    assert_eq!(group.health_check_path(), Some("/"));
    assert_eq!(group.health_check_interval_seconds(), Some(10));
    assert_eq!(group.load_balancer_arns(), [arn]);
    let health = health(&elbv2, &group).await;
    let mut registered: Vec<_> = health.iter().map(address).collect();
    let mut running: Vec<_> = endpoints
        .of("like-service")
        .iter()
        .map(|task| task.url.clone())
        .collect();
    registered.sort();
    running.sort();
    assert_eq!(registered, running);
    assert!(
        health
            .iter()
            .all(|it| state(it) == TargetHealthStateEnum::Healthy)
    );
}

async fn health(elbv2: &Client, group: &TargetGroup) -> Vec<TargetHealthDescription> {
    let request = elbv2.describe_target_health();
    let request = request.target_group_arn(group.target_group_arn().unwrap());
    let response = request.send().await.unwrap();
    response.target_health_descriptions().to_vec()
}

fn address(health: &TargetHealthDescription) -> String {
    let target = health.target().unwrap();
    format!("http://{}:{}", target.id().unwrap(), target.port().unwrap())
}

fn state(health: &TargetHealthDescription) -> TargetHealthStateEnum {
    health.target_health().unwrap().state().unwrap().clone()
}

#[tokio::test]
async fn errors_have_the_codes_that_the_sdk_knows() {
    let lab = Lab::start(&["--chaos", "off"]);
    let elbv2 = sdk_client(&lab);
    let error = elbv2.describe_load_balancers().names("other").send().await;
    let error = error.unwrap_err().into_service_error();
    assert!(error.is_load_balancer_not_found_exception(), "{error:?}");
    let rule = like_rule(&elbv2).await.rule_arn().unwrap().to_owned();
    let default = format!("{}{:016x}", &rule[..rule.len() - 16], 0);
    let error = elbv2.delete_rule().rule_arn(&default).send().await;
    let error = error.unwrap_err().into_service_error();
    assert!(error.is_operation_not_permitted_exception(), "{error:?}");
    let message = format!("Default rule '{default}' cannot be deleted");
    assert_eq!(error.meta().message(), Some(&*message));
}
