//! The reset.

use super::super::{Behavior, Simulation, definition};
use super::seconds;
use crate::model::{DeploymentConfig, DeploymentState, ServiceUpdate};
use crate::state::RollBackError;

#[test]
fn a_reset_keeps_healthy_tasks_of_the_original_revision() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let before = simulation.ids();
    simulation.scale(4);
    simulation.run_for(seconds(30));
    simulation.state.reset(simulation.now);
    assert!(simulation.service().events.is_empty());
    simulation.settle();
    assert_eq!(simulation.ids(), before);
    assert_eq!(simulation.service().desired_count, 2);
}

#[test]
fn a_reset_replaces_tasks_of_another_revision_and_forgets_what_was() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.update(ServiceUpdate {
        definition: Some(definition(2)),
        grace_period: Some(seconds(100)),
        deployment: Some(DeploymentConfig {
            minimum_healthy_percent: 0,
            ..simulation.service().deployment
        }),
        ..ServiceUpdate::default()
    });
    simulation.run_for(seconds(60));
    assert!(!simulation.service().history.is_empty());
    simulation.state.reset(simulation.now);
    let service = simulation.service();
    assert!(service.history.is_empty() && service.events.is_empty());
    assert_eq!(service.grace_period, seconds(0));
    assert_eq!(service.deployment.minimum_healthy_percent, 100);
    assert_eq!(simulation.state.tasks.len(), 2, "no stopped task is left");
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    assert_eq!(simulation.revisions(), [1, 1]);
    let revisions = &simulation.state.families["like"];
    assert_eq!(revisions.len(), 1);
}

#[test]
fn forgetting_the_past_removes_events_and_stopped_tasks_and_nothing_else() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.update(ServiceUpdate {
        definition: Some(definition(2)),
        ..ServiceUpdate::default()
    });
    simulation.run_for(seconds(60));
    let running = simulation.ids();
    assert!(simulation.state.tasks.len() > 2);
    simulation.state.forget_past();
    let service = simulation.service();
    assert!(service.history.is_empty() && service.events.is_empty());
    assert_eq!(simulation.state.tasks.len(), 2);
    assert_eq!(simulation.ids(), running);
    assert_eq!(simulation.revisions(), [2, 2]);
}

#[test]
fn a_deployment_of_before_a_reset_disappears_when_its_tasks_have_stopped() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    simulation.state.reset(simulation.now);
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    assert_eq!(simulation.revisions(), [1, 1]);
    assert!(simulation.service().history.is_empty());
}

#[test]
fn no_rollback_goes_back_to_a_deployment_of_before_a_reset() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    simulation.state.reset(simulation.now);
    simulation.settle();
    // Revision 2 still runs. A revision of the same number, registered after the reset, cannot start.
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    let failing = simulation.service().deployments[0].id.clone();
    let error = simulation.state.roll_back(&failing, simulation.now);
    assert_eq!(error, Err(RollBackError::NothingCompleted));
    simulation.run_for(seconds(60));
    assert_eq!(simulation.primary(), (DeploymentState::Failed, 2));
    assert_eq!(simulation.count("rolling back"), 0);
    assert_eq!(simulation.service().deployments[0].id, failing);
}

#[test]
fn failures_of_before_a_reset_do_not_count_after_it() {
    let mut simulation = Simulation::steady(1, 0, 100);
    simulation.behaviors.insert(1, Behavior::fails_to_start());
    let id = simulation.ids()[0].clone();
    simulation.exit(&id);
    simulation.run_for(seconds(60));
    let text = "is unable to consistently start tasks successfully.";
    assert_eq!(simulation.count(text), 1);
    simulation.state.reset(simulation.now);
    let primary = &simulation.service().deployments[0];
    assert_eq!((primary.failed_tasks, primary.paused_until), (0, None));
    simulation.run_for(seconds(60));
    assert_eq!(simulation.count(text), 2);
}
