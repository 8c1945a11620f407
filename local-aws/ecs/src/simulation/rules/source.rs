//! The source revision: the completed deployment whose tasks a deployment replaces.
//!
//! Sources: Amazon ECS developer guide, "Deploy Amazon ECS services by replacing tasks" (deployment-type-ecs): during a
//! rolling deployment unhealthy tasks are replaced by tasks of the revision that they belong to, up to the lower limit, and
//! independently of failures of the target revision. Announcement of November 2025, "Amazon ECS improves Service Availability
//! during Rolling deployments": this also applies to tasks that end, and a scale-out applies to both revisions.

use super::super::{Behavior, Simulation, definition, service};
use super::seconds;
use crate::model::{DeploymentConfig, DeploymentState, ServiceUpdate};

/// A deployment of revision 2, whose tasks fail, and which does not end.
fn failing_deployment(desired_count: u32, minimum: u32, maximum: u32) -> Simulation {
    let mut simulation = Simulation::steady(desired_count, minimum, maximum);
    without_circuit_breaker(&mut simulation);
    simulation.behaviors.insert(2, Behavior::is_unhealthy());
    simulation.deploy(2);
    simulation.run_for(seconds(20));
    simulation
}

fn without_circuit_breaker(simulation: &mut Simulation) {
    simulation.update(ServiceUpdate {
        deployment: Some(DeploymentConfig {
            circuit_breaker: false,
            ..simulation.service().deployment
        }),
        ..ServiceUpdate::default()
    });
}

fn source_tasks(simulation: &Simulation) -> Vec<String> {
    let kept = simulation.kept();
    let source = kept.iter().filter(|task| task.definition.revision == 1);
    source.map(|task| task.id.clone()).collect()
}

#[test]
fn a_source_task_that_ends_is_replaced_by_its_own_revision() {
    for (minimum, maximum) in [(100, 200), (100, 150), (100, 100)] {
        let mut simulation = failing_deployment(2, minimum, maximum);
        let before = source_tasks(&simulation);
        simulation.exit(&before[0]);
        simulation.run_for(seconds(10));
        let after = source_tasks(&simulation);
        assert_eq!(simulation.healthy(), 2, "{minimum} {maximum}");
        assert!(after.len() == 2 && !after.contains(&before[0]));
        assert_eq!(simulation.primary(), (DeploymentState::InProgress, 2));
    }
}

#[test]
fn a_source_task_that_a_person_stops_is_replaced_by_its_own_revision() {
    let mut simulation = failing_deployment(2, 100, 200);
    let id = source_tasks(&simulation)[0].clone();
    let now = simulation.now;
    simulation.state.stop_task(&id, "a test".to_owned(), now);
    simulation.run_for(seconds(10));
    assert_eq!(simulation.healthy(), 2);
}

#[test]
fn an_unhealthy_source_task_stops_when_its_replacement_of_the_same_revision_is_healthy() {
    let mut simulation = Simulation::steady(2, 100, 300);
    let slow = Behavior {
        check: None,
        ..Behavior::default()
    };
    simulation.behaviors.insert(2, slow);
    simulation.deploy(2);
    let unhealthy = source_tasks(&simulation)[0].clone();
    simulation.check(&unhealthy, false);
    assert_eq!(source_tasks(&simulation).len(), 3);
    assert!(source_tasks(&simulation).contains(&unhealthy));
    simulation.run_for(seconds(2));
    assert_eq!(source_tasks(&simulation).len(), 2);
    assert!(!source_tasks(&simulation).contains(&unhealthy));
    assert_eq!(simulation.revisions().len(), 4);
}

/// The guide: one unhealthy task stops first if the maximum percent prevents its replacement.
#[test]
fn without_room_an_unhealthy_source_task_stops_before_its_replacement_starts() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let slow = Behavior {
        check: None,
        ..Behavior::default()
    };
    simulation.behaviors.insert(2, slow);
    simulation.deploy(2);
    let unhealthy = source_tasks(&simulation)[0].clone();
    simulation.check(&unhealthy, false);
    let source = source_tasks(&simulation);
    assert!(source.len() == 2 && !source.contains(&unhealthy));
    simulation.run_for(seconds(2));
    assert_eq!(simulation.healthy(), 2);
}

#[test]
fn a_scale_out_during_a_deployment_applies_to_both_revisions() {
    let mut simulation = failing_deployment(2, 100, 200);
    simulation.scale(4);
    simulation.run_for(seconds(10));
    assert_eq!(source_tasks(&simulation).len(), 4);
    assert_eq!(simulation.healthy(), 4);
    simulation.behaviors.clear();
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    assert_eq!(simulation.revisions(), [2, 2, 2, 2]);
}

#[test]
fn a_scale_out_by_the_update_that_begins_a_deployment_applies_to_the_new_revision_alone() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.update(ServiceUpdate {
        desired_count: Some(4),
        definition: Some(definition(2)),
        ..ServiceUpdate::default()
    });
    assert_eq!(simulation.revisions(), [1, 1, 2, 2, 2, 2]);
    let id = source_tasks(&simulation)[0].clone();
    simulation.exit(&id);
    assert_eq!(source_tasks(&simulation).len(), 2);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.revisions(), [2, 2, 2, 2]);
}

#[test]
fn source_tasks_that_new_tasks_have_replaced_do_not_come_back() {
    let mut simulation = Simulation::steady(4, 50, 100);
    let slow = Behavior {
        check: None,
        ..Behavior::default()
    };
    simulation.behaviors.insert(2, slow);
    simulation.deploy(2);
    assert_eq!(source_tasks(&simulation).len(), 2);
    let id = source_tasks(&simulation)[0].clone();
    simulation.exit(&id);
    simulation.run_for(seconds(10));
    assert_eq!(source_tasks(&simulation).len(), 2, "the lower limit");
    assert_eq!(simulation.healthy(), 2);
}

#[test]
fn after_a_failed_deployment_without_rollback_the_source_revision_is_still_repaired() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.update(ServiceUpdate {
        deployment: Some(DeploymentConfig {
            rollback: false,
            ..simulation.service().deployment
        }),
        ..ServiceUpdate::default()
    });
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.primary(), (DeploymentState::Failed, 2));
    for id in source_tasks(&simulation) {
        simulation.exit(&id);
    }
    simulation.run_for(seconds(10));
    assert_eq!(
        (simulation.healthy(), source_tasks(&simulation).len()),
        (2, 2)
    );
    let id = source_tasks(&simulation)[0].clone();
    simulation.check(&id, false);
    assert_eq!(source_tasks(&simulation).len(), 3);
    simulation.run_for(seconds(10));
    assert_eq!(
        (simulation.healthy(), source_tasks(&simulation).len()),
        (2, 2)
    );
    simulation.scale(3);
    simulation.run_for(seconds(10));
    assert_eq!(source_tasks(&simulation).len(), 3);
    assert_eq!(simulation.primary(), (DeploymentState::Failed, 2));
}

#[test]
fn failures_of_source_tasks_do_not_fail_the_deployment() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let slow = Behavior {
        check: None,
        ..Behavior::default()
    };
    simulation.behaviors.insert(2, slow);
    simulation.behaviors.insert(1, Behavior::fails_to_start());
    simulation.deploy(2);
    let id = source_tasks(&simulation)[0].clone();
    simulation.exit(&id);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.primary(), (DeploymentState::InProgress, 2));
    let deployments = &simulation.service().deployments;
    let failed: Vec<_> = deployments.iter().map(|it| it.failed_tasks).collect();
    assert!(failed[0] == 0 && failed[1] > 3, "{failed:?}");
}

#[test]
fn a_deployment_that_has_not_completed_is_not_repaired() {
    let mut simulation = Simulation::new(100, seconds(0));
    simulation.create(service(2));
    simulation.deploy(2);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.revisions(), [2, 2]);
    assert_eq!(simulation.service().deployments.len(), 1);
}
