//! Tasks that die and tasks that are stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::time::interval;

use crate::client::{CLUSTER, client, ecs, get, like, likes};
use crate::eventually;
use crate::process::{Lab, PATIENT, assert_gone, signal};

#[tokio::test]
async fn a_killed_task_is_replaced_and_likes_go_on() {
    let lab = Lab::start(&["--chaos", "off"]);
    for service in ["like-service", "monolith"] {
        let before = lab.endpoints();
        let task = before.of(service)[0].clone();
        signal(task.pid, Signal::KILL);
        let after = lab.endpoints_without(&task.id);
        assert_eq!(after.tasks.len(), before.tasks.len());
        assert!(after.tasks.iter().all(|other| other.pid != task.pid));
        for _ in 0..10 {
            assert_eq!(like(&client(), &after.alb).await, 200);
        }
        let died = format!("{service}-0");
        eventually("its death is told", || {
            lab.printed().lines().any(|line| {
                line.contains(&died) && line.contains("died") && line.contains("SIGKILL")
            })
        });
    }
    assert_eq!(likes(&lab.endpoints().alb).await, 20);
}

#[tokio::test]
async fn the_endpoints_file_names_no_task_before_it_is_healthy() {
    let lab = Lab::start(&["--like-tasks", "1", "--logs"]);
    let before = lab.endpoints();
    let (like, monolith) = (before.of("like-service")[0], before.of("monolith")[0]);
    // While the monolith is frozen, a new like task's health check finds nobody.
    signal(monolith.pid, Signal::STOP);
    signal(like.pid, Signal::KILL);
    lab.wait_for("died");
    lab.wait_for(r#""path":"/","status":503"#);
    assert_eq!(lab.endpoints().of("like-service")[0].id, like.id);
    signal(monolith.pid, Signal::CONT);
    let after = lab.endpoints_without(&like.id);
    assert!(
        get(&after.of("like-service")[0].url)
            .await
            .contains("message")
    );
}

#[tokio::test]
async fn the_other_task_takes_over_while_a_dead_one_is_replaced() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let task = endpoints.of("like-service")[0];
    signal(task.pid, Signal::KILL);
    lab.wait_for("died");
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
}

/// Stops a task as `aws ecs stop-task` does.
async fn stop(aws: &str, id: &str) -> u16 {
    let request = json!({ "cluster": CLUSTER, "task": id });
    ecs(aws, "StopTask", &request).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_stopped_under_load_costs_no_request() {
    let arguments = ["--chaos", "off", "--monolith-tasks", "2"];
    let quick = [
        "--deregistration-delay-ms",
        "500",
        "--health-check-interval-ms",
        "500",
    ];
    let lab = Lab::start_with(PATIENT, &[&arguments[..], &quick].concat());
    let endpoints = lab.endpoints();
    let (over, sent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let client = client();
    let clients: Vec<_> = (0..50)
        .map(|number| {
            let (client, alb) = (client.clone(), endpoints.alb.clone());
            let (over, sent) = (Arc::clone(&over), Arc::clone(&sent));
            tokio::spawn(async move {
                let mut likes = 0;
                // Brisk, but not so that the replacement gets no time to start on a small machine.
                let mut pace = interval(Duration::from_millis(50));
                while !over.load(Ordering::Relaxed) {
                    if number % 2 == 0 {
                        assert_eq!(like(&client, &alb).await, 200);
                        likes += 1;
                    } else {
                        get(&format!("{alb}/mysfits")).await;
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                    pace.tick().await;
                }
                likes
            })
        })
        .collect();
    for service in ["like-service", "monolith"] {
        let task = endpoints.of(service)[0];
        let before = sent.load(Ordering::Relaxed);
        assert_eq!(stop(&endpoints.aws, &task.id).await, 200);
        lab.endpoints_without(&task.id);
        assert!(
            sent.load(Ordering::Relaxed) > before,
            "nothing was under way"
        );
        assert_gone(std::slice::from_ref(task));
    }
    over.store(true, Ordering::Relaxed);
    let mut counted = 0;
    for client in clients {
        counted += client.await.unwrap();
    }
    assert_eq!(likes(&endpoints.alb).await, counted);
}

#[tokio::test]
async fn a_task_that_is_stopped_is_replaced_and_leaves_the_endpoints_file() {
    let lab = Lab::start(&["--chaos", "off"]);
    let before = lab.endpoints();
    let task = before.of("like-service")[0].clone();
    assert_eq!(stop(&before.aws, &"0".repeat(32)).await, 400);
    assert_eq!(stop(&before.aws, &task.id).await, 200);
    let after = lab.endpoints_without(&task.id);
    assert_eq!(after.of("like-service").len(), 2);
    lab.wait_for("like-service-0    is stopping");
    assert!(!lab.printed().contains("died"));
}
