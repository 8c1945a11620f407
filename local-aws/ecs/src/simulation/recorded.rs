//! Event sequences that users of Amazon ECS published, replayed in the simulation: the same messages must come out in the same
//! order. Ids, names and ARNs are replaced by the order in which they appear. Here they are neutral, and no longer those of the
//! publishers.
//!
//! Each test says where its recording was published: the repository and file, or the title of the document if only that is
//! known. A recording that lacks messages, or parts of them, is called partial: the test compares only what was recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Behavior, Simulation, checked_definition, service};
use crate::model::{DeploymentState, ServiceUpdate};

/// Replaces ids by their kind and the order of their first appearance.
fn normalized<T: AsRef<str>>(messages: &[T]) -> Vec<String> {
    const MARKERS: [(&str, &str); 4] = [
        ("(service ", "service"),
        ("(task ", "task"),
        ("ecs-svc/", "deployment"),
        ("(target-group ", "group"),
    ];
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut normalize = |message: &str| {
        let mut rest = message;
        let mut result = String::new();
        loop {
            let found = MARKERS.iter().filter_map(|(marker, kind)| {
                let start = rest.find(marker)? + marker.len();
                Some((start, *kind))
            });
            let Some((start, kind)) = found.min() else {
                return result + rest;
            };
            let length = rest[start..].find([')', ',', '.', ' ']);
            let end = length.map_or(rest.len(), |length| start + length);
            let name = known.entry(rest[start..end].to_owned()).or_insert_with(|| {
                let count = counts.entry(kind).or_default();
                *count += 1;
                format!("{kind}-{count}")
            });
            result += &rest[..start];
            result += name;
            rest = &rest[end..];
        }
    };
    messages.iter().map(|m| normalize(m.as_ref())).collect()
}

fn assert_same(simulation: &Simulation, recorded: &[&str]) {
    assert_eq!(normalized(&simulation.messages), normalized(recorded));
}

/// Recorded on 2026-10-09, in a public report with the title "Service events (last 21600 s)" of the service
/// `cerebrumdev-backend`: a deployment of a service with one task, 100 and 200 percent.
#[test]
fn a_deployment_of_one_task() {
    let mut simulation = Simulation::steady(1, 100, 200);
    simulation.deploy(2);
    simulation.run_for(Duration::from_secs(60));
    assert_same(
        &simulation,
        &[
            "(service web) has started 1 tasks: (task 00000000000000000000000000000001).",
            "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web) has stopped 1 running tasks: (task 00000000000000000000000000000002).",
            "(service web) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web, taskSet ecs-svc/0000000000000000001) has begun draining connections on 1 tasks.",
            "(service web) (deployment ecs-svc/0000000000000000002) deployment completed.",
            "(service web) has reached a steady state.",
        ],
    );
}

/// The same report, at 18:58: the only container of the task ended by itself.
#[test]
fn a_task_whose_container_ends() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let id = simulation.kept()[0].id.clone();
    simulation.exit(&id);
    simulation.run_for(Duration::from_secs(60));
    assert_same(
        &simulation,
        &[
            "(service web) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web, taskSet ecs-svc/0000000000000000001) has begun draining connections on 1 tasks.",
            "(service web) has started 1 tasks: (task 00000000000000000000000000000002).",
            "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web) has reached a steady state.",
        ],
    );
}

/// Recorded on 2026-06-16, in a public report with the title "Zero Downtime Report — Tasks 2026 · High Availability": two tasks are replaced one at a time, each stopped before the new one starts (50 and 100 percent).
#[test]
fn a_deployment_that_stops_before_it_starts() {
    let mut simulation = Simulation::steady(2, 50, 100);
    simulation.deploy(2);
    simulation.run_for(Duration::from_secs(60));
    assert_same(
        &simulation,
        &[
            "(service web) has stopped 1 running tasks: (task 00000000000000000000000000000003).",
            "(service web) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web, taskSet ecs-svc/0000000000000000003) has begun draining connections on 1 tasks.",
            "(service web) has started 1 tasks: (task 00000000000000000000000000000004).",
            "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web) has stopped 1 running tasks: (task 00000000000000000000000000000005).",
            "(service web) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web, taskSet ecs-svc/0000000000000000003) has begun draining connections on 1 tasks.",
            "(service web) has started 1 tasks: (task 00000000000000000000000000000006).",
            "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0000000000000001)",
            "(service web) (deployment ecs-svc/0000000000000000004) deployment completed.",
            "(service web) has reached a steady state.",
        ],
    );
}

/// A partial recording: the run `M1-P1-rep-r2` of a public experiment of 2026, whose lists have the titles "Ejecución …". One
/// of two tasks hangs. The list has the beginnings of messages, and the start (`tarea_nueva`) and stop (`tarea_detenida`) of
/// tasks without messages.
#[test]
fn a_task_that_hangs_is_replaced_before_it_is_stopped() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let id = simulation.kept()[0].id.clone();
    simulation.check(&id, false);
    simulation.run_for(Duration::from_secs(60));
    let (starts, stops) = ("has started 1 tasks", "has stopped 1 running tasks");
    let recorded = [
        starts,
        "registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:",
        &format!("(task {id}) (port 8080) is unhealthy in (target-group arn:aws:e"),
        stops,
        "deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:",
        "has begun draining connections on 1 tasks.",
        "has reached a steady state.",
    ];
    assert_eq!(simulation.messages.len(), recorded.len());
    for (message, recorded) in simulation.messages.iter().zip(recorded) {
        assert!(message.contains(recorded), "{message}");
    }
}

/// Texts, not a sequence: events of 22 services that were captured on 2026-09-16, in a public file with the name
/// `aws-samples.ts`. The numbers of tasks are others.
#[test]
fn texts_about_unhealthy_tasks() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let id = simulation.kept()[0].id.clone();
    simulation.check(&id, false);
    simulation.run_for(Duration::from_secs(60));
    let texts = [&simulation.messages[0], &simulation.messages[2]];
    let recorded = [
        "(service web) has started 1 tasks: (task 1). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        "(service web) (task 2) (port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1) due to (reason Request timed out).",
    ];
    assert_eq!(normalized(&texts), normalized(&recorded));
}

/// Recorded on 2026-07-22, in a public document with the title "Phase 4 — Payment Service Evidence Log", of its service
/// `devops-g3-inventory`: tasks fail the health check of their container, and the deployment is rolled back. The recording is
/// partial: it begins with the second of the failed tasks. Its next messages are about the rollback.
#[test]
fn a_rollback_after_failed_health_checks_of_a_container() {
    let mut simulation = Simulation::new(100, Duration::ZERO);
    let mut config = service(1);
    config.load_balancers.clear();
    config.definition = checked_definition(1);
    config.deployment.minimum_healthy_percent = 0;
    simulation.create(config);
    simulation.run_for(Duration::from_secs(60));
    simulation.behaviors.insert(2, Behavior::is_unhealthy());
    simulation.messages.clear();
    simulation.update(ServiceUpdate {
        definition: Some(checked_definition(2)),
        ..ServiceUpdate::default()
    });
    simulation.run_for(Duration::from_secs(120));
    let failed = "deployment failed: tasks failed to start.";
    let messages = &simulation.messages;
    let end = messages
        .iter()
        .position(|message| message.ends_with(failed));
    let end = end.expect("the deployment fails");
    let recorded = [
        "(service stock) has started 1 tasks: (task 00000000000000000000000000000009). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        "(service stock) (task 0000000000000000000000000000000a) failed container health checks.",
        "(service stock) has stopped 1 running tasks: (task 0000000000000000000000000000000a).",
        "(service stock) (deployment ecs-svc/0000000000000000005) deployment failed: tasks failed to start.",
        "(service stock) rolling back to deployment ecs-svc/0000000000000000006.",
        "(service stock) has started 1 tasks: (task 0000000000000000000000000000000b).",
    ];
    assert_eq!(
        normalized(&messages[end - 3..end + 3]),
        normalized(&recorded)
    );
    let id = &simulation.service().deployments[0].id;
    let recorded = [
        format!("(service like) (deployment ecs-svc/{id}) deployment completed."),
        "(service like) has reached a steady state.".to_owned(),
    ];
    assert_eq!(messages[messages.len() - 2..], recorded);
}

/// A partial recording: the last messages in a public exercise of 2026, of its service `lab29-web`, with the ids `AAA` and
/// `BBB`. The image of the new revision does not exist. The tasks of the
/// completed deployment still run, so that the rollback ends at once.
#[test]
fn a_rollback_to_a_deployment_whose_tasks_still_run() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let completed = simulation.service().deployments[0].id.clone();
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(Duration::from_secs(60));
    let messages = &simulation.messages;
    let recorded = [
        "(service web) (deployment ecs-svc/BBB) deployment failed: tasks failed to start.",
        "(service web) rolling back to deployment ecs-svc/AAA.",
        "(service web) (deployment ecs-svc/AAA) deployment completed.",
        "(service web) has reached a steady state.",
    ];
    let last = &messages[messages.len() - recorded.len()..];
    assert_eq!(normalized(last), normalized(&recorded));
    assert_eq!(simulation.service().deployments[0].id, completed);
    assert_eq!(simulation.primary(), (DeploymentState::Completed, 1));
}

/// A partial recording: msohaibnoor/nextagency-demo, docs/09-failure-drills.md, drill 1. The service desires one task, and
/// three tasks fail the load balancer's checks. The list has parts of the messages.
#[test]
fn a_rollback_after_three_tasks_that_fail_the_checks_of_the_load_balancer() {
    let mut simulation = Simulation::steady(1, 100, 200);
    simulation.behaviors.insert(2, Behavior::is_unhealthy());
    simulation.deploy(2);
    simulation.run_for(Duration::from_secs(120));
    let is_recorded = |message: &&String| {
        ["is unhealthy", "deployment failed", "rolling back"]
            .iter()
            .any(|text| message.contains(text))
    };
    let found: Vec<_> = simulation.messages.iter().filter(is_recorded).collect();
    let unhealthy = "Health checks failed with these codes: [500]";
    for message in &found[..3] {
        assert!(message.contains(unhealthy), "{message}");
    }
    let recorded = [
        "(service api) (deployment ecs-svc/2) deployment failed: tasks failed to start.",
        "(service api) rolling back to deployment ecs-svc/1.",
    ];
    assert_eq!(normalized(&found[3..]), normalized(&recorded));
}

/// A partial recording of 2026-03-18, in a public article of 2026-04-07 about the deployment of ECS services without
/// CloudFormation, of its service `authn`: the event of a task that cannot be started gives the reason of its stop.
#[test]
fn a_task_that_cannot_be_started() {
    let mut simulation = Simulation::steady(1, 100, 200);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(Duration::from_millis(150));
    let message = "(service like) was unable to place a task. Reason: CannotStartContainerError: no such program.";
    assert_eq!(simulation.messages[1], message);
}

#[test]
fn texts_have_the_places_of_ids_normalized() {
    let messages = [
        "(service a, taskSet ecs-svc/12) has begun draining connections on 1 tasks.",
        "(service a) has started 2 tasks: (task x) (task y).",
        "(service a) has stopped 1 running tasks: (task y).",
        "(service a) rolling back to deployment ecs-svc/12.",
    ];
    let expected = [
        "(service service-1, taskSet ecs-svc/deployment-1) has begun draining connections on 1 tasks.",
        "(service service-1) has started 2 tasks: (task task-1) (task task-2).",
        "(service service-1) has stopped 1 running tasks: (task task-2).",
        "(service service-1) rolling back to deployment ecs-svc/deployment-1.",
    ];
    assert_eq!(normalized(&messages), expected);
}
