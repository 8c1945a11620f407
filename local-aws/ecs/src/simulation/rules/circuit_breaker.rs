//! Failures of tasks: the circuit breaker, and pauses between starts.

use std::time::Duration;

use super::super::{Behavior, Simulation, service};
use super::seconds;
use crate::model::{DeploymentConfig, DeploymentState, ServiceUpdate};
use crate::plan::Action;

fn breaker(simulation: &mut Simulation, circuit_breaker: bool, rollback: bool) {
    let deployment = DeploymentConfig {
        circuit_breaker,
        rollback,
        ..simulation.service().deployment
    };
    simulation.update(ServiceUpdate {
        deployment: Some(deployment),
        ..ServiceUpdate::default()
    });
}

/// Times between the starts of tasks.
fn pauses(simulation: &Simulation) -> Vec<Duration> {
    let starts = simulation.actions.iter();
    let starts: Vec<_> = starts
        .filter(|(_, action)| matches!(action, Action::Start { .. }))
        .map(|(time, _)| *time)
        .collect();
    starts
        .windows(2)
        .map(|pair| pair[1].since(pair[0]))
        .collect()
}

/// The table of the developer guide: a deployment of 25 tasks fails with the 13th failure. Several tasks fail at once, so that
/// the count may be higher when the scheduler looks.
#[test]
fn a_deployment_of_25_tasks_fails_with_13_failed_tasks() {
    let mut simulation = Simulation::steady(25, 100, 104);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(seconds(600));
    let failed = &simulation.service().history[0];
    assert_eq!(
        (failed.state, failed.failed_tasks),
        (DeploymentState::Failed, 13)
    );
    let reason = "ECS deployment circuit breaker: tasks failed to start.";
    assert_eq!(failed.reason, reason);
    assert_eq!(simulation.primary(), (DeploymentState::Completed, 1));
    assert!(simulation.is_steady());
    assert_eq!(simulation.count("unable to place a task"), 13);
}

#[test]
fn tasks_that_end_before_they_are_healthy_fail_the_deployment() {
    let mut simulation = Simulation::steady(2, 100, 200);
    let crash = Behavior::crashes_after(Duration::from_millis(500));
    simulation.behaviors.insert(2, crash);
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.primary(), (DeploymentState::Completed, 1));
    assert_eq!(
        simulation.count("deployment failed: tasks failed to start."),
        1
    );
    assert_eq!(
        simulation.count("is unable to consistently start"),
        0,
        "they were RUNNING"
    );
}

#[test]
fn without_rollback_a_failed_deployment_starts_no_task_until_the_next_deployment() {
    let mut simulation = Simulation::steady(2, 100, 200);
    breaker(&mut simulation, true, false);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(seconds(600));
    assert_eq!(simulation.primary(), (DeploymentState::Failed, 2));
    let starts = simulation.count("has started");
    simulation.run_for(seconds(600));
    assert_eq!(simulation.count("has started"), starts);
    assert_eq!(simulation.revisions(), [1, 1], "the old tasks stay");
    assert!(!simulation.is_steady());
    breaker(&mut simulation, false, false);
    simulation.deploy(2);
    simulation.scale(3);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.revisions(), [1, 1, 1], "updates, no deployment");
    simulation.deploy(3);
    simulation.run_for(seconds(60));
    assert!(simulation.is_steady());
}

#[test]
fn a_scale_in_after_a_failed_deployment_stops_tasks_of_the_deployment_before_it() {
    let mut simulation = Simulation::steady(3, 100, 200);
    breaker(&mut simulation, true, false);
    simulation.behaviors.insert(2, Behavior::is_unhealthy());
    simulation.deploy(2);
    simulation.run_for(seconds(600));
    assert_eq!(simulation.primary(), (DeploymentState::Failed, 2));
    assert_eq!(simulation.revisions(), [1, 1, 1]);
    simulation.scale(1);
    assert_eq!(simulation.revisions(), [1]);
    simulation.scale(0);
    simulation.run_for(seconds(60));
    assert!(simulation.running.is_empty());
}

#[test]
fn a_rollback_that_fails_is_not_rolled_back() {
    let mut simulation = Simulation::steady(2, 0, 100);
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.behaviors.insert(3, Behavior::fails_to_start());
    simulation.deploy(3);
    simulation.run_for(seconds(600));
    assert_eq!(simulation.primary(), (DeploymentState::Failed, 2));
    assert_eq!(simulation.count("deployment failed"), 2);
    assert_eq!(simulation.count("rolling back"), 1);
}

#[test]
fn failures_before_a_rollback_do_not_count_in_it() {
    let mut simulation = Simulation::steady(1, 0, 100);
    simulation.behaviors.insert(1, Behavior::fails_to_start());
    let id = simulation.ids()[0].clone();
    simulation.exit(&id);
    simulation.run_for(seconds(60));
    assert!(simulation.service().deployments[0].failed_tasks > 3);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.behaviors.remove(&1);
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.primary(), (DeploymentState::Completed, 1));
    assert!(simulation.is_steady());
}

#[test]
fn the_first_deployment_of_a_service_fails_without_rollback() {
    let mut simulation = Simulation::new(100, seconds(0));
    simulation.behaviors.insert(1, Behavior::fails_to_start());
    simulation.create(service(1));
    simulation.run_for(seconds(60));
    assert_eq!(simulation.primary(), (DeploymentState::Failed, 1));
    assert_eq!(simulation.count("rolling back"), 0);
}

#[test]
fn without_circuit_breaker_starts_are_repeated_with_pauses_up_to_five_seconds() {
    let mut simulation = Simulation::steady(1, 100, 200);
    breaker(&mut simulation, false, false);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(seconds(600));
    assert_eq!(simulation.primary().0, DeploymentState::InProgress);
    let pauses = pauses(&simulation);
    // A start fails after 100 ms. The jitter adds up to a tenth.
    for (pause, expected) in pauses
        .iter()
        .zip([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    {
        let pause = pause.as_millis() - 100;
        assert!(
            (expected..=expected * 11 / 10).contains(&pause),
            "{pause} {expected}"
        );
    }
    assert!(pauses.len() > 100);
    let text = "(service like) is unable to consistently start tasks successfully.";
    assert_eq!(simulation.count(text), 1);
    // A healthy task ends the pauses.
    simulation.behaviors.clear();
    simulation.run_for(seconds(30));
    assert!(simulation.is_steady());
    assert_eq!(simulation.service().deployments[0].failed_tasks, 0);
}

#[test]
fn a_task_that_was_healthy_is_replaced_without_a_pause() {
    let mut simulation = Simulation::steady(1, 100, 200);
    for _ in 0..20 {
        let id = simulation.ids()[0].clone();
        simulation.exit(&id);
        assert_eq!(simulation.kept().len(), 1, "the replacement is there");
        simulation.run_for(seconds(10));
    }
    assert_eq!(simulation.service().deployments[0].failed_tasks, 0);
}

#[test]
fn an_update_ends_the_pause_after_failures() {
    let mut simulation = Simulation::steady(1, 100, 200);
    breaker(&mut simulation, false, false);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    assert_eq!(simulation.revisions(), [1], "a pause");
    simulation.scale(2);
    assert!(simulation.revisions().contains(&2));
    simulation.run_for(seconds(60));
    simulation.deploy(3);
    assert_eq!(simulation.revisions(), [1, 1, 3, 3]);
}

/// AWS has two texts. ECS API reference, `DeploymentCircuitBreaker`: `resetOnHealthyTask` resets the count when a task is
/// healthy. This is what happens here. `Deployment.failedTasks`: the count is reset to 0 and then no longer evaluated.
#[test]
fn a_healthy_task_resets_the_count_of_failures_and_later_failures_count() {
    let mut simulation = Simulation::steady(1, 100, 200);
    let before = simulation.service().deployments[0].id.clone();
    breaker(&mut simulation, false, false);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    simulation.deploy(2);
    simulation.run_for(seconds(60));
    simulation.behaviors.clear();
    simulation.scale(2);
    simulation.run_for(Duration::from_millis(1_200));
    let primary = |simulation: &Simulation| simulation.service().deployments[0].clone();
    assert!(primary(&simulation).failed_tasks > 3);
    simulation.run_for(Duration::from_millis(200));
    assert_eq!(primary(&simulation).failed_tasks, 0);
    simulation.behaviors.insert(2, Behavior::fails_to_start());
    for id in simulation.ids() {
        if simulation.state.tasks[&id].deployment != before {
            simulation.exit(&id);
        }
    }
    simulation.run_for(seconds(60));
    assert!(primary(&simulation).failed_tasks > 3);
}

#[test]
fn a_task_that_a_person_stops_is_no_failure() {
    let mut simulation = Simulation::steady(1, 100, 200);
    simulation.behaviors.insert(
        2,
        Behavior {
            check: None,
            ..Behavior::default()
        },
    );
    simulation.deploy(2);
    for _ in 0..5 {
        simulation.run_for(seconds(3));
        let kept = simulation.kept();
        let new = kept.iter().find(|task| task.definition.revision == 2);
        let id = new.expect("a new task").id.clone();
        simulation
            .state
            .stop_task(&id, "a test".to_owned(), simulation.now);
        simulation.settle();
    }
    assert_eq!(simulation.primary(), (DeploymentState::InProgress, 2));
    assert_eq!(simulation.service().deployments[0].failed_tasks, 0);
}
