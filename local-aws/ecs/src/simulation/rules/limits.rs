//! The limit of tasks, and what is kept of the past.

use super::super::{Behavior, Simulation, service};
use super::seconds;
use crate::model::{MAX_EVENTS, MAX_HISTORY, TaskStatus};

const TEXT: &str = "(service like) was unable to place a task. Reason: You've reached the limit on the number of tasks you can run concurrently (3).";

#[test]
fn a_desired_count_above_the_limit_stays_and_one_event_names_the_limit() {
    let mut simulation = Simulation::new(3, seconds(0));
    simulation.create(service(2));
    simulation.run_for(seconds(30));
    simulation.scale(8);
    simulation.run_for(seconds(600));
    assert_eq!(simulation.kept().len(), 3);
    assert_eq!(simulation.service().desired_count, 8);
    assert!(!simulation.is_steady());
    assert_eq!(simulation.count(TEXT), 1);
    simulation.scale(9);
    simulation.run_for(seconds(30));
    assert_eq!(simulation.count(TEXT), 1, "nothing has changed");
    simulation.scale(2);
    simulation.run_for(seconds(30));
    assert!(simulation.is_steady());
    simulation.scale(4);
    simulation.run_for(seconds(30));
    assert_eq!(simulation.count(TEXT), 2);
}

#[test]
fn a_deployment_of_as_many_tasks_as_the_limit_replaces_one_at_a_time() {
    let mut simulation = Simulation::new(3, seconds(0));
    simulation.create(service(3));
    simulation.run_for(seconds(30));
    simulation.deploy(2);
    assert_eq!(simulation.revisions(), [1, 1]);
    simulation.run_for(seconds(3));
    assert_eq!(simulation.revisions(), [1, 1, 2]);
    simulation.run_for(seconds(30));
    assert!(simulation.is_steady());
    assert_eq!(simulation.revisions(), [2, 2, 2]);
}

#[test]
fn a_hundred_events_and_deployments_are_kept() {
    let mut simulation = Simulation::steady(1, 100, 200);
    for revision in 2..150 {
        simulation.deploy(revision);
        simulation.run_for(seconds(10));
    }
    let service = simulation.service();
    assert_eq!(service.events.len(), MAX_EVENTS);
    assert_eq!(service.history.len(), MAX_HISTORY);
    assert_eq!(service.history[0].definition.revision, 148);
    let newest = &service.events[0].message;
    assert_eq!(newest, "(service like) has reached a steady state.");
}

#[test]
fn a_stopped_task_is_visible_for_an_hour() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let id = simulation.ids()[0].clone();
    simulation.exit(&id);
    simulation.run_for(seconds(3_601));
    assert_eq!(simulation.state.tasks[&id].status, TaskStatus::Stopped);
    simulation.run_for(seconds(2));
    assert!(!simulation.state.tasks.contains_key(&id));
}

#[test]
fn a_thousand_stopped_tasks_of_a_service_are_visible() {
    let mut simulation = Simulation::steady(0, 100, 200);
    for _ in 0..110 {
        simulation.scale(10);
        simulation.scale(0);
        simulation.run_for(seconds(1));
    }
    assert_eq!(simulation.state.tasks.len(), 1_000);
}

/// The limit protects the machine, so tasks that stop count until their processes have ended.
#[test]
fn a_task_that_stops_counts_for_the_limit_until_its_containers_have_ended() {
    let mut simulation = Simulation::new(3, seconds(0));
    let hangs = Behavior {
        term: None,
        ..Behavior::default()
    };
    simulation.behaviors.insert(1, hangs);
    simulation.create(service(2));
    simulation.run_for(seconds(30));
    for id in simulation.ids() {
        let now = simulation.now;
        simulation.state.stop_task(&id, "a test".to_owned(), now);
        simulation.settle();
    }
    assert_eq!((simulation.kept().len(), simulation.running.len()), (1, 3));
    // The deregistration takes 2 seconds, and the stop timeout is 30 seconds.
    simulation.run_for(seconds(31));
    assert_eq!(simulation.kept().len(), 1);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.kept().len(), 2);
    simulation.run_for(seconds(10));
    assert!(simulation.is_steady());
}
