//! Target groups: health, settings and attributes.

use super::*;
use crate::found;

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
    // The target does not answer the first check. It passes the check of another path, which the new settings start.
    found("the first check", async || {
        (!target.health_checks().is_empty()).then_some(())
    })
    .await;
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
