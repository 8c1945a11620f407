//! Rolling deployments under load: those that succeed, and those that the circuit breaker rolls back.

use serde_json::{Value, json};

use super::{Cluster, LIKE_SERVICE, Users, set_variable};
use crate::client::get;
use crate::found;

fn counts(service: &Value) -> (u64, u64) {
    let count = |name: &str| service[name].as_u64().unwrap();
    (count("runningCount"), count("pendingCount"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_revision_replaces_all_tasks_and_no_like_fails() {
    let cluster = Cluster::start(&[]);
    let users = Users::start(10, &cluster.alb);
    users.go_on(20).await;
    let arn = cluster
        .deploy(LIKE_SERVICE, |container| {
            set_variable(container, "LOGLEVEL", "DEBUG");
        })
        .await;
    found("old and new tasks run side by side", async || {
        let service = cluster.service(LIKE_SERVICE).await;
        let deployments = service["deployments"].as_array().unwrap();
        let are_running = deployments
            .iter()
            .all(|deployment| deployment["runningCount"].as_u64() > Some(0));
        (deployments.len() == 2 && are_running).then_some(())
    })
    .await;
    let service = cluster.stable(LIKE_SERVICE).await;
    users.go_on(20).await;
    assert_eq!(users.failures().await, 0);
    assert_eq!(service["taskDefinition"], arn);
    for task in cluster.tasks(LIKE_SERVICE, "RUNNING").await {
        assert_eq!(task["taskDefinitionArn"], arn);
    }
    let url = format!("{}/logs/like-service", cluster.lab.endpoints().site);
    found("lines of the new level", async || {
        get(&url).await.contains("Like processed.").then_some(())
    })
    .await;
    cluster.lab.wait_for(":2 started");
    cluster.lab.wait_for(" completed");
}

/// Deploys a revision whose tasks fail, and waits until the old one is back.
async fn assert_is_rolled_back(cluster: &Cluster, change: impl FnOnce(&mut Value)) {
    cluster.without_grace_period(LIKE_SERVICE).await;
    let before = cluster.stable(LIKE_SERVICE).await;
    let tasks = cluster.lab.endpoints().tasks;
    let users = Users::start(10, &cluster.alb);
    users.go_on(20).await;
    cluster.deploy(LIKE_SERVICE, change).await;
    cluster.event(LIKE_SERVICE, "deployment failed").await;
    cluster
        .event(LIKE_SERVICE, "rolling back to deployment")
        .await;
    let after = cluster.stable(LIKE_SERVICE).await;
    users.go_on(20).await;
    assert_eq!(users.failures().await, 0);
    assert_eq!(after["taskDefinition"], before["taskDefinition"]);
    // The old tasks have never stopped.
    for task in tasks {
        assert!(crate::process::runs(task.pid), "{task:?}");
    }
    cluster.lab.wait_for(" failed: tasks failed to start");
    cluster.lab.wait_for("rolling back to deployment");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_does_not_become_healthy_is_rolled_back_and_no_like_fails() {
    let cluster = Cluster::start(&[]);
    assert_is_rolled_back(&cluster, |container| {
        // Nothing listens there: the health check of the Like service answers 503.
        set_variable(container, "MONOLITH_URL", "http://127.0.0.1:1");
    })
    .await;
    cluster
        .event(LIKE_SERVICE, "is unhealthy in (target-group ")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_whose_process_exits_is_rolled_back_and_no_like_fails() {
    let cluster = Cluster::start(&[]);
    assert_is_rolled_back(&cluster, |container| {
        set_variable(container, "LOGLEVEL", "LOUD");
    })
    .await;
    let stopped = cluster
        .stopped_task(LIKE_SERVICE, |task| {
            task["stopCode"] == "EssentialContainerExited"
        })
        .await;
    assert_eq!(stopped["containers"][0]["exitCode"], 64, "{stopped}");
    cluster.lab.wait_for("LOGLEVEL");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_minimum_of_50_and_a_maximum_of_100_there_are_never_more_tasks_than_before() {
    let cluster = Cluster::start(&[]);
    let limits = json!({ "minimumHealthyPercent": 50, "maximumPercent": 100 });
    cluster
        .update(LIKE_SERVICE, json!({ "deploymentConfiguration": limits }))
        .await;
    let before = cluster.stable(LIKE_SERVICE).await["deployments"][0]["id"].clone();
    cluster
        .update(LIKE_SERVICE, json!({ "forceNewDeployment": true }))
        .await;
    found("the deployment is completed", async || {
        let service = cluster.service(LIKE_SERVICE).await;
        let (running, pending) = counts(&service);
        assert!((1..=2).contains(&running), "{service}");
        assert!(running + pending <= 2, "{service}");
        let deployments = service["deployments"].as_array().unwrap();
        let is_completed = deployments.len() == 1
            && deployments[0]["id"] != before
            && deployments[0]["rolloutState"] == "COMPLETED";
        is_completed.then_some(())
    })
    .await;
}
