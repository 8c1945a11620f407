//! What users see while tasks stop, die and start: the experiment of the resilience lab, with figures.
//!
//! `docs/reliability.md` has the figures of these runs. `cargo nextest run --no-capture` prints them.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::sleep_until;

use super::{Cluster, LIKE_SERVICE, MONOLITH_SERVICE, Users};
use crate::client::{client, get, like, likes};
use crate::constant_rate::{Like, Likes, Load};
use crate::found;
use crate::process::{Lab, PATIENT, signal};

const USERS: usize = 10;

/// Likes per second of ten users who send two likes per second each.
const RATE: u64 = 20;

/// A run during which one task of the Like service is stopped.
struct Experiment {
    tasks: usize,
    /// The option `--task-start-seconds`.
    task_start: Duration,
    run: Duration,
}

/// The result of an experiment.
#[derive(Debug)]
struct Outcome {
    failed: usize,
    /// The share of failed likes.
    failed_share: f64,
    /// The time from the deregistration of the stopped task to the registration of its replacement, by the events of the service, divided by
    /// the duration of the run. With one task, no task is registered meanwhile.
    replacement_share: f64,
}

impl Experiment {
    /// Stops a task with the operation `StopTask` (`aws ecs stop-task`) after a sixth of the run.
    async fn execute(&self) -> Outcome {
        let cluster = Cluster::start(&[
            "--like-tasks",
            &self.tasks.to_string(),
            "--task-start-seconds",
            &self.task_start.as_secs().to_string(),
        ]);
        let task = cluster.lab.endpoints().of("like-service")[0].clone();
        let start = Instant::now();
        let load = Load::start(&cluster.alb, RATE);
        sleep_until((start + self.run / 6).into()).await;
        let registrations = cluster.event_times(" registered").await.len();
        cluster.call("StopTask", json!({ "task": task.id })).await;
        let registered = found("the new task is registered", async || {
            let times = cluster.event_times(" registered").await;
            times.get(registrations).copied()
        })
        .await;
        let deregistered = cluster.event_times(" deregistered").await[0];
        // On a busy machine the start can take longer than the rest of the run.
        let end = (start + self.run).max(Instant::now() + self.run / 6);
        sleep_until(end.into()).await;
        let run = start.elapsed();
        let sent = load.stop().await;
        let acknowledged = sent.acknowledged().count() as u64;
        assert_eq!(likes(&cluster.alb).await, acknowledged);
        assert_only_one_outage(&sent);
        let failed = sent.failed().count();
        let outcome = Outcome {
            failed,
            failed_share: failed as f64 / sent.count() as f64,
            replacement_share: (registered - deregistered) / run.as_secs_f64(),
        };
        println!(
            "{} task(s), {} likes, {run:?}: {outcome:?}",
            self.tasks,
            sent.count()
        );
        outcome
    }
}

impl Cluster {
    /// The times of the Like service's events that contain `text`, oldest first, in seconds since 1970.
    async fn event_times(&self, text: &str) -> Vec<f64> {
        let service = self.service(LIKE_SERVICE).await;
        let events = service["events"].as_array().unwrap().iter().rev();
        let has_text = |event: &&Value| event["message"].as_str().unwrap().contains(text);
        let events = events.filter(has_text);
        events
            .map(|event| event["createdAt"].as_f64().unwrap())
            .collect()
    }
}

/// Between the first and the last failed like, no like succeeds. Likes that overlap with the start or the end of the outage are left out.
fn assert_only_one_outage(sent: &Likes) {
    let first = sent.failed().map(|like| like.answered).min();
    let last = sent.failed().map(|like| like.sent).max();
    let (Some(first), Some(last)) = (first, last) else {
        return;
    };
    let is_between = |like: &&Like| like.sent > first && like.answered < last;
    let succeeded: Vec<_> = sent.acknowledged().filter(is_between).collect();
    assert!(succeeded.is_empty(), "{first:?} {last:?}: {succeeded:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn likes_fail_without_interruption_until_the_only_task_is_replaced_and_with_two_tasks_none_fails()
 {
    let experiment = |tasks| Experiment {
        tasks,
        task_start: Duration::from_secs(2),
        run: Duration::from_secs(6),
    };
    assert!(experiment(1).execute().await.failed > 0);
    assert_eq!(experiment(2).execute().await.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes three minutes"]
async fn with_starts_as_slow_as_on_fargate_the_share_of_failed_likes_is_the_outage_within_3_percent()
 {
    let experiment = |tasks| Experiment {
        tasks,
        task_start: Duration::from_secs(20),
        run: Duration::from_secs(60),
    };
    let one = experiment(1).execute().await;
    let difference = (one.failed_share - one.replacement_share).abs();
    assert!(difference <= 0.03, "{one:?}");
    assert_eq!(experiment(2).execute().await.failed, 0);
}

/// A stopped process keeps its requests in flight until it is killed. Until ECS notices the end of the process, the load balancer can select
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn if_one_of_two_tasks_is_killed_its_requests_are_502_and_the_access_log_has_the_reason_of_each()
 {
    const LIKES: usize = 20;
    // The health check would notice the stopped process.
    let arguments = ["--chaos", "off", "--health-check-interval-ms", "60000"];
    let lab = Lab::start_with(PATIENT, &arguments);
    let endpoints = lab.endpoints();
    let killed = endpoints.of("like-service")[0].clone();
    signal(killed.pid, Signal::STOP);
    let clients: Vec<_> = (0..LIKES)
        .map(|_| {
            let alb = endpoints.alb.clone();
            tokio::spawn(async move { like(&client(), &alb).await })
        })
        .collect();
    // The load balancer sends requests to the tasks in turn.
    found("the other task has answered its likes", async || {
        let answered = clients.iter().filter(|client| client.is_finished());
        (answered.count() == LIKES / 2).then_some(())
    })
    .await;
    signal(killed.pid, Signal::KILL);
    let mut later = Vec::new();
    for _ in 0..LIKES {
        later.push(like(&client(), &endpoints.alb).await);
    }
    let mut statuses = Vec::new();
    for client in clients {
        statuses.push(client.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses[..LIKES / 2], [200; LIKES / 2]);
    assert_eq!(statuses[LIKES / 2..], [502; LIKES / 2]);
    let refused = later.iter().filter(|status| **status == 502).count();
    let succeeded = later.iter().filter(|status| **status == 200).count();
    assert_eq!(refused + succeeded, LIKES, "{later:?}");
    assert_eq!(likes(&endpoints.alb).await, (LIKES / 2 + succeeded) as u64);

    let address = killed.url.trim_start_matches("http://");
    let log = format!("{}/logs/load-balancer", endpoints.site);
    found("a line with its reason for each failed like", async || {
        let lines = get(&log).await;
        let failed: Vec<_> = lines
            .lines()
            .filter(|line| line.contains(" 502 "))
            .collect();
        let count = |reason: &str| {
            let is_expected = |line: &&&str| line.contains(address) && line.contains(reason);
            failed.iter().filter(is_expected).count()
        };
        let closed = count("\"TargetConnectionClosed\"");
        let not_accepted = count("\"TargetConnectionRefused\"");
        assert_eq!(closed + not_accepted, failed.len(), "{failed:#?}");
        (closed >= LIKES / 2 && failed.len() == LIKES / 2 + refused).then_some(())
    })
    .await;
    lab.endpoints_without(&killed.id);
    for _ in 0..LIKES {
        assert_eq!(like(&client(), &endpoints.alb).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_like_fails_while_a_service_is_scaled_in() {
    let cluster = Cluster::start(&["--like-tasks", "4"]);
    let users = Users::start(USERS, &cluster.alb);
    users.go_on(20).await;
    let change = json!({ "desiredCount": 1 });
    cluster.update(LIKE_SERVICE, change).await;
    let service = cluster.stable(LIKE_SERVICE).await;
    assert_eq!(service["runningCount"], 1);
    users.go_on(20).await;
    assert_eq!(users.failures().await, 0);
}

/// The only monolith is killed. Its likes in flight fail. ECS replaces it, and then likes succeed again without a restart of the
/// Like service.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_monolith_is_replaced_likes_fail_and_each_acknowledged_like_is_in_the_table() {
    let cluster = Cluster::start(&["--task-start-seconds", "1"]);
    let before = cluster.lab.endpoints();
    let monolith = before.of("monolith")[0].clone();
    let users = Users::start(USERS, &cluster.alb);
    users.go_on(20).await;
    signal(monolith.pid, Signal::KILL);
    cluster.lab.endpoints_without(&monolith.id);
    cluster.stable(MONOLITH_SERVICE).await;
    let during = users.stop().await;
    assert!(during.failed > 0);
    let acknowledged = during.sent - during.failed;
    let counted = likes(&cluster.alb).await;
    assert!(
        (acknowledged..=acknowledged + USERS as u64).contains(&counted),
        "{counted} likes in the table: {during:?}"
    );
    let users = Users::start(USERS, &cluster.alb);
    users.go_on(20).await;
    assert_eq!(users.failures().await, 0);
    let pids =
        |tasks: Vec<&crate::process::Task>| tasks.iter().map(|it| it.pid).collect::<Vec<_>>();
    let after = cluster.lab.endpoints();
    assert_eq!(
        pids(after.of("like-service")),
        pids(before.of("like-service"))
    );
}
