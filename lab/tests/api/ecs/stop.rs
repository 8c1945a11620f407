//! The end of a lab whose ECS is at work: no process is left.

use rustix::process::Signal;
use serde_json::json;

use super::leftovers::children;
use super::{Cluster, LIKE_SERVICE};
use crate::process::{runs, signal};
use crate::{eventually, found};

/// Processes of tasks.
struct Processes(Vec<i32>);

impl Processes {
    fn of(cluster: &Cluster) -> Self {
        let children = children(cluster.lab.endpoints().lab.pid).into_iter();
        Self(children.map(|pid| pid.try_into().unwrap()).collect())
    }

    fn assert_gone(&self) {
        for pid in &self.0 {
            eventually("the process is gone", || !runs(*pid));
        }
    }
}

/// Begins a deployment, and waits until its tasks have this status.
async fn deploy_until(cluster: &Cluster, count: &str) {
    let force = json!({ "forceNewDeployment": true });
    cluster.update(LIKE_SERVICE, force).await;
    found("the new tasks have the status", async || {
        let service = cluster.service(LIKE_SERVICE).await;
        let deployment = &service["deployments"][0];
        (deployment[count].as_u64() > Some(0)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_during_a_deployment_also_ends_a_task_that_hangs() {
    // Without tracing each task has one process.
    let mut cluster = Cluster::start(&["--tracing", "off"]);
    // A stopped process handles no SIGTERM.
    cluster
        .deploy(LIKE_SERVICE, |container| {
            container["stopTimeout"] = json!(2);
        })
        .await;
    cluster.stable(LIKE_SERVICE).await;
    deploy_until(&cluster, "runningCount").await;
    let processes = Processes::of(&cluster);
    let monolith = cluster.lab.endpoints().of("monolith")[0].pid;
    // The youngest process is one of the deployment.
    let youngest = *processes.0.last().unwrap();
    assert_ne!(youngest, monolith);
    signal(youngest, Signal::STOP);
    cluster.lab.signal(Signal::INT);
    assert_eq!(cluster.lab.wait().code(), Some(0));
    processes.assert_gone();
}

#[tokio::test]
async fn a_lab_that_is_killed_while_tasks_are_pending_leaves_no_process() {
    let mut cluster = Cluster::start(&["--task-start-seconds", "2"]);
    deploy_until(&cluster, "pendingCount").await;
    let processes = Processes::of(&cluster);
    cluster.lab.signal(Signal::KILL);
    cluster.lab.wait();
    processes.assert_gone();
}
