//! When time alone changes what is to be done.

use crate::model::{Service, Task, TaskStatus};
use crate::plan::STOPPED_TASK_AGE;
use crate::plan::health::changes_at;
use crate::plan::service::STEADY_EVENT_INTERVAL;
use crate::state::State;
use crate::time::Timestamp;

/// The next time after `now` at which [`plan`](crate::plan::plan) can give something without a report. It may come too early,
/// never too late.
pub fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    let tasks = state.tasks.values();
    let tasks = tasks.flat_map(|task| task_times(state, task));
    let services = state.services.values().flat_map(service_times);
    let times = tasks.flatten().chain(services);
    times.filter(|time| *time > now).min()
}

fn task_times(state: &State, task: &Task) -> [Option<Timestamp>; 2] {
    let service = state.services.get(&task.service);
    match task.status {
        TaskStatus::Pending if !task.is_launched => {
            [Some(task.created_at + state.config.task_start), None]
        }
        TaskStatus::Running => service.map_or([None, None], |service| changes_at(task, service)),
        TaskStatus::Stopping if !task.was_killed => [task.kill_at(), None],
        TaskStatus::Stopped => [task.stopped_at.map(|at| at + STOPPED_TASK_AGE), None],
        _ => [None, None],
    }
}

fn service_times(service: &Service) -> impl Iterator<Item = Timestamp> {
    let deployments = service.deployments.iter();
    let paused_until = deployments.filter_map(|deployment| deployment.paused_until);
    let steady_event_at = service.steady_event_at.map(|at| at + STEADY_EVENT_INTERVAL);
    paused_until.chain(steady_event_at)
}
