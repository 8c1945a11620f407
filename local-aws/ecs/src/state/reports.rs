//! What the runtime and the load balancer report about tasks.

use crate::definition::TaskDefinition;
use crate::events;
use crate::model::TaskStatus;
use crate::runtime::Report;
use crate::state::State;
use crate::state::stops::Cause;
use crate::targets::TargetHealth;
use crate::time::Timestamp;

impl State {
    /// Applies a report of the runtime.
    pub fn report(&mut self, id: &str, report: Report, now: Timestamp) {
        match report {
            Report::Started(started) => {
                self.change(id, |task| {
                    task.started = Some(started);
                    if task.status <= TaskStatus::Pending {
                        task.status = TaskStatus::Activating;
                        task.started_at = Some(now);
                    }
                });
            }
            Report::StartFailed(reason) => {
                if let Some(task) = self.tasks.get(id).filter(|task| task.is_kept()) {
                    let service = task.service.clone();
                    self.event(&service, &events::start_failed(&reason), now);
                }
                self.stop_task_for(id, &Cause::StartFailed(reason), now);
            }
            Report::Health {
                container,
                is_healthy,
            } => {
                self.change(id, |task| {
                    let index = container_index(&task.definition, &container);
                    if let Some(state) = index.and_then(|index| task.containers.get_mut(index)) {
                        state.is_healthy = Some(is_healthy);
                    }
                });
            }
            Report::Exited { container, exit } => {
                let is_essential = self.change(id, |task| {
                    let index = container_index(&task.definition, &container)?;
                    task.containers.get_mut(index)?.exit = Some(exit);
                    Some(task.definition.containers.get(index)?.essential)
                });
                if is_essential.flatten() == Some(true) {
                    self.stop_task_for(id, &Cause::Exited, now);
                }
            }
        }
    }

    /// Applies the end of [`Runtime::run`](crate::Runtime::run): no container of the task runs any more.
    pub fn run_ended(&mut self, id: &str, now: Timestamp) {
        // Does nothing if the runtime has reported the exit of an essential container or a failed start.
        let cause = Cause::StartFailed("Task failed to start".to_owned());
        self.stop_task_for(id, &cause, now);
        self.change(id, |task| {
            task.status = TaskStatus::Deprovisioning;
            task.execution_stopped_at.get_or_insert(now);
        });
    }

    /// Applies a change of the health of a task in its target group of this index.
    pub fn target_health(&mut self, id: &str, index: usize, health: TargetHealth) {
        self.change(id, |task| {
            // A target that was deregistered has no health.
            if let Some(Some(known)) = task.targets.get_mut(index) {
                *known = health;
            }
        });
    }

    /// Applies the end of a deregistration.
    pub fn deregistered(&mut self, id: &str, index: usize) {
        self.change(id, |task| {
            if let Some(target) = task.targets.get_mut(index) {
                *target = None;
            }
        });
    }
}

/// The index of the container of this name.
fn container_index(definition: &TaskDefinition, name: &str) -> Option<usize> {
    let mut containers = definition.containers.iter();
    containers.position(|container| container.name == name)
}
