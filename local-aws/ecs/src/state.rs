//! The state of the cluster, and the commands that change it: create and update services, stop tasks, roll back, reset.
//!
//! Nothing here starts or stops a task. [`plan`](crate::plan) decides that, and the [actor](crate::actor) does it.

mod commands;
mod outcomes;
mod reports;
mod reset;
mod rollback;
mod stops;

use std::collections::BTreeMap;
use std::net::SocketAddr;

pub use rollback::RollBackError;
pub use stops::Cause;

use crate::ids::Ids;
use crate::model::{
    Config, Deployment, DeploymentState, Event, MAX_EVENTS, MAX_HISTORY, Registered, Service, Task,
};
use crate::runtime::{Launch, Signal};
use crate::time::Timestamp;

/// All services and tasks.
#[derive(Debug)]
pub struct State {
    pub config: Config,
    /// By name.
    pub services: BTreeMap<String, Service>,
    /// By id.
    pub tasks: BTreeMap<String, Task>,
    /// All revisions by family, oldest first.
    pub families: BTreeMap<String, Vec<Registered>>,
    pub ids: Ids,
    /// What is still to be done. [`State::take_effects`] empties it.
    effects: Vec<Effect>,
}

/// What a change of the state requires outside of it.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Run a task.
    Run(Launch),
    /// Send a signal to the containers of a task.
    Signal { task: String, signal: Signal },
    /// Register a task with its target group of this index.
    Register {
        task: String,
        index: usize,
        target_group_arn: String,
        address: SocketAddr,
    },
    /// Deregister a task from its target group of this index.
    Deregister { task: String, index: usize },
    /// Send an event of a service to the listeners.
    Publish { service: String, event: Event },
}

impl State {
    /// A cluster without services.
    pub fn new(config: Config, ids: Ids) -> Self {
        Self {
            config,
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            families: BTreeMap::new(),
            ids,
            effects: Vec::new(),
        }
    }

    /// What is to be done since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The tasks of a service, stopped ones too, in no order.
    pub fn tasks_of<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Task> {
        self.tasks
            .values()
            .filter(move |task| task.service == service)
    }

    /// The `desiredCount` of a deployment as the API shows it: for the PRIMARY deployment it is that of the
    /// service. For an ACTIVE one it is the number of its tasks that have not begun to stop.
    pub fn deployment_desired_count(&self, service: &Service, deployment: &Deployment) -> u32 {
        match service.primary() {
            Some(primary) if primary.id == deployment.id => service.desired_count,
            _ => {
                let is_kept =
                    |task: &&Task| task.deployment == deployment.id && task.stop.is_none();
                let count = self.tasks_of(&service.name).filter(is_kept).count();
                u32::try_from(count).unwrap_or(u32::MAX)
            }
        }
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Writes an event of a service. The text follows the service's name.
    pub(crate) fn event(&mut self, service: &str, text: &str, now: Timestamp) {
        self.message(service, format!("(service {service}) {text}"), now);
    }

    /// Writes an event of a service with its whole message.
    pub(crate) fn message(&mut self, service: &str, message: String, now: Timestamp) {
        let event = Event {
            id: self.ids.event(),
            created_at: now,
            message,
        };
        let Some(found) = self.services.get_mut(service) else {
            return;
        };
        found.events.push_front(event.clone());
        found.events.truncate(MAX_EVENTS);
        let service = service.to_owned();
        self.effect(Effect::Publish { service, event });
    }

    /// Changes a task, and counts the change.
    pub(crate) fn change<T>(&mut self, id: &str, f: impl FnOnce(&mut Task) -> T) -> Option<T> {
        let task = self.tasks.get_mut(id)?;
        task.version += 1;
        Some(f(task))
    }

    /// The lowest ordinal that no task of the service has whose essential containers run or start.
    pub(crate) fn free_ordinal(&self, service: &str) -> u32 {
        let is_used = |ordinal| {
            self.tasks_of(service)
                .filter(|task| !task.has_ended())
                .any(|task| task.ordinal == ordinal)
        };
        (0..).find(|ordinal| !is_used(*ordinal)).unwrap_or(u32::MAX)
    }
}

impl Service {
    /// The PRIMARY deployment. Each service has one.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// The completed deployment that the PRIMARY one replaces: the source revision of the deployment. Its tasks that end or
    /// become unhealthy are replaced by tasks of the same deployment.
    ///
    /// Source: Amazon ECS developer guide, "Deploy Amazon ECS services by replacing tasks".
    pub fn source(&self) -> Option<&Deployment> {
        let mut active = self.deployments.iter().skip(1);
        active.find(|deployment| deployment.is_restorable())
    }

    /// Moves the deployment of this index to the history.
    pub(crate) fn end_deployment(&mut self, index: usize, now: Timestamp) {
        let mut deployment = self.deployments.remove(index);
        if deployment.is_discarded {
            return;
        }
        deployment.finished_at.get_or_insert(now);
        self.history.push_front(deployment);
        self.history.truncate(MAX_HISTORY);
    }
}

impl Deployment {
    /// Whether it has completed, and a rollback can go back to it.
    pub(crate) fn is_restorable(&self) -> bool {
        self.state == DeploymentState::Completed && !self.is_discarded
    }
}

impl Task {
    /// Whether the scheduler keeps it: it has not begun to stop.
    pub fn is_kept(&self) -> bool {
        self.stop.is_none()
    }

    /// Whether an essential container has ended, or none runs or will run.
    pub fn has_ended(&self) -> bool {
        let mut containers = self.definition.containers.iter().zip(&self.containers);
        self.execution_stopped_at.is_some()
            || containers.any(|(definition, state)| definition.essential && state.exit.is_some())
    }
}
