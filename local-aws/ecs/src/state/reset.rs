//! The reset: services return to what they were created with.

use crate::model::{DeploymentState, ServiceUpdate, TaskStatus};
use crate::state::State;
use crate::time::Timestamp;

impl State {
    /// Returns all services to the settings of their creation. Events, ended deployments, stopped tasks and task definitions
    /// that no service was created with disappear. Deployments of before that still have tasks disappear when these have stopped.
    ///
    /// Tasks of the original task definition stay if its deployment is PRIMARY. Any other service gets a new deployment, which
    /// replaces its tasks after the reset.
    pub fn reset(&mut self, now: Timestamp) {
        let names: Vec<_> = self.services.keys().cloned().collect();
        for name in &names {
            self.reset_service(name, now);
        }
        self.tasks
            .retain(|_, task| task.status != TaskStatus::Stopped);
        let originals = self.services.values().map(|service| &service.original);
        let originals: Vec<_> = originals.map(|config| config.definition.clone()).collect();
        self.families.retain(|_, revisions| {
            revisions.retain_mut(|revision| {
                revision.deregistered_at = None;
                let definition = &revision.definition;
                originals.iter().any(|original| {
                    (&original.family, original.revision)
                        == (&definition.family, definition.revision)
                })
            });
            !revisions.is_empty()
        });
    }

    /// Events, ended deployments and stopped tasks disappear. Services, deployments and the other tasks stay.
    pub fn forget_past(&mut self) {
        for service in self.services.values_mut() {
            service.events.clear();
            service.history.clear();
        }
        self.tasks
            .retain(|_, task| task.status != TaskStatus::Stopped);
    }

    fn reset_service(&mut self, name: &str, now: Timestamp) {
        let Some(service) = self.services.get_mut(name) else {
            return;
        };
        service.events.clear();
        service.history.clear();
        service.is_limit_reported = false;
        service.steady_event_at = None;
        for deployment in service.deployments.iter_mut() {
            deployment.rolls_back = None;
            deployment.rolled_back_by = None;
            deployment.forget_failures();
        }
        let original = service.original.clone();
        let has_failed = service
            .primary()
            .is_some_and(|primary| primary.state == DeploymentState::Failed);
        let update = ServiceUpdate {
            desired_count: Some(original.desired_count),
            definition: Some(original.definition),
            force_new_deployment: has_failed,
            deployment: Some(original.deployment),
            grace_period: Some(original.grace_period),
        };
        self.update_service(name, update, now);
        if let Some(service) = self.services.get_mut(name) {
            let old = service.deployments.iter_mut().skip(1);
            old.for_each(|deployment| deployment.is_discarded = true);
        }
    }
}
