//! The health of tasks, and the replacement of unhealthy ones.
//!
//! Source: Amazon ECS developer guide, "Amazon ECS services": the replacement starts first. If it is healthy, the unhealthy task
//! stops; if it is unhealthy, too, one of both stops. If the maximum percent prevents the start, one unhealthy task stops first.

use super::super::{Behavior, Simulation, checked_definition, service};
use super::seconds;
use crate::model::ServiceUpdate;

#[test]
fn a_task_without_checks_is_healthy_40_seconds_after_its_start() {
    let mut simulation = Simulation::new(100, seconds(0));
    let mut config = service(1);
    config.load_balancers.clear();
    simulation.create(config);
    simulation.run_for(seconds(40));
    assert!(!simulation.is_steady());
    simulation.run_for(seconds(1));
    assert!(simulation.is_steady());
}

#[test]
fn a_task_is_healthy_when_its_target_group_and_its_container_are() {
    let mut simulation = Simulation::new(100, seconds(0));
    let mut config = service(1);
    config.definition = checked_definition(1);
    simulation.create(config);
    simulation.run_for(seconds(10));
    assert!(simulation.is_steady());
    let id = simulation.ids()[0].clone();
    let unhealthy = crate::Report::Health {
        container: "like".to_owned(),
        is_healthy: false,
    };
    simulation.state.report(&id, unhealthy, simulation.now);
    assert!(!simulation.is_steady());
}

#[test]
fn failed_checks_do_not_count_in_the_grace_period() {
    let mut simulation = Simulation::new(100, seconds(0));
    simulation.behaviors.insert(1, Behavior::is_unhealthy());
    let mut config = service(1);
    config.grace_period = seconds(30);
    simulation.create(config);
    let id = simulation.ids()[0].clone();
    simulation.run_for(seconds(30));
    assert_eq!(simulation.ids(), [id.as_str()]);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.kept().len(), 2, "the replacement");
}

#[test]
fn an_unhealthy_task_stops_when_its_replacement_is_healthy() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let unhealthy = simulation.ids()[0].clone();
    simulation.check(&unhealthy, false);
    assert_eq!(simulation.ordinals(), [0, 1, 2]);
    let text = "Amazon ECS replaced 1 tasks due to an unhealthy status.";
    assert_eq!(simulation.count(text), 1);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.ordinals(), [0, 1, 2]);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.ordinals(), [1, 2]);
    assert!(simulation.is_steady());
}

#[test]
fn an_unhealthy_task_stops_when_its_replacement_is_healthy_also_with_a_minimum_of_50_percent() {
    let mut simulation = Simulation::steady(4, 50, 200);
    let unhealthy = simulation.ids()[0].clone();
    simulation.check(&unhealthy, false);
    assert_eq!(simulation.ordinals(), [0, 1, 2, 3, 4]);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.ordinals(), [0, 1, 2, 3, 4]);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.ordinals(), [1, 2, 3, 4]);
}

/// An outage on which all health checks depend. The maximum would allow six tasks.
#[test]
fn replacements_that_are_unhealthy_too_stop_the_older_tasks() {
    let mut simulation = Simulation::steady(2, 100, 300);
    let before = simulation.ids();
    simulation.behaviors.insert(1, Behavior::is_unhealthy());
    for id in &before {
        simulation.check(id, false);
    }
    assert_eq!(simulation.kept().len(), 4);
    simulation.run_for(seconds(3));
    let kept = simulation.ids();
    assert!(before.iter().all(|id| kept.contains(id)), "no result yet");
    for _ in 0..30 {
        simulation.run_for(seconds(1));
        assert!(simulation.kept().len() <= 4);
    }
    let after = simulation.ids();
    assert!(before.iter().all(|id| !after.contains(id)));
    simulation.behaviors.clear();
    simulation.run_for(seconds(30));
    assert!(simulation.is_steady());
}

#[test]
fn without_room_for_a_replacement_one_unhealthy_task_stops_first() {
    let mut simulation = Simulation::steady(3, 100, 100);
    let ids = simulation.ids();
    simulation.check(&ids[0], false);
    simulation.check(&ids[1], false);
    // One stops, its replacement starts, and the other waits for the replacement's result.
    assert_eq!(simulation.kept().len(), 3);
    assert!(simulation.ids().contains(&ids[1]) != simulation.ids().contains(&ids[0]));
    simulation.run_for(seconds(10));
    assert!(simulation.is_steady());
    assert!(!simulation.ids().contains(&ids[0]) && !simulation.ids().contains(&ids[1]));
}

#[test]
fn the_replacement_of_a_task_that_recovers_stops() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let before = simulation.ids();
    simulation.check(&before[0], false);
    assert_eq!(simulation.kept().len(), 3);
    simulation.check(&before[0], true);
    assert_eq!(simulation.ids(), before);
    simulation.run_for(seconds(10));
    assert!(simulation.is_steady());
}

#[test]
fn a_deployment_that_mends_a_revision_whose_tasks_fail_can_start_tasks() {
    let mut simulation = Simulation::steady(2, 100, 100);
    let ids = simulation.ids();
    simulation.behaviors.insert(1, Behavior::is_unhealthy());
    for id in &ids {
        simulation.check(id, false);
    }
    simulation.update(ServiceUpdate {
        definition: Some(super::super::definition(2)),
        ..ServiceUpdate::default()
    });
    simulation.run_for(seconds(120));
    assert!(simulation.is_steady());
    assert_eq!(simulation.revisions(), [2, 2]);
}
