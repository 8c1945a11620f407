//! How tasks stop, and what a stopped task says about it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use super::super::{Behavior, GROUP, Simulation, checked_definition, definition, service};
use super::seconds;
use crate::definition::TaskDefinition;
use crate::model::{StopCode, TaskStatus};
use crate::plan::Action;
use crate::runtime::{Exit, Report, Started};
use crate::targets::TargetHealth;

fn stop(simulation: &Simulation, id: &str) -> (StopCode, String) {
    let stop = simulation.state.tasks[id].stop.clone().expect("it stops");
    (stop.code, stop.reason)
}

/// The texts are those of the developer guide, "Amazon ECS stopped tasks error messages", and of tasks that users published.
#[test]
fn stopped_tasks_have_the_codes_and_reasons_of_ecs() {
    let mut simulation = Simulation::steady(5, 0, 200);
    let ids = simulation.ids();
    simulation.exit(&ids[0]);
    let expected = "Essential container in task exited".to_owned();
    let code = StopCode::EssentialContainerExited;
    assert_eq!(stop(&simulation, &ids[0]), (code, expected));

    simulation.check(&ids[1], false);
    simulation.run_for(seconds(10));
    let expected = format!("Task failed ELB health checks in (target-group {GROUP})");
    let code = StopCode::ServiceSchedulerInitiated;
    assert_eq!(stop(&simulation, &ids[1]), (code, expected));

    let reason = "Task stopped by user".to_owned();
    simulation
        .state
        .stop_task(&ids[2], reason.clone(), simulation.now);
    assert_eq!(
        stop(&simulation, &ids[2]),
        (StopCode::UserInitiated, reason)
    );

    simulation.run_for(seconds(60));
    let deployment = simulation.service().deployments[0].id.clone();
    simulation.scale(0);
    let expected = format!("Scaling activity initiated by (deployment ecs-svc/{deployment})");
    assert_eq!(stop(&simulation, &ids[3]), (code, expected));
}

#[test]
fn a_task_that_cannot_start_stops_with_the_reason_of_the_runtime() {
    let mut simulation = Simulation::new(100, seconds(0));
    simulation.behaviors.insert(1, Behavior::fails_to_start());
    simulation.create(service(1));
    let id = simulation.ids()[0].clone();
    simulation.run_for(Duration::from_millis(100));
    let reason = "CannotStartContainerError: no such program".to_owned();
    assert_eq!(
        stop(&simulation, &id),
        (StopCode::TaskFailedToStart, reason)
    );
    let task = &simulation.state.tasks[&id];
    assert_eq!(task.status, TaskStatus::Stopped);
    assert_eq!(task.started_at, None);
}

#[test]
fn an_unhealthy_container_is_the_reason_if_no_target_group_is() {
    let mut simulation = Simulation::new(100, seconds(0));
    let mut config = service(1);
    config.load_balancers.clear();
    config.definition = checked_definition(1);
    simulation.create(config);
    simulation.run_for(seconds(10));
    let id = simulation.ids()[0].clone();
    simulation.check(&id, false);
    simulation.run_for(seconds(10));
    let reason = "Task failed container health checks".to_owned();
    assert_eq!(
        stop(&simulation, &id),
        (StopCode::ServiceSchedulerInitiated, reason)
    );
}

#[test]
fn a_stopped_task_of_a_person_is_replaced() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let id = simulation.ids()[0].clone();
    simulation
        .state
        .stop_task(&id, "a test".to_owned(), simulation.now);
    simulation.settle();
    assert_eq!(simulation.state.tasks[&id].status, TaskStatus::Deactivating);
    assert_eq!(simulation.kept().len(), 2);
    simulation.run_for(seconds(30));
    assert!(simulation.is_steady());
    assert_eq!(simulation.state.tasks[&id].status, TaskStatus::Stopped);
    // A second command changes nothing.
    simulation
        .state
        .stop_task(&id, "another".to_owned(), simulation.now);
    assert_eq!(stop(&simulation, &id).1, "a test");
}

#[test]
fn a_task_is_killed_after_the_longest_stop_timeout_of_its_containers() {
    let mut simulation = Simulation::new(100, seconds(0));
    simulation.behaviors.insert(
        1,
        Behavior {
            term: None,
            ..Behavior::default()
        },
    );
    let mut config = service(1);
    let mut task = TaskDefinition::clone(&definition(1));
    let mut sidecar = task.containers[0].clone();
    sidecar.name = "sidecar".to_owned();
    sidecar.stop_timeout = seconds(50);
    task.containers.push(sidecar);
    config.definition = Arc::new(task);
    simulation.create(config);
    simulation.run_for(seconds(10));
    let start = simulation.now;
    simulation.scale(0);
    simulation.run_for(seconds(100));
    let time = |wanted: fn(&Action) -> bool| {
        let mut actions = simulation.actions.iter();
        let found = actions.find(|(_, action)| wanted(action));
        found.map(|(time, _)| time.since(start))
    };
    // The deregistration takes two seconds.
    assert_eq!(
        time(|a| matches!(a, Action::Terminate(_))),
        Some(seconds(2))
    );
    assert_eq!(time(|a| matches!(a, Action::Kill(_))), Some(seconds(52)));
    assert_eq!(time(|a| matches!(a, Action::Finish(_))), Some(seconds(52)));
}

#[test]
fn the_end_of_a_container_that_is_not_essential_changes_nothing() {
    let mut simulation = Simulation::new(100, seconds(0));
    let mut config = service(1);
    let mut task = TaskDefinition::clone(&definition(1));
    let mut sidecar = task.containers[0].clone();
    sidecar.name = "sidecar".to_owned();
    sidecar.essential = false;
    task.containers.push(sidecar);
    config.definition = Arc::new(task);
    simulation.create(config);
    simulation.run_for(seconds(10));
    let id = simulation.ids()[0].clone();
    let exit = Exit {
        code: Some(0),
        reason: None,
    };
    let report = Report::Exited {
        container: "sidecar".to_owned(),
        exit,
    };
    simulation.state.report(&id, report, simulation.now);
    simulation.settle();
    assert!(simulation.is_steady());
    assert_eq!(
        simulation.state.tasks[&id].containers[1]
            .exit
            .as_ref()
            .and_then(|e| e.code),
        Some(0)
    );
}

#[test]
fn the_other_containers_of_a_task_end_without_waiting_for_the_deregistration() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let id = simulation.ids()[0].clone();
    let container = "like".to_owned();
    let exit = Exit::default();
    let report = Report::Exited { container, exit };
    simulation.state.report(&id, report, simulation.now);
    simulation.settle();
    let task = &simulation.state.tasks[&id];
    assert_eq!(task.status, TaskStatus::Stopping);
    assert_eq!(task.terminated_at, Some(simulation.now));
}

#[test]
fn a_task_that_has_not_been_given_to_the_runtime_stops_at_once() {
    let mut simulation = Simulation::new(100, seconds(60));
    simulation.create(service(2));
    simulation.run_for(seconds(5));
    simulation.scale(0);
    let stopped = simulation.state.tasks.values();
    assert!(
        stopped
            .into_iter()
            .all(|task| task.status == TaskStatus::Stopped)
    );
    assert!(simulation.running.is_empty());
}

#[test]
fn a_container_that_ends_before_the_task_has_started_is_its_reason() {
    let mut simulation = Simulation::new(100, seconds(0));
    let crash = Behavior::crashes_after(Duration::from_millis(50));
    simulation.behaviors.insert(1, crash);
    simulation.create(service(1));
    let id = simulation.ids()[0].clone();
    simulation.run_for(Duration::from_millis(50));
    assert_eq!(stop(&simulation, &id).0, StopCode::EssentialContainerExited);
    assert_eq!(simulation.state.tasks[&id].status, TaskStatus::Stopped);
    assert_eq!(simulation.service().deployments[0].failed_tasks, 1);
}

#[test]
fn a_start_that_is_reported_after_the_stop_does_not_revive_the_task() {
    let mut simulation = Simulation::new(100, seconds(0));
    simulation.create(service(1));
    let id = simulation.ids()[0].clone();
    simulation.scale(0);
    let started = Started {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        bindings: Vec::new(),
        pids: vec![1],
    };
    let report = Report::Started(started);
    simulation.state.report(&id, report, simulation.now);
    simulation.settle();
    let task = &simulation.state.tasks[&id];
    assert_eq!((task.status, task.started_at), (TaskStatus::Stopping, None));
}

#[test]
fn a_late_report_about_a_deregistered_target_is_ignored() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let id = simulation.ids()[0].clone();
    simulation.scale(0);
    simulation.run_for(seconds(60));
    let late = TargetHealth::Unhealthy("Request timed out".to_owned());
    simulation.state.target_health(&id, 0, late);
    let task = &simulation.state.tasks[&id];
    assert_eq!(
        (task.status, &task.targets[..]),
        (TaskStatus::Stopped, &[None][..])
    );
}

#[test]
fn each_change_of_a_task_increases_its_version() {
    let mut simulation = Simulation::new(100, seconds(0));
    simulation.create(service(1));
    let id = simulation.ids()[0].clone();
    let mut versions = vec![simulation.state.tasks[&id].version];
    for _ in 0..2 {
        simulation.run_for(seconds(1));
        versions.push(simulation.state.tasks[&id].version);
    }
    simulation.scale(0);
    versions.push(simulation.state.tasks[&id].version);
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}
