//! Commands: create, update and drain a service, stop a task.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::definition::TaskDefinition;
use crate::model::{
    Deployment, DeploymentState, Registered, Service, ServiceConfig, ServiceUpdate,
};
use crate::state::State;
use crate::state::stops::Cause;
use crate::time::Timestamp;

impl State {
    /// Creates a service with its first deployment, and registers its task definition unless it is registered.
    pub fn create_service(&mut self, config: ServiceConfig, now: Timestamp) {
        self.register_original(&config, now);
        let definition = config.definition.clone();
        let deployment = self.new_deployment(definition, config.desired_count, now);
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
        let max_tasks = self.config.max_tasks;
        let service = self.services.get_mut(name)?;
        service.deployment = update.deployment.unwrap_or(service.deployment);
        service.grace_period = update.grace_period.unwrap_or(service.grace_period);
        // Source: developer guide, "Amazon ECS services": after an update, tasks start without the pauses after failures.
        for deployment in &mut service.deployments {
            deployment.paused_until = None;
        }
        let present = service.primary()?.definition.clone();
        let definition = update.definition.unwrap_or_else(|| present.clone());
        let is_same =
            definition.family == present.family && definition.revision == present.revision;
        let is_deployment = !is_same || update.force_new_deployment;
        if let Some(desired_count) = update.desired_count
            && desired_count != service.desired_count
        {
            service.scale(desired_count, max_tasks);
            service.deployments.first_mut()?.updated_at = now;
            if !is_deployment {
                for deployment in &mut service.deployments {
                    deployment.desired_count = desired_count;
                }
            }
        }
        is_deployment.then(|| self.deploy(name, definition, now))
    }

    /// Begins a deployment. The present PRIMARY deployment becomes ACTIVE.
    pub(super) fn deploy(
        &mut self,
        service: &str,
        definition: Arc<TaskDefinition>,
        now: Timestamp,
    ) -> String {
        let desired_count = (self.services.get(service)).map_or(0, |known| known.desired_count);
        let deployment = self.new_deployment(definition, desired_count, now);
        let id = deployment.id.clone();
        if let Some(service) = self.services.get_mut(service) {
            service.deployments.insert(0, deployment);
            service.steady_event_at = None;
        }
        id
    }

    fn new_deployment(
        &mut self,
        definition: Arc<TaskDefinition>,
        desired_count: u32,
        now: Timestamp,
    ) -> Deployment {
        let id = self.ids.deployment();
        Deployment {
            reason: format!("ECS deployment ecs-svc/{id} in progress."),
            id,
            definition,
            created_at: now,
            updated_at: now,
            state: DeploymentState::InProgress,
            desired_count,
            is_discarded: false,
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
}

impl Service {
    fn scale(&mut self, desired_count: u32, max_tasks: u32) {
        self.desired_count = desired_count;
        self.steady_event_at = None;
        self.is_limit_reported &= desired_count > max_tasks;
    }
}
