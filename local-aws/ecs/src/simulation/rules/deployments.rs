//! Deployments and scaling.

use super::super::{Behavior, Simulation};
use super::seconds;
use crate::model::{DeploymentConfig, DeploymentState, ServiceUpdate};
use crate::plan::Action;
use crate::state::RollBackError;

fn force() -> ServiceUpdate {
    ServiceUpdate {
        force_new_deployment: true,
        ..ServiceUpdate::default()
    }
}

#[test]
fn a_change_of_the_desired_count_makes_no_deployment() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let deployment = simulation.service().deployments[0].id.clone();
    simulation.scale(5);
    simulation.run_for(seconds(30));
    assert!(simulation.is_steady());
    assert_eq!(simulation.ordinals(), [0, 1, 2, 3, 4]);
    assert_eq!(simulation.service().deployments[0].id, deployment);
    assert_eq!(simulation.count("deployment"), 0);
}

#[test]
fn a_scale_in_stops_the_highest_ordinals() {
    let mut simulation = Simulation::steady(5, 100, 200);
    simulation.scale(1);
    assert_eq!(simulation.ordinals(), [0]);
    simulation.run_for(seconds(30));
    assert!(simulation.is_steady());
    assert_eq!(simulation.running.len(), 1);
    assert_eq!(simulation.count("has stopped 4 running tasks: (task "), 1);
    assert_eq!(simulation.count("deregistered 4 targets in"), 1);
}

#[test]
fn a_scale_in_stops_tasks_that_do_not_run_yet_before_others() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let id = simulation.ids()[0].clone();
    // Its containers run until it is deregistered, so the replacement gets another ordinal.
    let now = simulation.now;
    simulation.state.stop_task(&id, "a test".to_owned(), now);
    simulation.settle();
    simulation.run_for(seconds(60));
    assert_eq!(simulation.ordinals(), [1, 2]);
    simulation.scale(3);
    assert_eq!(simulation.ordinals(), [0, 1, 2]);
    simulation.scale(2);
    assert_eq!(simulation.ordinals(), [1, 2]);
    assert_eq!(simulation.count("stopped 1 pending tasks."), 1);
}

#[test]
fn a_new_task_gets_the_lowest_ordinal_that_is_free() {
    let mut simulation = Simulation::steady(3, 100, 200);
    let id = simulation.ids()[1].clone();
    simulation.exit(&id);
    simulation.run_for(seconds(0));
    // The replacement gets the ordinal of the task whose container has ended, although it is still deregistered.
    assert_eq!(simulation.ordinals(), [0, 1, 2]);
    simulation.run_for(seconds(30));
    simulation.scale(4);
    assert_eq!(simulation.ordinals(), [0, 1, 2, 3]);
}

#[test]
fn a_forced_deployment_of_the_same_revision_replaces_all_tasks() {
    let mut simulation = Simulation::steady(3, 100, 200);
    let before = simulation.ids();
    simulation.update(force());
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    let after = simulation.ids();
    assert!(after.iter().all(|id| !before.contains(id)));
    assert_eq!(simulation.revisions(), [1, 1, 1]);
}

#[test]
fn an_update_to_the_present_revision_makes_no_deployment() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.deploy(1);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.messages, [""; 0]);
}

#[test]
fn with_100_and_200_percent_all_new_tasks_are_healthy_before_an_old_one_stops() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.deploy(2);
    assert_eq!(simulation.revisions(), [1, 1, 2, 2]);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.healthy(), 2);
    assert_eq!(simulation.revisions(), [1, 1, 2, 2]);
    simulation.run_for(seconds(1));
    assert_eq!(simulation.revisions(), [2, 2]);
    assert!(simulation.is_steady());
    // The old tasks are still deregistered and stopped after the deployment.
    assert_eq!(simulation.running.len(), 4);
}

#[test]
fn an_update_during_a_deployment_replaces_the_tasks_of_both_older_ones() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.deploy(2);
    simulation.run_for(seconds(1));
    simulation.deploy(3);
    let deployments = &simulation.service().deployments;
    let revisions: Vec<_> = deployments.iter().map(|d| d.definition.revision).collect();
    // Revision 2 was not healthy: nothing is lost if its tasks stop at once.
    assert_eq!(revisions, [3, 1]);
    assert_eq!(simulation.revisions(), [1, 1, 3, 3]);
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    assert_eq!(simulation.revisions(), [3, 3]);
    let history = &simulation.service().history;
    let states: Vec<_> = history
        .iter()
        .map(|d| (d.definition.revision, d.state))
        .collect();
    let expected = [
        (1, DeploymentState::Completed),
        (2, DeploymentState::InProgress),
    ];
    assert_eq!(states, expected);
}

#[test]
fn tasks_of_an_older_deployment_that_do_not_run_yet_stop_at_once() {
    let mut simulation = Simulation::new(100, seconds(30));
    simulation.create(super::super::service(2));
    simulation.deploy(2);
    assert_eq!(simulation.revisions(), [2, 2]);
    assert_eq!(simulation.count("stopped 2 pending tasks."), 1);
}

#[test]
fn an_active_deployment_desires_the_tasks_that_have_not_begun_to_stop() {
    let mut simulation = Simulation::steady(4, 50, 100);
    simulation.deploy(2);
    let service = simulation.service();
    let desired = |index: usize| {
        let deployment = &service.deployments[index];
        simulation
            .state
            .deployment_desired_count(service, deployment)
    };
    assert_eq!((desired(0), desired(1)), (4, 2));
}

#[test]
fn limits_that_prevent_each_step_are_reported_once() {
    let mut simulation = Simulation::steady(2, 100, 100);
    simulation.deploy(2);
    simulation.run_for(seconds(3_600));
    let text = "(service like) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
    assert_eq!(simulation.messages, [text]);
    simulation.update(ServiceUpdate {
        deployment: Some(DeploymentConfig {
            maximum_percent: 150,
            ..simulation.service().deployment
        }),
        ..ServiceUpdate::default()
    });
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    assert_eq!(simulation.revisions(), [2, 2]);
}

#[test]
fn a_service_of_no_tasks_completes_a_deployment_at_once() {
    let mut simulation = Simulation::steady(0, 100, 200);
    simulation.deploy(2);
    assert_eq!(simulation.primary(), (DeploymentState::Completed, 2));
    assert!(simulation.is_steady());
}

#[test]
fn the_event_of_a_steady_state_comes_again_every_six_hours() {
    let mut simulation = Simulation::steady(1, 100, 200);
    simulation.run_for(seconds(6 * 3_600 - 61));
    assert_eq!(simulation.messages.len(), 0);
    simulation.run_for(seconds(62));
    simulation.run_for(seconds(6 * 3_600));
    let text = "(service like) has reached a steady state.";
    assert_eq!(simulation.messages, [text, text]);
}

#[test]
fn a_person_rolls_back_a_deployment_in_progress() {
    let mut simulation = Simulation::steady(2, 100, 200);
    simulation.behaviors.insert(
        2,
        Behavior {
            check: None,
            ..Behavior::default()
        },
    );
    let completed = simulation.service().deployments[0].id.clone();
    let now = simulation.now;
    let roll_back = |simulation: &mut Simulation, id: &str| {
        simulation
            .state
            .roll_back(id, now)
            .map(|()| simulation.settle())
    };
    let error = roll_back(&mut simulation, &completed).unwrap_err();
    assert_eq!(error, RollBackError::NotInProgress);
    let error = roll_back(&mut simulation, "0").unwrap_err();
    assert_eq!(error, RollBackError::NotFound);
    let before = simulation.ids();
    simulation.deploy(2);
    simulation.run_for(seconds(10));
    let stopped = simulation.service().deployments[0].id.clone();
    roll_back(&mut simulation, &stopped).unwrap();
    let primary = &simulation.service().deployments[0];
    assert_eq!(primary.id, completed);
    assert_eq!(primary.rolls_back, Some(stopped.clone()));
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
    assert_eq!(simulation.ids(), before);
    let ended = &simulation.service().history[0];
    assert_eq!(ended.id, stopped);
    assert_eq!(ended.rolled_back_by, Some(completed));
    assert!(ended.was_stopped);
}

#[test]
fn a_rollback_in_progress_cannot_be_rolled_back() {
    let mut simulation = Simulation::steady(2, 0, 100);
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    simulation.deploy(3);
    let failing = simulation.service().deployments[0].id.clone();
    let completed = simulation.service().history[0].id.clone();
    simulation
        .state
        .roll_back(&failing, simulation.now)
        .unwrap();
    simulation.settle();
    let primary = &simulation.service().deployments[0];
    assert_eq!(
        (&primary.id, primary.state),
        (&completed, DeploymentState::InProgress)
    );
    let error = simulation.state.roll_back(&completed, simulation.now);
    assert_eq!(error, Err(RollBackError::NotInProgress));
}

#[test]
fn the_first_deployment_has_nothing_to_roll_back_to() {
    let mut simulation = Simulation::new(100, seconds(30));
    simulation.create(super::super::service(1));
    let id = simulation.service().deployments[0].id.clone();
    let error = simulation.state.roll_back(&id, simulation.now);
    assert_eq!(error, Err(RollBackError::NothingCompleted));
}

#[test]
fn a_task_stays_pending_for_the_start_time() {
    let mut simulation = Simulation::new(100, seconds(45));
    simulation.create(super::super::service(1));
    simulation.run_for(seconds(44));
    assert!(simulation.running.is_empty());
    simulation.run_for(seconds(2));
    assert!(simulation.running.len() == 1 && !simulation.is_steady());
    simulation.run_for(seconds(2));
    assert!(simulation.is_steady());
    let launches = simulation.actions.iter();
    assert_eq!(
        launches
            .filter(|(_, a)| matches!(a, Action::Launch(_)))
            .count(),
        1
    );
}
