//! The cluster with its public interface, a runtime without processes, and paused time.

mod world;

use std::time::Duration;

use ecs::{Config, DeploymentState, TaskStatus};
use tokio::time::Instant;
use world::{DEREGISTRATION_DELAY, HEALTHY_AFTER, START_TIME, World, service};

#[tokio::test(start_paused = true)]
async fn a_service_is_steady_when_its_tasks_have_started_and_are_healthy() {
    let world = World::default();
    let ecs = world.ecs();
    let mut events = ecs.events();
    let start = Instant::now();
    ecs.create_service(service("like", 2)).await;
    ecs.steady("like").await;
    let waited = start.elapsed();
    assert!(waited >= START_TIME + HEALTHY_AFTER, "{waited:?}");
    assert!(
        waited < START_TIME + HEALTHY_AFTER + Duration::from_millis(10),
        "{waited:?}"
    );
    let overview = ecs.watch().borrow().clone();
    let like = overview.service("like").unwrap();
    assert_eq!((like.desired, like.running, like.pending), (2, 2, 0));
    let ordinals: Vec<_> = like.tasks.iter().map(|task| task.ordinal).collect();
    assert_eq!(ordinals, [0, 1]);
    let (service, event) = events.recv().await.unwrap();
    assert_eq!(service, "like");
    let text = "(service like) has started 2 tasks: (task ";
    assert!(event.message.starts_with(text), "{}", event.message);
}

#[tokio::test(start_paused = true)]
async fn drained_tasks_are_deregistered_before_they_get_sigterm() {
    let world = World::default();
    let ecs = world.ecs();
    ecs.create_service(service("like", 1)).await;
    ecs.steady("like").await;
    ecs.drain("like").await;
    let expected = [
        "0 started",
        "127.0.1.0:8080 registered",
        "127.0.1.0:8080 deregistered",
        "0 Some(Term)",
    ];
    assert_eq!(world.log(), expected);
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout() {
    let world = World {
        ignores_term: true,
        ..World::default()
    };
    let ecs = world.ecs();
    ecs.create_service(service("like", 1)).await;
    ecs.steady("like").await;
    let start = Instant::now();
    ecs.drain("like").await;
    let log = world.log();
    assert_eq!(log[log.len() - 2..], ["0 Some(Term)", "0 Some(Kill)"]);
    let expected = DEREGISTRATION_DELAY + Duration::from_secs(30);
    assert_eq!(start.elapsed().as_secs(), expected.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_not_started_is_killed_at_once() {
    let world = World {
        ignores_term: true,
        ..World::default()
    };
    let ecs = world.ecs();
    ecs.create_service(service("like", 2)).await;
    let start = Instant::now();
    ecs.drain("like").await;
    assert!(start.elapsed() < START_TIME);
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_stays_pending_for_the_start_time_of_the_cluster() {
    let world = World::default();
    let ecs = world.ecs_with(Config {
        cluster: "cluster".to_owned(),
        max_tasks: 20,
        task_start: Duration::from_secs(30),
    });
    ecs.create_service(service("like", 1)).await;
    tokio::time::sleep(Duration::from_secs(29)).await;
    let overview = ecs.watch().borrow().clone();
    let task = &overview.service("like").unwrap().tasks[0];
    assert_eq!(task.status, TaskStatus::Pending);
    assert_eq!(world.running(), 0);
    ecs.steady("like").await;
    assert_eq!(world.running(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_kills_all_tasks() {
    let world = World::default();
    let ecs = world.ecs();
    ecs.create_service(service("like", 3)).await;
    ecs.steady("like").await;
    let clone = ecs.clone();
    let watch = ecs.watch();
    drop(ecs);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.running(), 3);
    drop(clone);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.running(), 0);
    assert!(watch.has_changed().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_runtime_panics_is_stopped_and_replaced() {
    let world = World {
        panics: true,
        ..World::default()
    };
    let ecs = world.ecs();
    let mut config = service("like", 1);
    config.deployment.circuit_breaker = false;
    ecs.create_service(config).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let starts = world
        .log()
        .iter()
        .filter(|line| *line == "0 started")
        .count();
    assert!((10..20).contains(&starts), "{starts}");
    assert!(world.running() <= 1);
    ecs.drain("like").await;
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn tasks_of_an_unknown_target_group_are_unhealthy() {
    let world = World::default();
    let ecs = world.ecs();
    let mut events = ecs.events();
    let mut config = service("like", 1);
    config.load_balancers[0].target_group_arn = "arn:aws:unknown".to_owned();
    ecs.create_service(config).await;
    let text = "(port 8080) is unhealthy in (target-group arn:aws:unknown) due to (reason TARGET GROUP IS NOT FOUND).";
    while !events.recv().await.unwrap().1.message.ends_with(text) {}
    let state = |overview: &std::sync::Arc<ecs::Overview>| {
        let like = overview.service("like").unwrap();
        like.deployment.as_ref().unwrap().state == DeploymentState::Failed
    };
    ecs.watch().wait_for(state).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reset_keeps_healthy_tasks() {
    let world = World::default();
    let ecs = world.ecs();
    ecs.create_service(service("like", 2)).await;
    ecs.steady("like").await;
    let tasks = || {
        let overview = ecs.watch().borrow().clone();
        overview.service("like").unwrap().tasks.clone()
    };
    let before = tasks();
    ecs.reset().await;
    assert_eq!(tasks(), before);
    assert_eq!(world.running(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_overview_changes_only_when_something_in_it_changes() {
    let world = World::default();
    let ecs = world.ecs();
    ecs.create_service(service("like", 1)).await;
    ecs.steady("like").await;
    let mut watch = ecs.watch();
    watch.mark_unchanged();
    ecs.reset().await;
    tokio::time::sleep(Duration::from_secs(7 * 60 * 60)).await;
    assert!(!watch.has_changed().unwrap());
    ecs.steady("unknown").await;
}

/// Panics in the scheduler are simulated by a load balancer that panics.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_scheduler_ends_the_cluster_and_kills_all_tasks() {
    let world = World {
        registration_panics: true,
        ..World::default()
    };
    let ecs = world.ecs();
    ecs.create_service(service("like", 2)).await;
    ecs.ended().await;
    assert_eq!(world.running(), 0);
    // The stop of the program does not wait for tasks that do not exist.
    ecs.drain("like").await;
}
