//! Services with two target groups, and tasks whose target and container have different health.

use super::super::{GROUP, Simulation, checked_definition, service};
use super::seconds;
use crate::model::TaskStatus;
use crate::plan::{Health, health};
use crate::runtime::Report;
use crate::state::Cause;
use crate::targets::TargetHealth;

const SECOND_GROUP: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/admin/2";

/// A steady service of one task with two target groups. The deregistration takes 2 seconds from the first, and 4 from the second.
fn two_groups() -> Simulation {
    let mut simulation = Simulation::new(100, seconds(0));
    let mut config = service(1);
    let mut second = config.load_balancers[0].clone();
    SECOND_GROUP.clone_into(&mut second.target_group_arn);
    second.container_port = 9090;
    config.load_balancers.push(second);
    simulation.create(config);
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    for group in [GROUP, SECOND_GROUP] {
        let text = format!("registered 1 targets in (target-group {group})");
        assert_eq!(simulation.count(&text), 1);
    }
    simulation.messages.clear();
    simulation
}

#[test]
fn a_task_is_healthy_when_it_is_healthy_in_both_target_groups() {
    let mut simulation = two_groups();
    let id = simulation.ids()[0].clone();
    simulation
        .state
        .target_health(&id, 1, TargetHealth::Initial);
    assert_eq!(simulation.healthy(), 0);
    simulation
        .state
        .target_health(&id, 1, TargetHealth::Healthy);
    assert_eq!(simulation.healthy(), 1);
}

#[test]
fn the_target_group_in_which_a_task_is_unhealthy_is_named() {
    let mut simulation = two_groups();
    let id = simulation.ids()[0].clone();
    let failure = TargetHealth::Unhealthy("Request timed out".to_owned());
    simulation.state.target_health(&id, 1, failure);
    simulation.run_for(seconds(10));
    let text = format!(
        "(task {id}) (port 9090) is unhealthy in (target-group {SECOND_GROUP}) due to (reason Request timed out)."
    );
    assert_eq!(simulation.count(&text), 1);
    let stop = simulation.state.tasks[&id].stop.as_ref();
    let reason = stop.map(|stop| stop.reason.clone());
    let expected = format!("Task failed ELB health checks in (target-group {SECOND_GROUP})");
    assert_eq!(reason, Some(expected));
}

#[test]
fn a_task_ends_when_it_is_deregistered_from_both_target_groups() {
    let mut simulation = two_groups();
    let id = simulation.ids()[0].clone();
    simulation.scale(0);
    for group in [GROUP, SECOND_GROUP] {
        let text = format!("deregistered 1 targets in (target-group {group})");
        assert_eq!(simulation.count(&text), 1);
    }
    assert_eq!(
        simulation.count("has begun draining connections on 1 tasks."),
        1
    );
    simulation.run_for(seconds(3));
    let task = &simulation.state.tasks[&id];
    assert_eq!(task.status, TaskStatus::Deactivating);
    assert!(task.targets[0].is_none() && task.targets[1].is_some());
    simulation.run_for(seconds(2));
    assert_eq!(simulation.state.tasks[&id].status, TaskStatus::Stopped);
}

#[test]
fn a_task_is_unhealthy_if_either_its_target_or_its_container_is() {
    let mut simulation = Simulation::new(100, seconds(0));
    let mut config = service(1);
    config.definition = checked_definition(1);
    simulation.create(config);
    simulation.run_for(seconds(10));
    let id = simulation.ids()[0].clone();
    let container = |is_healthy| Report::Health {
        container: "like".to_owned(),
        is_healthy,
    };
    let seen = |simulation: &Simulation| {
        let task = &simulation.state.tasks[&id];
        health(task, simulation.service(), simulation.now)
    };
    let now = simulation.now;
    simulation.state.report(&id, container(false), now);
    assert_eq!(
        seen(&simulation),
        Health::Unhealthy(Cause::UnhealthyContainer)
    );
    simulation.state.report(&id, container(true), now);
    let reason = "Request timed out".to_owned();
    let failure = TargetHealth::Unhealthy(reason.clone());
    simulation.state.target_health(&id, 0, failure);
    let expected = Cause::UnhealthyTarget { index: 0, reason };
    assert_eq!(seen(&simulation), Health::Unhealthy(expected));
}
