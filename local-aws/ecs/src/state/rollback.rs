//! Rollbacks: the last completed deployment of a service becomes PRIMARY again.
//!
//! Events that users of Amazon ECS published show that the deployment keeps its id, and those of its tasks that still run.

use crate::events;
use crate::model::{Deployment, DeploymentState, Service};
use crate::state::State;
use crate::time::Timestamp;

/// Why a deployment cannot be rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RollBackError {
    /// No service has such a deployment.
    #[error("there is no such deployment")]
    NotFound,
    /// The deployment has ended, another one has replaced it, or it is a rollback itself.
    #[error("the deployment is not in progress")]
    NotInProgress,
    /// No deployment of the service has completed.
    #[error("the service has no completed deployment to roll back to")]
    NothingCompleted,
}

impl State {
    /// Stops a deployment that is in progress, for a person, and rolls it back.
    ///
    /// # Errors
    ///
    /// If the deployment is not in progress, or none has completed.
    pub fn roll_back(&mut self, deployment_id: &str, now: Timestamp) -> Result<(), RollBackError> {
        let has_it = |service: &&Service| {
            let mut deployments = service.deployments.iter().chain(&service.history);
            deployments.any(|known| known.id == deployment_id)
        };
        let found = self.services.values().find(has_it);
        let service = found.ok_or(RollBackError::NotFound)?;
        let can_stop = |primary: &&Deployment| {
            primary.id == deployment_id
                && primary.state == DeploymentState::InProgress
                && primary.rolls_back.is_none()
        };
        if service.primary().filter(can_stop).is_none() {
            return Err(RollBackError::NotInProgress);
        }
        let name = service.name.clone();
        if !self.restore_completed(&name, now) {
            return Err(RollBackError::NothingCompleted);
        }
        if let Some(stopped) = self.deployment_mut(&name, deployment_id) {
            stopped.was_stopped = true;
            stopped.finished_at = Some(now);
        }
        Ok(())
    }

    /// Makes the last completed deployment PRIMARY again, in place of the present one. False if none has completed.
    pub(super) fn restore_completed(&mut self, name: &str, now: Timestamp) -> bool {
        let Some(service) = self.services.get_mut(name) else {
            return false;
        };
        let Some(mut restored) = service.take_completed() else {
            return false;
        };
        let id = restored.id.clone();
        if let Some(replaced) = service.deployments.first_mut() {
            replaced.rolled_back_by = Some(id.clone());
            restored.rolls_back = Some(replaced.id.clone());
        }
        restored.state = DeploymentState::InProgress;
        restored.reason = format!("ECS deployment ecs-svc/{id} in progress.");
        restored.updated_at = now;
        restored.desired_count = service.desired_count;
        restored.forget_failures();
        service.deployments.insert(0, restored);
        service.steady_event_at = None;
        self.event(name, &events::rolling_back(&id), now);
        true
    }
}

impl Deployment {
    /// The failures of its tasks until now count no more.
    pub(super) fn forget_failures(&mut self) {
        self.failed_tasks = 0;
        self.paused_until = None;
        self.is_impairment_reported = false;
        self.is_blockage_reported = false;
    }
}

impl Service {
    /// Removes the last completed deployment from the ACTIVE ones or, if it has no tasks left, from the history.
    fn take_completed(&mut self) -> Option<Deployment> {
        let mut active = self.deployments.iter().skip(1);
        let active = active.position(Deployment::is_restorable);
        if let Some(index) = active {
            return Some(self.deployments.remove(index + 1));
        }
        let ended = self.history.iter().position(Deployment::is_restorable)?;
        self.history.remove(ended)
    }
}
