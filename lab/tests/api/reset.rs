//! The verb `reset`: everything is as at the start, while the lab serves requests.

use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::MYSFIT;
use crate::client::{client, get, like, likes, remove_read_only};
use crate::found;
use crate::process::{Directory, Endpoints, Lab, PATIENT};

/// Runs the verb without a terminal.
fn reset(endpoints: &Endpoints, options: &[&str]) -> Output {
    let port = endpoints.site.rsplit(':').next().unwrap();
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["reset", "--site-port", port])
        .args(options)
        .env_clear()
        .output()
        .unwrap()
}

/// Calls an operation of AWS JSON at the AWS endpoint.
async fn call(endpoints: &Endpoints, target: &str, body: Value) -> Value {
    let request = client().post(&endpoints.aws).json(&body);
    let answer = request.header("x-amz-target", target).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{target}");
    answer.json().await.unwrap()
}

/// Calls an operation of the load balancer's API. Returns its result in XML.
async fn call_elb(endpoints: &Endpoints, action: &str, parameters: &str) -> String {
    let arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000";
    let form = format!("Version=2015-12-01&Action={action}&{parameters}").replace("ARN", arn);
    let request = client().post(&endpoints.aws).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{action}");
    let body = answer.text().await.unwrap();
    body.split_once("<ResponseMetadata>").unwrap().0.to_owned()
}

const LISTENER: &str = "ListenerArn=ARN:listener/app/mysfits/0000000000000000/0000000000000000";
const LIKE_RULE: &str =
    "RuleArn=ARN:listener-rule/app/mysfits/0000000000000000/0000000000000000/0000000000000001";
const MONOLITHS: &str = "TargetGroupArn=ARN:targetgroup/mysfits-monolith/0000000000000000";

/// Calls an operation of ECS.
async fn call_ecs(endpoints: &Endpoints, operation: &str, body: Value) -> Value {
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    call(endpoints, &target, body).await
}

const LIKE_SERVICE: &str = "Mythical-Like-Service-mysfits";

async fn like_service(endpoints: &Endpoints) -> Value {
    let request = json!({ "cluster": "Cluster-mysfits", "services": [LIKE_SERVICE] });
    let mut response = call_ecs(endpoints, "DescribeServices", request).await;
    response["services"][0].take()
}

/// Whether the service has one deployment, whose two tasks run.
async fn is_steady(endpoints: &Endpoints) -> bool {
    let service = like_service(endpoints).await;
    let deployments = service["deployments"].as_array().unwrap();
    let [deployment] = deployments.as_slice() else {
        return false;
    };
    deployment["rolloutState"] == "COMPLETED" && service["runningCount"] == 2
}

/// Registers a revision of the Like service with another log level, and returns its ARN.
async fn register_revision(endpoints: &Endpoints) -> Value {
    let request = json!({ "taskDefinition": LIKE_SERVICE });
    let mut response = call_ecs(endpoints, "DescribeTaskDefinition", request).await;
    let mut definition = response["taskDefinition"].take();
    let members = definition.as_object_mut().unwrap();
    remove_read_only(members);
    let container = &mut definition["containerDefinitions"][0];
    let environment = container["environment"].as_array_mut().unwrap();
    let mut level = environment.iter_mut().filter(|it| it["name"] == "LOGLEVEL");
    level.next().unwrap()["value"] = json!("DEBUG");
    let mut response = call_ecs(endpoints, "RegisterTaskDefinition", definition).await;
    response["taskDefinition"]["taskDefinitionArn"].take()
}

/// What a reader can change, without times.
async fn state(endpoints: &Endpoints) -> Vec<String> {
    let table = json!({ "TableName": endpoints.table });
    let mut items = call(endpoints, "DynamoDB_20120810.Scan", table).await["Items"].take();
    let items = items.as_array_mut().unwrap();
    items.sort_by_key(|item| item["MysfitId"]["S"].to_string());
    let tables = call(endpoints, "DynamoDB_20120810.ListTables", json!({})).await;
    let groups = client().post(format!("{}/Groups", endpoints.aws)).send();
    let service = like_service(endpoints).await;
    let revisions = call_ecs(endpoints, "ListTaskDefinitions", json!({})).await;
    vec![
        json!(items).to_string(),
        tables.to_string(),
        call_elb(endpoints, "DescribeRules", LISTENER).await,
        call_elb(endpoints, "DescribeTargetGroups", "").await,
        call_elb(endpoints, "DescribeTargetGroupAttributes", MONOLITHS).await,
        groups.await.unwrap().text().await.unwrap(),
        service["taskDefinition"].to_string(),
        service["desiredCount"].to_string(),
        service["deploymentConfiguration"].to_string(),
        service["healthCheckGracePeriodSeconds"].to_string(),
        revisions.to_string(),
    ]
}

/// Whether the log of the Like service and the traces contain a like. Tasks that stop also write metrics, which contain the
/// route of likes without an id.
async fn shown_likes(endpoints: &Endpoints) -> (bool, bool) {
    let log = get(&format!("{}/logs/like-service", endpoints.site)).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = now.as_secs();
    let request = client().post(format!("{}/TraceSummaries", endpoints.aws));
    let range = json!({ "StartTime": now - 300, "EndTime": now + 1 });
    let summaries = request.json(&range).send().await.unwrap();
    let summaries = summaries.text().await.unwrap();
    let like = format!("/{MYSFIT}/like\"");
    (log.contains(&like), summaries.contains(&like))
}

#[tokio::test]
async fn after_a_reset_everything_is_as_at_the_start() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let start = state(&endpoints).await;

    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    let adopt = format!("{}/mysfits/{MYSFIT}/adopt", endpoints.alb);
    assert_eq!(client().post(adopt).send().await.unwrap().status(), 200);
    let item = json!({ "TableName": endpoints.table, "Item": { "MysfitId": { "S": "new" } } });
    call(&endpoints, "DynamoDB_20120810.PutItem", item).await;
    let table = json!({
        "TableName": "Other", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "a", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "a", "AttributeType": "S" }],
    });
    call(&endpoints, "DynamoDB_20120810.CreateTable", table).await;
    call_elb(&endpoints, "DeleteRule", LIKE_RULE).await;
    let parameters = format!("{MONOLITHS}&HealthCheckIntervalSeconds=7");
    call_elb(&endpoints, "ModifyTargetGroup", &parameters).await;
    let attribute = "Attributes.member.1.Key=deregistration_delay.timeout_seconds";
    let parameters = format!("{MONOLITHS}&{attribute}&Attributes.member.1.Value=9");
    call_elb(&endpoints, "ModifyTargetGroupAttributes", &parameters).await;
    let group = client().post(format!("{}/CreateGroup", endpoints.aws));
    let group = group.json(&json!({ "GroupName": "slow" })).send();
    assert_eq!(group.await.unwrap().status(), 200);
    let revision = register_revision(&endpoints).await;
    let update = json!({
        "cluster": "Cluster-mysfits", "service": LIKE_SERVICE, "taskDefinition": revision, "desiredCount": 3,
        "deploymentConfiguration": { "minimumHealthyPercent": 50, "maximumPercent": 150 },
        "healthCheckGracePeriodSeconds": 7,
    });
    call_ecs(&endpoints, "UpdateService", update).await;
    for (before, after) in start.iter().zip(state(&endpoints).await) {
        assert_ne!(*before, after);
    }
    found("the like in logs and traces", async || {
        (shown_likes(&endpoints).await == (true, true)).then_some(())
    })
    .await;

    let output = reset(&endpoints, &[]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with("Back to the start in "), "{printed}");
    assert_eq!(state(&endpoints).await, start);
    assert_eq!(shown_likes(&endpoints).await, (false, false));
    assert_eq!(likes(&endpoints.alb).await, 0);
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    assert_eq!(likes(&endpoints.alb).await, 1);
    found("the tasks of the start", async || {
        is_steady(&endpoints).await.then_some(())
    })
    .await;
    assert_eq!(state(&endpoints).await[6..], start[6..]);
}

/// The names of the log groups with those of their streams, and the metric filters, without times.
async fn log_streams_and_metric_filters(endpoints: &Endpoints) -> (Vec<Value>, Vec<Value>) {
    let logs = async |operation: &str, request| {
        let target = format!("Logs_20140328.{operation}");
        call(endpoints, &target, request).await
    };
    let list = |mut response: Value, key: &str| response[key].as_array_mut().map(std::mem::take);
    let groups = list(logs("DescribeLogGroups", json!({})).await, "logGroups").unwrap();
    let mut streams = Vec::new();
    for group in groups {
        let request = json!({ "logGroupName": group["logGroupName"] });
        let found = list(logs("DescribeLogStreams", request).await, "logStreams").unwrap();
        let names = found.iter().map(|it| it["logStreamName"].clone());
        streams.push(json!([group["logGroupName"], names.collect::<Vec<_>>()]));
    }
    let filters = logs("DescribeMetricFilters", json!({})).await;
    let mut filters = list(filters, "metricFilters").unwrap();
    for filter in &mut filters {
        filter["creationTime"].take();
    }
    (streams, filters)
}

#[tokio::test]
async fn after_a_reset_the_tasks_have_their_log_streams_and_the_metric_filters_are_those_of_the_start()
 {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let start = log_streams_and_metric_filters(&endpoints).await;
    let (streams, filters) = &start;
    let number = |it: &Value| it[1].as_array().unwrap().len();
    // Two tasks of the Like service and one of the monolith, each with a sidecar.
    assert_eq!(streams.iter().map(number).sum::<usize>(), 6, "{streams:?}");
    assert_eq!(filters.len(), 2);
    let group = &filters[0]["logGroupName"];
    let deleted = json!({ "logGroupName": group, "filterName": filters[0]["filterName"] });
    call(&endpoints, "Logs_20140328.DeleteMetricFilter", deleted).await;
    let created = json!({
        "logGroupName": group, "filterName": "new", "filterPattern": "x",
        "metricTransformations": [{ "metricName": "M", "metricNamespace": "N", "metricValue": "1" }],
    });
    call(&endpoints, "Logs_20140328.PutMetricFilter", created).await;
    assert!(reset(&endpoints, &[]).status.success());
    assert_eq!(log_streams_and_metric_filters(&endpoints).await, start);
}

#[tokio::test]
async fn likes_do_not_fail_while_a_reset_replaces_the_tasks() {
    let options = ["--chaos", "off", "--health-check-interval-ms", "200"];
    let lab = Lab::start_with(PATIENT, &options);
    let endpoints = lab.endpoints();
    let start = like_service(&endpoints).await["taskDefinition"].take();
    let revision = register_revision(&endpoints).await;
    let update = json!({ "cluster": "Cluster-mysfits", "service": LIKE_SERVICE, "taskDefinition": revision });
    call_ecs(&endpoints, "UpdateService", update).await;
    found("the tasks of the new revision", async || {
        is_steady(&endpoints).await.then_some(())
    })
    .await;
    let (client, alb) = (client(), endpoints.alb.clone());
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let liking = tokio::spawn(async move {
        let mut count = 0;
        while !stopped.is_cancelled() {
            assert_eq!(like(&client, &alb).await, 200);
            count += 1;
        }
        count
    });
    assert!(reset(&endpoints, &[]).status.success());
    assert_eq!(like_service(&endpoints).await["taskDefinition"], start);
    found("the tasks of the start", async || {
        is_steady(&endpoints).await.then_some(())
    })
    .await;
    stop.cancel();
    assert!(liking.await.unwrap() > 0);
}

#[tokio::test]
async fn likes_during_resets_do_not_fail() {
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let (client, alb) = (client(), endpoints.alb.clone());
    let liking: Vec<_> = (0..10)
        .map(|_| {
            let (client, alb) = (client.clone(), alb.clone());
            tokio::spawn(async move {
                for _ in 0..50 {
                    assert_eq!(like(&client, &alb).await, 200);
                }
            })
        })
        .collect();
    let url = format!("{}/lab/reset", endpoints.site);
    let mut resets = 0;
    while !liking.iter().all(tokio::task::JoinHandle::is_finished) {
        let answer = client.post(&url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        // Shown if the test fails. The time depends on what else the machine does.
        eprintln!("{answer}");
        resets += 1;
    }
    for task in liking {
        task.await.unwrap();
    }
    assert!(resets > 1, "{resets}");
    assert!(
        client
            .post(&url)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    assert_eq!(likes(&alb).await, 0);
}

#[tokio::test]
async fn likes_on_disk_are_reset_only_after_a_confirmation() {
    let directory = Directory::new();
    let data = directory.path("data");
    let data = data.to_str().unwrap();
    let lab = Lab::start(&["--chaos", "off", "--data-dir", data]);
    let endpoints = lab.endpoints();
    assert_eq!(like(&client(), &endpoints.alb).await, 200);

    let refused = reset(&endpoints, &[]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains(data) && error.contains("--yes"), "{error}");
    assert_eq!(likes(&endpoints.alb).await, 1);

    let confirmed = reset(&endpoints, &["--yes"]);
    assert!(confirmed.status.success(), "{confirmed:?}");
    assert_eq!(likes(&endpoints.alb).await, 0);

    let mut lab = lab;
    lab.signal(rustix::process::Signal::TERM);
    assert!(lab.wait().success());
    let lab = Lab::start(&["--chaos", "off", "--data-dir", data]);
    assert_eq!(likes(&lab.endpoints().alb).await, 0);
}

#[tokio::test]
async fn a_confirmation_that_is_neither_true_nor_false_is_refused() {
    let lab = Lab::start(&["--chaos", "off"]);
    let url = format!("{}/lab/reset?confirmed=yes", lab.endpoints().site);
    let answer = client().post(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let body: Value = answer.json().await.unwrap();
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("confirmed"), "{message}");
}

#[tokio::test]
async fn only_a_post_request_resets_the_lab() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    let url = format!("{}/lab/reset", endpoints.site);
    let answer = client().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(likes(&endpoints.alb).await, 1);
}
