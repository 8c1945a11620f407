use std::time::Duration;

use ecs::{DeploymentOverview, DeploymentState, Timestamp};

use super::*;

const LIKE: &str = "Like-Service";

fn news() -> News {
    News {
        short_names: BTreeMap::from([(LIKE.to_owned(), "like-service")]),
        tasks: BTreeMap::new(),
        services: BTreeMap::new(),
    }
}

fn task(id: &str, ordinal: u32, status: TaskStatus, is_healthy: bool) -> TaskOverview {
    TaskOverview {
        id: id.to_owned(),
        service: LIKE.to_owned(),
        ordinal,
        status,
        is_healthy,
        has_ended: false,
        created_at: Timestamp::default(),
        started: None,
        containers: Vec::new(),
        family: LIKE.to_owned(),
        revision: 1,
    }
}

fn overview(desired: u32, deployment: &str, tasks: Vec<TaskOverview>) -> Overview {
    Overview {
        services: vec![ServiceOverview {
            name: LIKE.to_owned(),
            desired,
            running: 0,
            pending: 0,
            is_steady: false,
            deployment: Some(DeploymentOverview {
                id: deployment.to_owned(),
                family: LIKE.to_owned(),
                revision: 1,
                state: DeploymentState::InProgress,
            }),
            tasks,
        }],
    }
}

fn lines(news: &mut News, overview: &Overview, now: Instant) -> Vec<String> {
    let lines = news.of_overview(overview, now);
    lines
        .iter()
        .map(|line| line.to_string().trim().to_owned())
        .collect()
}

#[test]
fn a_task_is_reported_when_it_becomes_healthy_and_when_it_stops() {
    use TaskStatus::{Deactivating, Pending, Running, Stopping};
    let (mut news, start) = (news(), Instant::now());
    let mut seen = Vec::new();
    for (milliseconds, status, is_healthy) in [
        (0, Pending, false),
        (5, Running, false),
        (9, Running, true),
        (10, Running, true),
        (20, Deactivating, false),
        (30, Stopping, false),
    ] {
        let overview = overview(1, "1", vec![task("a", 0, status, is_healthy)]);
        let now = start + Duration::from_millis(milliseconds);
        seen.extend(lines(&mut news, &overview, now));
    }
    seen.extend(lines(&mut news, &overview(1, "1", Vec::new()), start));
    assert_eq!(
        seen,
        [
            "like-service-0    healthy after 9 ms",
            "like-service-0    is stopping and gets no new requests",
        ]
    );
}

#[test]
fn a_task_that_loses_its_health_is_reported_and_the_time_of_its_start_only_once() {
    let (mut news, start) = (news(), Instant::now());
    let mut seen = Vec::new();
    for (milliseconds, is_healthy) in [(0, false), (9, true), (80, false), (90, false), (99, true)]
    {
        let task = task("a", 0, TaskStatus::Running, is_healthy);
        let now = start + Duration::from_millis(milliseconds);
        seen.extend(lines(&mut news, &overview(1, "1", vec![task]), now));
    }
    assert_eq!(
        seen,
        [
            "like-service-0    healthy after 9 ms",
            "like-service-0    is unhealthy",
            "like-service-0    is healthy again",
        ]
    );
}

#[test]
fn a_task_that_disappears_between_two_overviews_has_stopped_and_one_that_died_was_reported() {
    let (mut news, now) = (news(), Instant::now());
    let running = |id, ordinal| task(id, ordinal, TaskStatus::Running, false);
    let before = overview(2, "1", vec![running("a", 0), running("b", 1)]);
    assert!(lines(&mut news, &before, now).is_empty());
    let died = TaskOverview {
        has_ended: true,
        ..task("b", 1, TaskStatus::Stopping, false)
    };
    let after = overview(2, "1", vec![died]);
    assert_eq!(
        lines(&mut news, &after, now),
        ["like-service-0    is stopping and gets no new requests"]
    );
}

#[test]
fn deployments_and_desired_counts_are_reported_when_they_change() {
    let (mut news, now) = (news(), Instant::now());
    assert!(lines(&mut news, &overview(2, "1", Vec::new()), now).is_empty());
    let completed =
        |id: &str| format!("(service {LIKE}) (deployment ecs-svc/{id}) deployment completed.");
    // The first deployment is the start of the lab.
    assert!(news.of_event(LIKE, &completed("1")).is_none());
    let changed = overview(5, "2", vec![task("0a", 0, TaskStatus::Running, false)]);
    let definition = format!("{LIKE}:1");
    assert_eq!(
        lines(&mut news, &changed, now),
        [
            "like-service      desired count 2 -> 5".to_owned(),
            format!("like-service      deployment ecs-svc/2 of {definition} started"),
        ]
    );
    let event = news.of_event(LIKE, &completed("2")).unwrap().to_string();
    assert_eq!(
        event.trim(),
        "like-service      deployment ecs-svc/2 completed"
    );
    let unhealthy = format!(
        "(service {LIKE}) (task 0a) (port 8080) is unhealthy in (target-group arn:x) due to (reason Request timed out)."
    );
    let event = news.of_event(LIKE, &unhealthy).unwrap().to_string();
    assert_eq!(
        event.trim(),
        "like-service-0    is unhealthy: Request timed out"
    );
}

#[test]
fn causes_are_reported_before_their_effects() {
    let task = "like-service-0".to_owned();
    let message = String::new();
    let mut lines = [
        Event::Service {
            service: "like-service",
            message: message.clone(),
        },
        Event::Stops { task: task.clone() },
        Event::Task {
            task: task.clone(),
            message,
        },
        Event::Healthy {
            task,
            time: Duration::ZERO,
        },
    ];
    sort(&mut lines);
    assert!(matches!(
        lines,
        [
            Event::Healthy { .. },
            Event::Task { .. },
            Event::Stops { .. },
            Event::Service { .. }
        ]
    ));
}
