//! Commands of people and programs.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::definition::TaskDefinition;
use crate::events;
use crate::model::{
    Deployment, DeploymentState, Registered, Service, ServiceConfig, ServiceUpdate,
};
use crate::state::State;
use crate::state::stops::Cause;
use crate::time::Timestamp;

/// Why a deployment cannot be rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RollBackError {
    /// No service has such a deployment.
    #[error("there is no such deployment")]
    NotFound,
    /// The deployment has ended, or another one has replaced it.
    #[error("the deployment is not in progress")]
    NotInProgress,
    /// No deployment of the service has completed.
    #[error("the service has no completed deployment to roll back to")]
    NothingCompleted,
}

impl State {
    /// Creates a service with its first deployment, and registers its task definition unless it is registered.
    pub fn create_service(&mut self, config: ServiceConfig, now: Timestamp) {
        self.register_original(&config, now);
        let deployment = self.new_deployment(config.definition.clone(), now);
        let service = Service {
            name: config.name.clone(),
            created_at: now,
            desired_count: config.desired_count,
            deployment: config.deployment,
            grace_period: config.grace_period,
            load_balancers: config.load_balancers.clone(),
            deployments: vec![deployment],
            history: VecDeque::new(),
            events: VecDeque::new(),
            is_draining: false,
            steady_event_at: None,
            is_limit_reported: false,
            original: config,
        };
        self.services.insert(service.name.clone(), service);
    }

    /// Updates a service. Returns the id of the new deployment if the update makes one: another task definition does, and
    /// `force_new_deployment` does. Other settings apply to the deployments that there are.
    pub fn update_service(
        &mut self,
        name: &str,
        update: ServiceUpdate,
        now: Timestamp,
    ) -> Option<String> {
        let service = self.services.get_mut(name)?;
        service.deployment = update.deployment.unwrap_or(service.deployment);
        service.grace_period = update.grace_period.unwrap_or(service.grace_period);
        if let Some(desired_count) = update.desired_count
            && desired_count != service.desired_count
        {
            service.desired_count = desired_count;
            service.steady_event_at = None;
            service.is_limit_reported = false;
            if let Some(primary) = service.deployments.first_mut() {
                primary.updated_at = now;
            }
        }
        let present = service.primary()?.definition.clone();
        let definition = update.definition.unwrap_or_else(|| present.clone());
        let is_same =
            definition.family == present.family && definition.revision == present.revision;
        if is_same && !update.force_new_deployment {
            return None;
        }
        Some(self.deploy(name, definition, now))
    }

    /// Begins a deployment. The present PRIMARY deployment becomes ACTIVE.
    pub(super) fn deploy(
        &mut self,
        service: &str,
        definition: Arc<TaskDefinition>,
        now: Timestamp,
    ) -> String {
        let deployment = self.new_deployment(definition, now);
        let id = deployment.id.clone();
        if let Some(service) = self.services.get_mut(service) {
            service.deployments.insert(0, deployment);
            service.steady_event_at = None;
        }
        id
    }

    fn new_deployment(&mut self, definition: Arc<TaskDefinition>, now: Timestamp) -> Deployment {
        let id = self.ids.deployment();
        Deployment {
            reason: format!("ECS deployment ecs-svc/{id} in progress."),
            id,
            definition,
            created_at: now,
            updated_at: now,
            state: DeploymentState::InProgress,
            failed_tasks: 0,
            finished_at: None,
            rolls_back: None,
            rolled_back_by: None,
            was_stopped: false,
            paused_until: None,
            is_impairment_reported: false,
            is_blockage_reported: false,
        }
    }

    fn register_original(&mut self, config: &ServiceConfig, now: Timestamp) {
        let definition = &config.definition;
        let revisions = self.families.entry(definition.family.clone()).or_default();
        let is_known = |known: &Registered| known.definition.revision == definition.revision;
        if !revisions.iter().any(is_known) {
            revisions.push(Registered {
                definition: definition.clone(),
                registered_at: now,
                deregistered_at: None,
            });
            revisions.sort_by_key(|registered| registered.definition.revision);
        }
    }

    /// Stops a task for a person. Its service starts another one. Does nothing if the task stops already.
    pub fn stop_task(&mut self, id: &str, reason: String, now: Timestamp) {
        self.stop_task_for(id, &Cause::User(reason), now);
    }

    /// Stops and starts no more tasks of a service. See [`Ecs::drain`](crate::Ecs::drain).
    pub fn drain_service(&mut self, name: &str) {
        if let Some(service) = self.services.get_mut(name) {
            service.is_draining = true;
        }
    }

    /// Stops a deployment that is in progress: the last completed deployment becomes PRIMARY again, under its own id.
    ///
    /// # Errors
    ///
    /// If the deployment is not in progress, or none has completed.
    pub fn roll_back(&mut self, deployment_id: &str, now: Timestamp) -> Result<(), RollBackError> {
        let has_it = |service: &&Service| {
            let deployments = service.deployments.iter().chain(&service.history);
            deployments
                .into_iter()
                .any(|known| known.id == deployment_id)
        };
        let found = self.services.values().find(has_it);
        let service = found.ok_or(RollBackError::NotFound)?;
        match service.primary() {
            Some(primary)
                if primary.id == deployment_id && primary.state == DeploymentState::InProgress => {}
            _ => return Err(RollBackError::NotInProgress),
        }
        let name = service.name.clone();
        if !self.restore_completed(&name, now) {
            return Err(RollBackError::NothingCompleted);
        }
        let deployments = self.services.get_mut(&name);
        let deployments = deployments.into_iter().flat_map(|s| &mut s.deployments);
        for stopped in deployments.filter(|known| known.id == deployment_id) {
            stopped.was_stopped = true;
            stopped.finished_at = Some(now);
        }
        Ok(())
    }

    /// Makes the last completed deployment PRIMARY again, in place of the present one. False if none has completed.
    ///
    /// Events that users published show that the deployment keeps its id and those of its tasks that still run.
    pub(crate) fn restore_completed(&mut self, name: &str, now: Timestamp) -> bool {
        let Some(service) = self.services.get_mut(name) else {
            return false;
        };
        let is_completed = |known: &Deployment| known.state == DeploymentState::Completed;
        let active = service.deployments.iter().skip(1).position(is_completed);
        let mut restored = match active {
            Some(index) => service.deployments.remove(index + 1),
            None => match service.history.iter().position(is_completed) {
                Some(index) => match service.history.remove(index) {
                    Some(deployment) => deployment,
                    None => return false,
                },
                None => return false,
            },
        };
        let id = restored.id.clone();
        if let Some(replaced) = service.deployments.first_mut() {
            replaced.rolled_back_by = Some(id.clone());
            restored.rolls_back = Some(replaced.id.clone());
        }
        restored.state = DeploymentState::InProgress;
        restored.reason = format!("ECS deployment ecs-svc/{id} in progress.");
        restored.updated_at = now;
        restored.failed_tasks = 0;
        restored.paused_until = None;
        restored.is_impairment_reported = false;
        restored.is_blockage_reported = false;
        service.deployments.insert(0, restored);
        service.steady_event_at = None;
        self.event(name, &events::rolling_back(&id), now);
        true
    }
}
