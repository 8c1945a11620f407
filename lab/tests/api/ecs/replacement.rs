//! Tasks that are stopped, killed or hang, and an outage of the monolith: ECS replaces tasks.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Cluster, LIKE_SERVICE, MONOLITH_SERVICE, Users};
use crate::found;
use crate::process::{Task, runs, signal};

fn id(task: &Value) -> &str {
    let arn = task["taskArn"].as_str().unwrap();
    arn.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn a_task_that_a_person_stops_is_replaced() {
    let cluster = Cluster::start(&[]);
    let task = cluster.lab.endpoints().of("like-service")[0].clone();
    let request = json!({ "task": task.id, "reason": "an experiment" });
    let stopping = cluster.call("StopTask", request).await;
    assert_eq!(stopping["task"]["desiredStatus"], "STOPPED");
    let stopped = cluster
        .stopped_task(LIKE_SERVICE, |stopped| id(stopped) == task.id)
        .await;
    assert_eq!(stopped["stopCode"], "UserInitiated");
    assert_eq!(stopped["stoppedReason"], "an experiment");
    assert_eq!(stopped["containers"][0]["exitCode"], 0);
    cluster.stable(LIKE_SERVICE).await;
    let tasks = cluster.tasks(LIKE_SERVICE, "RUNNING").await;
    assert_eq!(tasks.len(), 2);
    assert!(tasks.iter().all(|other| id(other) != task.id));
    let in_order = [
        "has started 2 tasks: (task ",
        "deregistered 1 targets in (target-group ",
        "has started 1 tasks: (task ",
        "registered 1 targets in (target-group ",
        "has reached a steady state.",
    ];
    found("the events in this order", async || {
        let events = cluster.events(LIKE_SERVICE).await;
        let mut rest = events.iter();
        let mut texts = in_order.iter();
        texts
            .all(|text| rest.any(|event| event.contains(text)))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_killed_task_is_replaced_and_its_exit_code_names_the_signal() {
    let cluster = Cluster::start(&[]);
    let task = cluster.lab.endpoints().of("like-service")[0].clone();
    signal(task.pid, Signal::KILL);
    let stopped = cluster
        .stopped_task(LIKE_SERVICE, |stopped| id(stopped) == task.id)
        .await;
    assert_eq!(stopped["stopCode"], "EssentialContainerExited");
    assert_eq!(
        stopped["stoppedReason"],
        "Essential container in task exited"
    );
    assert_eq!(stopped["containers"][0]["exitCode"], 137);
    cluster.stable(LIKE_SERVICE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_hangs_is_replaced_and_then_no_like_fails() {
    let cluster = Cluster::start(&[]);
    cluster.without_grace_period(LIKE_SERVICE).await;
    // A stopped process handles no SIGTERM.
    cluster
        .deploy(LIKE_SERVICE, |container| {
            container["stopTimeout"] = json!(2);
        })
        .await;
    cluster.stable(LIKE_SERVICE).await;
    let task = found("the endpoints file has the new tasks", async || {
        let running = cluster.tasks(LIKE_SERVICE, "RUNNING").await;
        let endpoints = cluster.lab.endpoints();
        let task = endpoints.of("like-service")[0].clone();
        running
            .iter()
            .any(|other| id(other) == task.id)
            .then_some(task)
    })
    .await;
    signal(task.pid, Signal::STOP);
    found("ECS stops the task", async || {
        let tasks = cluster.tasks(LIKE_SERVICE, "RUNNING").await;
        tasks.iter().all(|other| id(other) != task.id).then_some(())
    })
    .await;
    let users = Users::start(10, &cluster.alb);
    let stopped = cluster
        .stopped_task(LIKE_SERVICE, |stopped| id(stopped) == task.id)
        .await;
    users.go_on(20).await;
    assert_eq!(users.failures().await, 0);
    assert_eq!(stopped["stopCode"], "ServiceSchedulerInitiated");
    let reason = stopped["stoppedReason"].as_str().unwrap();
    assert!(
        reason.starts_with("Task failed ELB health checks in (target-group "),
        "{reason}"
    );
    assert_eq!(stopped["containers"][0]["exitCode"], 137);
    let event = cluster
        .event(LIKE_SERVICE, "is unhealthy in (target-group ")
        .await;
    assert!(event.contains("Request timed out"), "{event}");
    cluster.stable(LIKE_SERVICE).await;
}

#[tokio::test]
async fn a_task_that_needs_more_memory_than_its_task_definition_has_is_killed() {
    let cluster = Cluster::start(&[]);
    let before = cluster.stable(LIKE_SERVICE).await["taskDefinition"].clone();
    cluster
        .deploy(LIKE_SERVICE, |container| container["memory"] = json!(6))
        .await;
    let stopped = cluster
        .stopped_task(LIKE_SERVICE, |task| {
            task["containers"][0]["exitCode"] == 137
        })
        .await;
    let container = &stopped["containers"][0];
    assert_eq!(
        container["reason"],
        "OutOfMemoryError: Container killed due to memory usage"
    );
    cluster.lab.wait_for("out of memory");
    // Its tasks become healthy before they die, so the circuit breaker does not roll the deployment back.
    let change = json!({ "taskDefinition": before });
    cluster.update(LIKE_SERVICE, change).await;
    cluster.stable(LIKE_SERVICE).await;
}

/// A process that handles nothing until this is dropped.
struct Hanging(i32);

impl Hanging {
    fn new(pid: i32) -> Self {
        signal(pid, Signal::STOP);
        Self(pid)
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        // Without this, it would not end with its lab.
        if runs(self.0) {
            signal(self.0, Signal::CONT);
        }
    }
}

/// The lesson of `docs/chaos.md`: the monolith hangs, and ECS replaces the tasks of the service that works.
#[tokio::test]
async fn a_monolith_that_hangs_makes_ecs_replace_every_like_task() {
    let cluster = Cluster::start(&[]);
    cluster.without_grace_period(LIKE_SERVICE).await;
    let endpoints = cluster.lab.endpoints();
    let hanging = Hanging::new(endpoints.of("monolith")[0].pid);
    for like in endpoints.of("like-service") {
        let text = format!(
            "(task {}) (port 8080) is unhealthy in (target-group ",
            like.id
        );
        let event = cluster.event(LIKE_SERVICE, &text).await;
        let reasons = ["failed with these codes: [503]", "Request timed out"];
        assert!(reasons.iter().any(|it| event.contains(it)), "{event}");
        let stopped = cluster
            .stopped_task(LIKE_SERVICE, |stopped| id(stopped) == like.id)
            .await;
        assert_eq!(stopped["stopCode"], "ServiceSchedulerInitiated");
    }
    // During its grace period the monolith itself is not replaced.
    drop(hanging);
    cluster.stable(LIKE_SERVICE).await;
    cluster.stable(MONOLITH_SERVICE).await;
    let monoliths = cluster.tasks(MONOLITH_SERVICE, "RUNNING").await;
    assert_eq!(id(&monoliths[0]), endpoints.of("monolith")[0].id);
}

/// The health check of the Like service asks the monolith, as in the first workshop. So an outage of the monolith makes all tasks
/// of the Like service unhealthy, although they work.
#[tokio::test]
async fn an_outage_of_the_monolith_makes_ecs_replace_every_like_task() {
    let cluster = Cluster::start(&[]);
    cluster.without_grace_period(LIKE_SERVICE).await;
    let endpoints = cluster.lab.endpoints();
    let monolith = endpoints.of("monolith")[0].clone();
    let likes: Vec<Task> = endpoints.of("like-service").into_iter().cloned().collect();
    let stop = json!({ "desiredCount": 0 });
    cluster.update(MONOLITH_SERVICE, stop).await;
    for like in &likes {
        let stopped = cluster
            .stopped_task(LIKE_SERVICE, |stopped| id(stopped) == like.id)
            .await;
        let reason = stopped["stoppedReason"].as_str().unwrap();
        assert!(
            reason.starts_with("Task failed ELB health checks in "),
            "{reason}"
        );
    }
    cluster
        .event(
            LIKE_SERVICE,
            "due to (reason Health checks failed with these codes: [503])",
        )
        .await;
    crate::process::assert_gone(&[monolith]);
    cluster
        .update(MONOLITH_SERVICE, json!({ "desiredCount": 1 }))
        .await;
    cluster.stable(MONOLITH_SERVICE).await;
    cluster.stable(LIKE_SERVICE).await;
    assert_eq!(
        crate::client::like(&crate::client::client(), &cluster.alb).await,
        200
    );
}
