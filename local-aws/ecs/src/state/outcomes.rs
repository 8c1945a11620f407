//! The outcome of deployments: tasks fail or become healthy, a deployment completes or fails.

use crate::events;
use crate::limits::{IMPAIRED_AFTER, pause};
use crate::model::{Deployment, DeploymentState};
use crate::state::State;
use crate::time::Timestamp;

impl State {
    /// A task of a deployment has stopped without ever having been healthy. The next start is delayed.
    ///
    /// The event about tasks that do not start comes once until a task is healthy, and not for tasks that were RUNNING.
    pub(super) fn task_failed(
        &mut self,
        service: &str,
        deployment: &str,
        has_run: bool,
        now: Timestamp,
    ) {
        let fraction = self.ids.fraction();
        let Some(failed) = self.deployment_mut(service, deployment) else {
            return;
        };
        failed.failed_tasks = failed.failed_tasks.saturating_add(1);
        failed.paused_until = Some(now + pause(failed.failed_tasks, fraction));
        failed.updated_at = now;
        if failed.failed_tasks >= IMPAIRED_AFTER && !has_run && !failed.is_impairment_reported {
            failed.is_impairment_reported = true;
            self.event(service, events::IMPAIRED, now);
        }
    }

    /// A task is healthy for the first time: the failures of its deployment before it count no more.
    pub(crate) fn task_healthy(&mut self, id: &str, now: Timestamp) {
        let found = self.change(id, |task| {
            task.was_healthy = true;
            (task.service.clone(), task.deployment.clone())
        });
        let Some((service, deployment)) = found else {
            return;
        };
        if let Some(healthy) = self.deployment_mut(&service, &deployment) {
            healthy.failed_tasks = 0;
            healthy.paused_until = None;
            healthy.is_impairment_reported = false;
            healthy.updated_at = now;
        }
    }

    /// The PRIMARY deployment has replaced all tasks.
    pub(crate) fn complete_deployment(&mut self, service: &str, now: Timestamp) {
        let Some(primary) = self.primary_mut(service) else {
            return;
        };
        primary.state = DeploymentState::Completed;
        primary.reason = format!("ECS deployment ecs-svc/{} completed.", primary.id);
        primary.updated_at = now;
        // A deployment that became PRIMARY again keeps the time of its first completion.
        primary.finished_at.get_or_insert(now);
        let text = events::completed(&primary.id);
        self.event(service, &text, now);
    }

    /// The PRIMARY deployment has failed. It is rolled back if the service says so, but a rollback is not rolled back.
    pub(crate) fn fail_deployment(&mut self, service: &str, now: Timestamp) {
        let rolls_back = self
            .services
            .get(service)
            .is_some_and(|service| service.deployment.rollback);
        let Some(primary) = self.primary_mut(service) else {
            return;
        };
        primary.state = DeploymentState::Failed;
        primary.reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
        primary.updated_at = now;
        primary.finished_at = Some(now);
        let is_rollback = primary.rolls_back.is_some();
        let text = events::failed(&primary.id);
        self.event(service, &text, now);
        if rolls_back && !is_rollback {
            self.restore_completed(service, now);
        }
    }

    pub(crate) fn primary_mut(&mut self, service: &str) -> Option<&mut Deployment> {
        self.services.get_mut(service)?.deployments.first_mut()
    }

    pub(super) fn deployment_mut(&mut self, service: &str, id: &str) -> Option<&mut Deployment> {
        let mut deployments = self.services.get_mut(service)?.deployments.iter_mut();
        deployments.find(|deployment| deployment.id == id)
    }
}
