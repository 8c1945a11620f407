//! Desired counts.

use serde_json::json;

use super::{Cluster, LIKE_SERVICE};
use crate::process::assert_gone;

#[tokio::test]
async fn the_desired_count_changes_the_number_of_tasks_without_a_deployment() {
    let cluster = Cluster::start(&[]);
    let before = cluster.stable(LIKE_SERVICE).await;
    let ids = |service: &serde_json::Value| service["deployments"][0]["id"].clone();
    for count in [5, 1] {
        let old = cluster.lab.endpoints();
        let change = json!({ "desiredCount": count });
        let updated = cluster.update(LIKE_SERVICE, change).await;
        assert_eq!(updated["desiredCount"], count);
        let service = cluster.stable(LIKE_SERVICE).await;
        assert_eq!(service["runningCount"], count);
        assert_eq!(ids(&service), ids(&before));
        crate::eventually("the endpoints file has the tasks", || {
            cluster.lab.endpoints().of("like-service").len() == count
        });
        let new = cluster.lab.endpoints();
        let is_removed =
            |task: &&crate::process::Task| new.tasks.iter().all(|other| other.id != task.id);
        let removed: Vec<_> = old.tasks.iter().filter(is_removed).cloned().collect();
        assert_gone(&removed);
    }
    cluster
        .lab
        .wait_for("like-service      desired count 2 -> 5");
    cluster
        .lab
        .wait_for("like-service      desired count 5 -> 1");
    let stopped = cluster
        .stopped_task(LIKE_SERVICE, |task| {
            task["stopCode"] == "ServiceSchedulerInitiated"
        })
        .await;
    let reason = stopped["stoppedReason"].as_str().unwrap();
    assert!(
        reason.starts_with("Scaling activity initiated by "),
        "{reason}"
    );
    assert_eq!(stopped["containers"][0]["exitCode"], 0);
}

#[tokio::test]
async fn more_tasks_than_max_tasks_do_not_start_and_an_event_says_so() {
    let cluster = Cluster::start(&["--max-tasks", "3"]);
    let change = json!({ "desiredCount": 5 });
    let updated = cluster.update(LIKE_SERVICE, change).await;
    assert_eq!(updated["desiredCount"], 5);
    cluster
        .event(LIKE_SERVICE, "was unable to place a task")
        .await;
    crate::found("three tasks run", async || {
        let service = cluster.service(LIKE_SERVICE).await;
        (service["runningCount"] == 3).then_some(())
    })
    .await;
    cluster
        .update(LIKE_SERVICE, json!({ "desiredCount": 3 }))
        .await;
    assert_eq!(cluster.stable(LIKE_SERVICE).await["runningCount"], 3);
}

#[tokio::test]
async fn a_new_task_stays_pending_as_long_as_the_option_says() {
    let cluster = Cluster::start(&["--task-start-seconds", "1"]);
    cluster
        .update(LIKE_SERVICE, json!({ "desiredCount": 3 }))
        .await;
    cluster.stable(LIKE_SERVICE).await;
    let tasks = cluster.tasks(LIKE_SERVICE, "RUNNING").await;
    assert_eq!(tasks.len(), 3);
    for task in tasks {
        let time = |name: &str| task[name].as_f64().unwrap();
        assert!(time("startedAt") - time("createdAt") >= 1.0, "{task}");
    }
}
