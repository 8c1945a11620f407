//! The verb `goto`: the start state of each lab of the guide, as the public APIs show it.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::client::{CLUSTER, client, ecs, like, likes, remove_read_only};
use crate::found;
use crate::process::{Directory, Endpoints, Lab};

mod checkout;
mod worktree;

const LIKE_SERVICE: &str = "Mythical-Like-Service-mysfits";
const MONOLITH_SERVICE: &str = "Mythical-Monolith-Service-mysfits";

/// Options with which tests take seconds.
const QUICK: &[&str] = &[
    "--health-check-interval-ms",
    "100",
    "--deregistration-delay-ms",
    "500",
];

/// Runs the verb without a terminal.
fn goto(endpoints: &Endpoints, arguments: &[&str]) -> Output {
    let port = endpoints.site.rsplit(':').next().unwrap();
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["goto", "--site-port", port])
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs the verb, which must succeed. Returns what it prints on standard output and on standard error.
fn goto_succeeds(endpoints: &Endpoints, lab: &str) -> (String, String) {
    let output = goto(endpoints, &[lab]);
    assert!(output.status.success(), "{output:?}");
    let [stdout, stderr] = [output.stdout, output.stderr];
    (
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// The message of the verb, which must fail with this code.
fn refused(endpoints: &Endpoints, code: i32, arguments: &[&str]) -> String {
    let output = goto(endpoints, arguments);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Calls an operation of ECS, which must succeed.
async fn call(endpoints: &Endpoints, operation: &str, request: Value) -> Value {
    let (status, response) = ecs(&endpoints.aws, operation, &request).await;
    assert_eq!(status, 200, "{operation}: {response}");
    response
}

async fn service(endpoints: &Endpoints, name: &str) -> Value {
    let request = json!({ "cluster": CLUSTER, "services": [name] });
    call(endpoints, "DescribeServices", request).await["services"][0].take()
}

async fn definition(endpoints: &Endpoints, revision: &Value) -> Value {
    let request = json!({ "taskDefinition": revision });
    call(endpoints, "DescribeTaskDefinition", request).await["taskDefinition"].take()
}

/// Calls Application Auto Scaling.
async fn call_scaling(endpoints: &Endpoints, operation: &str, mut request: Value) -> Value {
    request["ServiceNamespace"] = json!("ecs");
    let target = format!("AnyScaleFrontendService.{operation}");
    let sent = client().post(&endpoints.aws).header("x-amz-target", target);
    let answer = sent.json(&request).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{operation}");
    answer.json().await.unwrap()
}

/// Calls the API of the load balancer. Returns the response.
async fn call_elb(endpoints: &Endpoints, form: String) -> String {
    let sent = client().post(&endpoints.aws).body(form);
    let sent = sent.header("content-type", "application/x-www-form-urlencoded");
    let answer = sent.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

const ELB: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000";
const LIKE_RULE: &str =
    "listener-rule/app/mysfits/0000000000000000/0000000000000000/0000000000000001";

/// The weights of the like rule for the Like service and the monolith.
async fn weights(endpoints: &Endpoints) -> Vec<u16> {
    let form =
        format!("Action=DescribeRules&Version=2015-12-01&RuleArns.member.1={ELB}:{LIKE_RULE}");
    let rules = call_elb(endpoints, form).await;
    // For one target group there is a second list without weights.
    let weights = rules.split("<Weight>").skip(1);
    weights
        .map(|rest| rest.split_once('<').unwrap().0.parse().unwrap())
        .collect()
}

/// What the APIs say about a service.
async fn state(endpoints: &Endpoints, name: &str) -> Value {
    let service = service(endpoints, name).await;
    let definition = definition(endpoints, &service["taskDefinition"]).await;
    let containers = definition["containerDefinitions"].as_array().unwrap();
    let environment = containers[0]["environment"].as_array().unwrap();
    let value = |name: &str| {
        let found = environment.iter().find(|variable| variable["name"] == name);
        found.map_or(Value::Null, |variable| variable["value"].clone())
    };
    let settings = &service["deploymentConfiguration"];
    json!({
        "deployments": service["deployments"].as_array().unwrap().len(),
        "state": service["deployments"][0]["rolloutState"],
        "running": service["runningCount"],
        "desired": service["desiredCount"],
        "percents": [settings["minimumHealthyPercent"], settings["maximumPercent"]],
        "containers": containers.iter().map(|it| &it["image"]).collect::<Vec<_>>(),
        "LOGLEVEL": value("LOGLEVEL"),
        "CHAOSMODE": value("CHAOSMODE"),
        "LIKE_IN_MONOLITH": value("LIKE_IN_MONOLITH"),
    })
}

/// What the APIs say about a service with `tasks` tasks that is at the start of a lab.
fn started(tasks: u32, image: &str, variable: (&str, &str)) -> Value {
    let mut state = json!({
        "deployments": 1, "state": "COMPLETED", "running": tasks, "desired": tasks, "percents": [100, 200],
        "containers": [image, "x-ray-daemon"],
        "LOGLEVEL": "ERROR", "CHAOSMODE": null, "LIKE_IN_MONOLITH": null,
    });
    state[variable.0] = json!(variable.1);
    state
}

/// What a reader leaves behind: other numbers of tasks, revisions, settings, weights and a scaling policy.
async fn change_everything(endpoints: &Endpoints) {
    for (name, desired) in [(LIKE_SERVICE, 5), (MONOLITH_SERVICE, 2)] {
        let mut revision = definition(endpoints, &json!(name)).await;
        let members = revision.as_object_mut().unwrap();
        remove_read_only(members);
        let container = &mut revision["containerDefinitions"][0];
        for variable in container["environment"].as_array_mut().unwrap() {
            match variable["name"].as_str() {
                Some("LOGLEVEL") => variable["value"] = json!("DEBUG"),
                Some("CHAOSMODE") => variable["value"] = json!("off"),
                _ => {}
            }
        }
        let containers = revision["containerDefinitions"].as_array_mut().unwrap();
        containers
            .push(json!({ "name": "metadata-proxy", "image": "metadata-proxy", "memory": 64 }));
        let mut registered = call(endpoints, "RegisterTaskDefinition", revision).await;
        let update = json!({
            "cluster": CLUSTER, "service": name, "desiredCount": desired,
            "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"].take(),
            "deploymentConfiguration": { "minimumHealthyPercent": 50, "maximumPercent": 100 },
        });
        call(endpoints, "UpdateService", update).await;
    }
    let form = format!(
        "Action=ModifyRule&Version=2015-12-01&RuleArn={ELB}:{LIKE_RULE}&Actions.member.1.Type=forward\
         &Actions.member.1.TargetGroupArn={ELB}:targetgroup/mysfits-monolith/0000000000000000"
    );
    call_elb(endpoints, form).await;
    let target = json!({
        "ResourceId": format!("service/{CLUSTER}/{LIKE_SERVICE}"),
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 4, "MaxCapacity": 8,
    });
    call_scaling(endpoints, "RegisterScalableTarget", target).await;
}

#[tokio::test]
async fn each_lab_has_its_start_state_after_any_changes_and_twice_in_a_row() {
    let lab = Lab::start_with(&[("CHAOS_STRESS_PERCENT", "0")], QUICK);
    let endpoints = lab.endpoints();
    let like_with = |tasks, chaos| started(tasks, "like-service", ("CHAOSMODE", chaos));
    let monolith_with = |switch| started(1, "monolith", ("LIKE_IN_MONOLITH", switch));
    let (service, monolith) = (vec![100, 0], vec![0, 100]);
    for (number, like, like_in_monolith, expected_weights) in [
        ("0", like_with(2, "on"), "off", &service),
        ("1", like_with(2, "on"), "off", &service),
        ("2", like_with(2, "on"), "off", &service),
        ("4", like_with(2, "off"), "off", &service),
        ("5", like_with(1, "off"), "off", &service),
        ("6", like_with(2, "off"), "on", &monolith),
    ] {
        change_everything(&endpoints).await;
        for _ in 0..2 {
            let (printed, _) = goto_succeeds(&endpoints, number);
            assert!(printed.starts_with(&format!("Lab {number}, ")), "{printed}");
            assert_eq!(state(&endpoints, LIKE_SERVICE).await, like, "{number}");
            let expected = monolith_with(like_in_monolith);
            assert_eq!(
                state(&endpoints, MONOLITH_SERVICE).await,
                expected,
                "{number}"
            );
            assert_eq!(weights(&endpoints).await, *expected_weights, "{number}");
            let targets = call_scaling(&endpoints, "DescribeScalableTargets", json!({})).await;
            assert_eq!(targets["ScalableTargets"], json!([]), "{number}");
        }
    }
    // In lab 6 the monolith serves the likes.
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    assert_eq!(likes(&endpoints.alb).await, 1);
}

#[tokio::test]
async fn the_start_state_does_not_depend_on_the_options_of_the_lab() {
    let options = ["--chaos", "off", "--like-tasks", "1", "--loglevel", "INFO"];
    let options = [QUICK, &options, &["--like-in", "monolith"]].concat();
    let lab = Lab::start(&options);
    let endpoints = lab.endpoints();
    goto_succeeds(&endpoints, "1");
    let expected = started(2, "like-service", ("CHAOSMODE", "on"));
    assert_eq!(state(&endpoints, LIKE_SERVICE).await, expected);
    assert_eq!(weights(&endpoints).await, [100, 0]);
}

#[tokio::test]
async fn likes_on_disk_are_lost_only_after_a_confirmation() {
    let directory = Directory::new();
    let data = directory.path("data");
    let data = data.to_str().unwrap();
    let lab = Lab::start(&["--chaos", "off", "--data-dir", data]);
    let endpoints = lab.endpoints();
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    let message = refused(&endpoints, 1, &["5"]);
    assert!(
        message.contains(data) && message.contains("--yes"),
        "{message}"
    );
    assert_eq!(likes(&endpoints.alb).await, 1);
    let confirmed = goto(&endpoints, &["5", "--yes"]);
    assert!(confirmed.status.success(), "{confirmed:?}");
    assert_eq!(likes(&endpoints.alb).await, 0);
}

#[tokio::test]
async fn a_number_without_a_lab_is_refused_with_the_list_of_labs() {
    let lab = Lab::start(&["--chaos", "off"]);
    for number in ["7", "01", "three"] {
        let message = refused(&lab.endpoints(), 2, &[number]);
        assert!(message.contains("3 (traces), 4 (scaling)"), "{message}");
    }
}

#[test]
fn without_a_running_lab_the_message_says_how_to_start_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["goto", "1", "--site-port", "1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("cargo run") && message.contains("--site-port"),
        "{message}"
    );
}

#[tokio::test]
async fn a_start_state_with_more_tasks_than_the_lab_may_run_is_refused_before_the_reset() {
    let options = ["--max-tasks", "1", "--like-tasks", "1", "--chaos", "off"];
    let lab = Lab::start(&options);
    let endpoints = lab.endpoints();
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    let message = refused(&endpoints, 1, &["4"]);
    assert!(message.contains("--max-tasks 2"), "{message}");
    assert_eq!(likes(&endpoints.alb).await, 1);
}
