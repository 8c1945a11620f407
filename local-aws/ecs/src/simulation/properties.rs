//! Random sequences of updates, deaths, health changes and time.

use std::time::Duration;

use proptest::prelude::*;

use super::{Behavior, Simulation, checked_definition, definition, service};
use crate::model::{DeploymentConfig, DeploymentState, ServiceUpdate, TaskStatus};

#[derive(Clone, Debug)]
enum Step {
    Update(ServiceUpdate),
    /// A container ends. Tasks are chosen by their place among those that have not begun to stop.
    Exit(usize),
    Check(usize, bool),
    StopTask(usize),
    RollBack,
    Reset,
    Wait(Duration),
}

fn configs() -> impl Strategy<Value = DeploymentConfig> {
    let percents = (
        prop::sample::select(vec![0, 50, 66, 75, 100]),
        prop::sample::select(vec![100, 125, 150, 200, 300]),
    );
    (percents, any::<bool>(), any::<bool>()).prop_map(
        |((minimum_healthy_percent, maximum_percent), circuit_breaker, rollback)| {
            DeploymentConfig {
                minimum_healthy_percent,
                maximum_percent,
                circuit_breaker,
                rollback,
            }
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    let update = (
        prop::option::of(0..8_u32),
        prop::option::of(1..6_u32),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.2, configs()),
        prop::option::weighted(0.1, 0..20_u64),
    );
    let update = update.prop_map(|(desired_count, revision, force, deployment, grace)| {
        Step::Update(ServiceUpdate {
            desired_count,
            definition: revision.map(definition),
            force_new_deployment: force,
            deployment,
            grace_period: grace.map(Duration::from_secs),
        })
    });
    prop_oneof![
        4 => update,
        3 => (0..8_usize).prop_map(Step::Exit),
        3 => (0..8_usize, any::<bool>()).prop_map(|(task, passes)| Step::Check(task, passes)),
        1 => (0..8_usize).prop_map(Step::StopTask),
        1 => Just(Step::RollBack),
        1 => prop::bool::weighted(0.2).prop_map(|reset| match reset {
            true => Step::Reset,
            false => Step::RollBack,
        }),
        8 => (0..8_000_u64).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
        2 => (8..200_u64).prop_map(|s| Step::Wait(Duration::from_secs(s))),
    ]
}

fn behaviors() -> impl Strategy<Value = Behavior> {
    let times = || (1..4_000_u64).prop_map(Duration::from_millis);
    (
        prop_oneof![4 => times().prop_map(Ok), 1 => times().prop_map(Err)],
        prop_oneof![4 => times().prop_map(Ok), 2 => times().prop_map(Err)],
        prop::option::weighted(0.2, times()),
        prop::option::weighted(0.8, times()),
        times(),
    )
        .prop_map(|(start, check, exit, term, deregistration)| Behavior {
            start,
            check: Some(check),
            exit,
            term,
            deregistration,
        })
}

fn take(simulation: &mut Simulation, step: Step) {
    let id = |simulation: &Simulation, place: usize| {
        let kept = simulation.kept();
        kept.get(place).map(|task| task.id.clone())
    };
    match step {
        Step::Update(mut update) => {
            // A service without load balancer has the same revisions with a health check.
            if simulation.service().load_balancers.is_empty() {
                let checked = |d: &crate::TaskDefinition| checked_definition(d.revision);
                update.definition = update.definition.as_deref().map(checked);
            }
            simulation.update(update);
        }
        Step::Exit(place) => {
            if let Some(id) = id(simulation, place) {
                simulation.exit(&id);
            }
        }
        Step::Check(place, is_healthy) => {
            if let Some(id) = id(simulation, place) {
                simulation.check(&id, is_healthy);
            }
        }
        Step::StopTask(place) => {
            if let Some(id) = id(simulation, place) {
                let now = simulation.now;
                simulation.state.stop_task(&id, "a test".to_owned(), now);
                simulation.settle();
            }
        }
        Step::RollBack => {
            let id = simulation.service().deployments[0].id.clone();
            let is_in_progress = simulation.primary().0 == DeploymentState::InProgress;
            let result = simulation.state.roll_back(&id, simulation.now);
            assert!(is_in_progress || result.is_err());
            simulation.settle();
        }
        Step::Reset => {
            simulation.state.reset(simulation.now);
            simulation.settle();
        }
        Step::Wait(duration) => simulation.run_for(duration),
    }
}

/// All faults end: new and present tasks behave well.
fn heal(simulation: &mut Simulation) {
    simulation.behaviors.clear();
    for id in simulation.kept_ids() {
        simulation.check(&id, true);
    }
}

impl Simulation {
    fn kept_ids(&self) -> Vec<String> {
        self.kept().iter().map(|task| task.id.clone()).collect()
    }
}

/// The states that do not end without the user, as docs/ecs.md lists them: a failed deployment without rollback, limits that
/// prevent each step of a deployment, and a desired count above the limit of tasks.
fn needs_user(simulation: &Simulation) -> bool {
    let service = simulation.service();
    let primary = &service.deployments[0];
    primary.state == DeploymentState::Failed
        || primary.is_blockage_reported
        || service.desired_count > simulation.state.config.max_tasks
}

/// A fault of a task of the source revision, or a change of the desired count.
fn source_steps() -> impl Strategy<Value = Step> {
    let scale = (1..6_u32).prop_map(|desired_count| {
        Step::Update(ServiceUpdate {
            desired_count: Some(desired_count),
            ..ServiceUpdate::default()
        })
    });
    prop_oneof![
        1 => scale,
        3 => (0..8_usize).prop_map(Step::Exit),
        3 => (0..8_usize).prop_map(|task| Step::Check(task, false)),
        1 => (0..8_usize).prop_map(Step::StopTask),
        4 => (0..8_000_u64).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
    ]
}

fn failing_behaviors() -> impl Strategy<Value = Behavior> {
    prop_oneof![
        Just(Behavior::fails_to_start()),
        Just(Behavior::is_unhealthy()),
        Just(Behavior::crashes_after(Duration::from_millis(700))),
        Just(Behavior {
            check: Some(Err(Duration::from_secs(20))),
            ..Behavior::default()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The simulation checks in each step that no start exceeds the upper limit, that no stop goes below the lower limit, and that
    /// the actions end.
    #[test]
    fn every_service_becomes_steady_and_every_task_stops(
        desired_count in 0..6_u32,
        config in configs(),
        is_balanced in any::<bool>(),
        max_tasks in prop::sample::select(vec![1_u32, 3, 6, 100]),
        task_start in prop::sample::select(vec![0_u64, 2]),
        behaviors in prop::collection::btree_map(2..6_u32, behaviors(), 0..5),
        steps in prop::collection::vec(steps(), 0..40),
    ) {
        let mut simulation = Simulation::new(max_tasks, Duration::from_secs(task_start));
        simulation.behaviors = behaviors;
        let mut service = service(desired_count);
        service.deployment = config;
        if !is_balanced {
            service.load_balancers.clear();
            service.definition = checked_definition(1);
        }
        simulation.create(service);
        for step in steps {
            take(&mut simulation, step);
        }
        heal(&mut simulation);
        simulation.run_for(Duration::from_secs(600));
        if !needs_user(&simulation) {
            prop_assert!(simulation.is_steady(), "{:#?}", simulation.state);
            prop_assert_eq!(simulation.kept().len(), simulation.service().desired_count as usize);
        }
        let definition = simulation.service().deployments[0].definition.clone();
        simulation.update(ServiceUpdate {
            desired_count: Some(max_tasks.min(4)),
            definition: Some(definition),
            force_new_deployment: true,
            deployment: Some(DeploymentConfig {
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                circuit_breaker: false,
                rollback: false,
            }),
            ..ServiceUpdate::default()
        });
        simulation.run_for(Duration::from_secs(600));
        prop_assert!(simulation.is_steady(), "{:#?}", simulation.state);
        prop_assert_eq!(simulation.kept().len(), max_tasks.min(4) as usize);

        simulation.state.drain_service(super::SERVICE);
        simulation.run_for(Duration::from_secs(60));
        prop_assert!(simulation.running.is_empty());
        let is_stopped = |task: &crate::model::Task| task.status == TaskStatus::Stopped;
        prop_assert!(simulation.state.tasks.values().all(is_stopped));
        simulation.run_for(Duration::from_secs(3_600));
        prop_assert!(simulation.state.tasks.is_empty(), "a stopped task stays visible for an hour");
    }

    /// Without a command, faults that end leave a steady service: the scheduler repairs it alone.
    #[test]
    fn a_service_without_commands_repairs_itself(
        desired_count in 1..6_u32,
        minimum in prop::sample::select(vec![0, 50, 100]),
        maximum in prop::sample::select(vec![100, 150, 200]),
        steps in prop::collection::vec(steps(), 0..30),
    ) {
        let mut simulation = Simulation::steady(desired_count, minimum, maximum);
        for step in steps {
            if matches!(step, Step::Exit(_) | Step::Check(..) | Step::StopTask(_) | Step::Wait(_)) {
                take(&mut simulation, step);
            }
        }
        heal(&mut simulation);
        simulation.run_for(Duration::from_secs(300));
        prop_assert!(simulation.is_steady(), "{:#?}", simulation.state);
        prop_assert_eq!(simulation.service().deployments.len(), 1);
    }
    /// Whatever happens to tasks while all tasks of a new revision fail, the service returns to its lower limit of healthy tasks.
    /// The minimum is not 0, so that the source revision has tasks.
    #[test]
    fn a_revision_whose_tasks_fail_does_not_cost_the_service_its_healthy_tasks(
        desired_count in 1..6_u32,
        minimum in prop::sample::select(vec![50, 75, 100]),
        maximum in prop::sample::select(vec![100, 125, 150, 200]),
        circuit_breaker in any::<bool>(),
        rollback in any::<bool>(),
        failing in failing_behaviors(),
        steps in prop::collection::vec(source_steps(), 1..20),
    ) {
        let mut simulation = Simulation::steady(desired_count, minimum, maximum);
        simulation.behaviors.insert(2, failing);
        simulation.update(ServiceUpdate {
            definition: Some(definition(2)),
            deployment: Some(DeploymentConfig {
                minimum_healthy_percent: minimum,
                maximum_percent: maximum,
                circuit_breaker,
                rollback,
            }),
            ..ServiceUpdate::default()
        });
        for step in steps {
            take(&mut simulation, step);
        }
        simulation.run_for(Duration::from_secs(300));
        let lower = (simulation.service().desired_count * minimum).div_ceil(100);
        let healthy = simulation.healthy();
        prop_assert!(healthy >= lower as usize, "{healthy} of {lower}: {:#?}", simulation.state);
    }
}
