//! Event sequences that users of Amazon ECS published, replayed in the simulation: the same messages must come out in the same
//! order. Ids, names and ARNs are replaced by the order in which they appear.

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

/// Published on 2026-10-09: a deployment of a service with one task, 100 and 200 percent.
#[test]
fn a_deployment_of_one_task() {
    let mut simulation = Simulation::steady(1, 100, 200);
    simulation.deploy(2);
    simulation.run_for(Duration::from_secs(60));
    assert_same(
        &simulation,
        &[
            "(service cerebrumdev-backend) has started 1 tasks: (task 7338f557f60a45b7b6dad8760d53671b).",
            "(service cerebrumdev-backend) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-west-2:059020085816:targetgroup/cerebrumdev-backend/c60a6bb13d7053cd)",
            "(service cerebrumdev-backend) has stopped 1 running tasks: (task 46c2d7bdc6924c61bb111555ee6afaa0).",
            "(service cerebrumdev-backend) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-west-2:059020085816:targetgroup/cerebrumdev-backend/c60a6bb13d7053cd)",
            "(service cerebrumdev-backend, taskSet ecs-svc/2724164339164815955) has begun draining connections on 1 tasks.",
            "(service cerebrumdev-backend) (deployment ecs-svc/4898377691688528528) deployment completed.",
            "(service cerebrumdev-backend) has reached a steady state.",
        ],
    );
}

/// The same service on the same day: its only container ended by itself.
#[test]
fn a_task_whose_container_ends() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let id = simulation.kept()[0].id.clone();
    simulation.exit(&id);
    simulation.run_for(Duration::from_secs(60));
    assert_same(
        &simulation,
        &[
            "(service cerebrumdev-backend) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-west-2:059020085816:targetgroup/cerebrumdev-backend/c60a6bb13d7053cd)",
            "(service cerebrumdev-backend, taskSet ecs-svc/2724164339164815955) has begun draining connections on 1 tasks.",
            "(service cerebrumdev-backend) has started 1 tasks: (task 46c2d7bdc6924c61bb111555ee6afaa0).",
            "(service cerebrumdev-backend) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-west-2:059020085816:targetgroup/cerebrumdev-backend/c60a6bb13d7053cd)",
            "(service cerebrumdev-backend) has reached a steady state.",
        ],
    );
}

/// Published on 2026-06-16: two tasks are replaced one at a time, each stopped before the new one starts (50 and 100 percent).
#[test]
fn a_deployment_that_stops_before_it_starts() {
    let mut simulation = Simulation::steady(2, 50, 100);
    simulation.deploy(2);
    simulation.run_for(Duration::from_secs(60));
    assert_same(
        &simulation,
        &[
            "(service service-tasks-alb) has stopped 1 running tasks: (task 9d094e9ef88b4cbd90fb1cbab51cbb82).",
            "(service service-tasks-alb) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:071680046842:targetgroup/tasks-tg/0daf92268419a16a)",
            "(service service-tasks-alb, taskSet ecs-svc/9169264085150268958) has begun draining connections on 1 tasks.",
            "(service service-tasks-alb) has started 1 tasks: (task 780549ab68e8468bba55854369702580).",
            "(service service-tasks-alb) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:071680046842:targetgroup/tasks-tg/0daf92268419a16a)",
            "(service service-tasks-alb) has stopped 1 running tasks: (task c5b1344c670a47baa0760b2c9521dd36).",
            "(service service-tasks-alb) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:071680046842:targetgroup/tasks-tg/0daf92268419a16a)",
            "(service service-tasks-alb, taskSet ecs-svc/9169264085150268958) has begun draining connections on 1 tasks.",
            "(service service-tasks-alb) has started 1 tasks: (task 080f80b000ba4d2791a5afc7f3d0658e).",
            "(service service-tasks-alb) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:071680046842:targetgroup/tasks-tg/0daf92268419a16a)",
            "(service service-tasks-alb) (deployment ecs-svc/3880693024355310521) deployment completed.",
            "(service service-tasks-alb) has reached a steady state.",
        ],
    );
}

/// A published experiment of 2026 with the service `expd03-originacion`: one of two tasks hangs. Its list shows the beginnings
/// of the messages, and the start and stop of tasks without their messages.
#[test]
fn a_task_that_hangs_is_replaced_before_it_is_stopped() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let id = simulation.kept()[0].id.clone();
    simulation.check(&id, false);
    simulation.run_for(Duration::from_secs(60));
    let unhealthy =
        format!("(service like) (task {id}) (port 8080) is unhealthy in (target-group arn:aws:e");
    let recorded = [
        "(service like) has started 1 tasks: (task ",
        "(service like) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:",
        &unhealthy,
        "(service like) has stopped 1 running tasks: (task ",
        "(service like) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:",
        "(service like, taskSet ecs-svc/",
        "(service like) has reached a steady state.",
    ];
    assert_eq!(simulation.messages.len(), recorded.len());
    for (message, recorded) in simulation.messages.iter().zip(recorded) {
        assert!(message.starts_with(recorded), "{message}");
    }
    // The whole texts, from 2,190 events of 22 services that were published on 2026-09-16.
    let texts = [&simulation.messages[0], &simulation.messages[2]];
    let recorded = [
        "(service api-service) has started 1 tasks: (task 8378fd0fc0d744109128c8d6a0b71524). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        "(service api-service) (task a25c6c790e254b4791ba6806c0541c63) (port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/api-service-alb-http/4d2246e3635cc45b) due to (reason Request timed out).",
    ];
    assert_eq!(normalized(&texts), normalized(&recorded));
}

/// Published on 2026-07-22: tasks fail the health check of their container, and the deployment is rolled back.
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
    // The published list begins with the second of the failed tasks.
    let failed = "deployment failed: tasks failed to start.";
    let messages = &simulation.messages;
    let end = messages
        .iter()
        .position(|message| message.ends_with(failed));
    let end = end.expect("the deployment fails");
    let recorded = [
        "(service devops-g3-inventory) has started 1 tasks: (task 0668979337dc48ebb791640cd1162053). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        "(service devops-g3-inventory) (task 60a736a708f44dfcb1191e0771825ad5) failed container health checks.",
        "(service devops-g3-inventory) has stopped 1 running tasks: (task 60a736a708f44dfcb1191e0771825ad5).",
        "(service devops-g3-inventory) (deployment ecs-svc/1571272475813219068) deployment failed: tasks failed to start.",
        "(service devops-g3-inventory) rolling back to deployment ecs-svc/1675294001379389663.",
        "(service devops-g3-inventory) has started 1 tasks: (task 22450d8cbf7b4648ac0837b9a710e807).",
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

/// A published exercise of 2026 with the service `lab29-web`: the image of the new revision does not exist. The tasks of the
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
        "(service lab29-web) (deployment ecs-svc/BBB) deployment failed: tasks failed to start.",
        "(service lab29-web) rolling back to deployment ecs-svc/AAA.",
        "(service lab29-web) (deployment ecs-svc/AAA) deployment completed.",
        "(service lab29-web) has reached a steady state.",
    ];
    let last = &messages[messages.len() - recorded.len()..];
    assert_eq!(normalized(last), normalized(&recorded));
    assert_eq!(simulation.service().deployments[0].id, completed);
    assert_eq!(simulation.primary(), (DeploymentState::Completed, 1));
}

/// A published drill of 2026 with the service `api`, which desires one task: three tasks fail the load balancer's checks.
#[test]
fn a_rollback_after_three_tasks_that_fail_the_checks_of_the_load_balancer() {
    let mut simulation = Simulation::steady(1, 100, 200);
    simulation.behaviors.insert(2, Behavior::is_unhealthy());
    simulation.deploy(2);
    simulation.run_for(Duration::from_secs(120));
    let is_recorded = |message: &&String| {
        ["is unhealthy in", "deployment failed", "rolling back"]
            .iter()
            .any(|text| message.contains(text))
    };
    let found: Vec<_> = simulation.messages.iter().filter(is_recorded).collect();
    let recorded = [
        "(service api) (task c9beb1b8) (port 8080) is unhealthy in (target-group G) due to (reason Health checks failed with these codes: [500]).",
        "(service api) (task fe8a0562) (port 8080) is unhealthy in (target-group G) due to (reason Health checks failed with these codes: [500]).",
        "(service api) (task fb1a36d8) (port 8080) is unhealthy in (target-group G) due to (reason Health checks failed with these codes: [500]).",
        "(service api) (deployment ecs-svc/3468368874827011691) deployment failed: tasks failed to start.",
        "(service api) rolling back to deployment ecs-svc/4744463545704487209.",
    ];
    assert_eq!(normalized(&found), normalized(&recorded));
}

/// Published in March 2026 with the service `authn`: the event of a task that cannot be started gives the reason of its stop.
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
