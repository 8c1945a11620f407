//! Whether a task is healthy.

use std::time::Duration;

use crate::definition::Container;
use crate::model::{ContainerState, Service, Task, TaskStatus};
use crate::state::Cause;
use crate::targets::TargetHealth;
use crate::time::Timestamp;

/// A task without target groups and health checks is healthy this long after its start. Source: ECS API reference,
/// `DeploymentConfiguration`.
pub const UNCHECKED_HEALTHY_AFTER: Duration = Duration::from_secs(40);

/// The health of a task as the scheduler sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It runs, and all its checks have passed.
    Healthy,
    /// It is to be replaced. The cause is that of its stop.
    Unhealthy(Cause),
    /// It starts or stops, its checks have no result yet, or its grace period has not passed.
    Unknown,
}

/// The health of a task. Target groups count before containers.
pub fn health(task: &Task, service: &Service, now: Timestamp) -> Health {
    let Some(started_at) = task.started_at.filter(|_| is_running(task)) else {
        return Health::Unknown;
    };
    if let Some(cause) = failure(task) {
        return match now >= started_at + service.grace_period {
            true => Health::Unhealthy(cause),
            false => Health::Unknown,
        };
    }
    let mut checks = checked_containers(task).peekable();
    let is_checked = !task.targets.is_empty() || checks.peek().is_some();
    let has_passed = checks.all(|state| state.is_healthy == Some(true))
        && (task.targets.iter()).all(|target| *target == Some(TargetHealth::Healthy))
        && (is_checked || now >= started_at + UNCHECKED_HEALTHY_AFTER);
    match has_passed {
        true => Health::Healthy,
        false => Health::Unknown,
    }
}

/// When time alone can change the health of a task: the end of the grace period, and of the wait without checks.
pub fn changes_at(task: &Task, service: &Service) -> [Option<Timestamp>; 2] {
    let started_at = task.started_at.filter(|_| is_running(task));
    let ends = [service.grace_period, UNCHECKED_HEALTHY_AFTER];
    ends.map(|end| started_at.map(|started_at| started_at + end))
}

fn is_running(task: &Task) -> bool {
    task.status == TaskStatus::Running
}

fn failure(task: &Task) -> Option<Cause> {
    let targets = task.targets.iter().enumerate();
    let mut failed_targets = targets.filter_map(|(index, target)| match target {
        Some(TargetHealth::Unhealthy(reason)) => Some((index, reason.clone())),
        _ => None,
    });
    if let Some((index, reason)) = failed_targets.next() {
        return Some(Cause::UnhealthyTarget { index, reason });
    }
    checked_containers(task)
        .any(|state| state.is_healthy == Some(false))
        .then_some(Cause::UnhealthyContainer)
}

/// The states of the essential containers with a health check.
fn checked_containers(task: &Task) -> impl Iterator<Item = &ContainerState> {
    let is_checked =
        |container: &Container| container.essential && container.health_check.is_some();
    let containers = task.definition.containers.iter().zip(&task.containers);
    containers.filter_map(move |(container, state)| is_checked(container).then_some(state))
}
