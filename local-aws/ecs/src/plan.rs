//! The decisions of the scheduler. Pure: the time is a parameter, and nothing is changed here.
//!
//! [`State::apply`](crate::state::State) applies an action. The [actor](crate::actor) plans and applies until nothing is left to
//! do, then sleeps until [`next_due`] or until something is reported.

mod due;
mod health;
mod service;
mod view;

pub use due::next_due;
pub use health::{Health, health};
pub use service::is_steady;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Task, TaskStatus};
use crate::state::{Cause, State};
use crate::time::Timestamp;

/// How long a stopped task stays visible. Source: ECS API reference, `DescribeTasks`: at least one hour.
const STOPPED_TASK_AGE: Duration = Duration::from_secs(60 * 60);

/// Most stopped tasks of one service that stay visible.
const MAX_STOPPED_TASKS: usize = 1_000;

/// A step that the scheduler takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new task waits for its start.
    Pend(String),
    /// The containers of a task start.
    Launch(String),
    /// Started tasks are registered in the target groups of their service.
    Register { service: String, tasks: Vec<String> },
    /// A task is healthy for the first time.
    BecomeHealthy(String),
    /// SIGTERM is sent to the containers of a deregistered task.
    Terminate(String),
    /// The containers of a task have not ended in time.
    Kill(String),
    /// All containers of a task have ended, and it is deregistered.
    Finish(String),
    /// A stopped task is no longer visible.
    Forget(String),
    /// New tasks of a deployment, `replaced` of them in place of unhealthy ones.
    Start {
        service: String,
        deployment: String,
        count: usize,
        replaced: usize,
    },
    /// Tasks begin to stop.
    Stop {
        service: String,
        tasks: Vec<(String, Cause)>,
    },
    /// A deployment that is no longer PRIMARY has no tasks left and needs none.
    EndDeployment { service: String, deployment: String },
    /// The PRIMARY deployment has replaced all tasks.
    Complete(String),
    /// The PRIMARY deployment has failed.
    Fail(String),
    /// The service is steady, or has been steady for six more hours since the last event.
    ReportSteady(String),
    /// The limit of tasks is below the desired count.
    ReportLimit(String),
    /// The limits of healthy tasks prevent each step of the deployment.
    ReportBlockage(String),
}

/// What is to be done now. Empty if only time or a report can change something.
///
/// What follows from the state of single tasks comes first: the decisions about a service see its result in the next call.
pub fn plan(state: &State, now: Timestamp) -> Vec<Action> {
    let actions = plan_tasks(state, now);
    if !actions.is_empty() {
        return actions;
    }
    let services = state.services.values();
    services
        .filter_map(|service| service::plan(state, service, now))
        .collect()
}

fn plan_tasks(state: &State, now: Timestamp) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut started: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut stopped: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
    for task in state.tasks.values() {
        let id = || task.id.clone();
        match task.status {
            TaskStatus::Provisioning => actions.push(Action::Pend(id())),
            TaskStatus::Pending => {
                let is_due = now >= task.created_at + state.config.task_start;
                if is_due && !task.is_launched {
                    actions.push(Action::Launch(id()));
                }
            }
            TaskStatus::Activating => started.entry(&task.service).or_default().push(id()),
            TaskStatus::Running => {
                let service = state.services.get(&task.service);
                let health = service.map(|service| health(task, service, now));
                if !task.was_healthy && health == Some(Health::Healthy) {
                    actions.push(Action::BecomeHealthy(id()));
                }
            }
            TaskStatus::Deactivating if is_deregistered(task) => {
                actions.push(Action::Terminate(id()));
            }
            TaskStatus::Stopping => {
                let is_due = task.kill_at().is_some_and(|kill_at| now >= kill_at);
                if is_due && !task.was_killed {
                    actions.push(Action::Kill(id()));
                }
            }
            TaskStatus::Deprovisioning if is_deregistered(task) => {
                actions.push(Action::Finish(id()));
            }
            TaskStatus::Deactivating | TaskStatus::Deprovisioning => {}
            TaskStatus::Stopped => stopped.entry(&task.service).or_default().push(task),
        }
    }
    actions.extend(started.into_iter().map(|(service, tasks)| {
        let service = service.to_owned();
        Action::Register { service, tasks }
    }));
    actions.extend(stopped.into_values().flat_map(|tasks| forget(tasks, now)));
    actions
}

fn is_deregistered(task: &Task) -> bool {
    task.targets.iter().all(Option::is_none)
}

/// Stopped tasks of one service that are too old or too many.
fn forget(mut tasks: Vec<&Task>, now: Timestamp) -> Vec<Action> {
    let surplus = tasks.len().saturating_sub(MAX_STOPPED_TASKS);
    if surplus > 0 {
        tasks.sort_by_key(|task| task.stopped_at);
    }
    let is_old = |task: &Task| {
        let stopped_at = task.stopped_at;
        stopped_at.is_some_and(|at| now >= at + STOPPED_TASK_AGE)
    };
    let tasks = tasks.into_iter().enumerate();
    tasks
        .filter(|(index, task)| *index < surplus || is_old(task))
        .map(|(_, task)| Action::Forget(task.id.clone()))
        .collect()
}

impl Task {
    /// When its containers are killed if they have not ended: after the longest stop timeout.
    fn kill_at(&self) -> Option<Timestamp> {
        let containers = self.definition.containers.iter();
        let timeout = containers.map(|container| container.stop_timeout).max();
        Some(self.terminated_at? + timeout.unwrap_or_default())
    }
}
