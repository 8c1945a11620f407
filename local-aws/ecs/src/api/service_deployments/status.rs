//! The status of a service deployment.

use serde::Deserialize;

use super::deployments;
use crate::model::{Deployment, DeploymentState, Service};

/// `status`
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Pending,
    Successful,
    Stopped,
    StopRequested,
    InProgress,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl Status {
    pub fn of(service: &Service, deployment: &Deployment) -> Self {
        let is_primary = |id: &str| service.primary().is_some_and(|primary| primary.id == id);
        match (&deployment.rolled_back_by, deployment.state) {
            (Some(restored), _) => {
                let restored = deployments(service).find(|it| it.id == *restored);
                // A deployment that has been restored again since belongs to the newer rollback.
                let restored = restored.filter(|it| it.rolls_back.as_ref() == Some(&deployment.id));
                match restored.map(|it| it.state) {
                    None | Some(DeploymentState::Completed) => Self::RollbackSuccessful,
                    Some(DeploymentState::InProgress)
                        if restored.is_some_and(|it| is_primary(&it.id)) =>
                    {
                        Self::RollbackInProgress
                    }
                    Some(_) => Self::RollbackFailed,
                }
            }
            // It had completed before it was restored.
            (None, _) if deployment.rolls_back.is_some() => Self::Successful,
            (None, DeploymentState::Completed) => Self::Successful,
            (None, DeploymentState::InProgress) if is_primary(&deployment.id) => Self::InProgress,
            (None, _) => Self::Stopped,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::StopRequested => "STOP_REQUESTED",
            Self::InProgress => "IN_PROGRESS",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::definition::TaskDefinition;
    use crate::ids::Ids;
    use crate::model::{Config, DeploymentConfig, ServiceConfig};
    use crate::state::State;
    use crate::time::Timestamp;

    /// A service with a deployment that is in progress.
    fn service() -> Service {
        let config = Config {
            cluster: "market".to_owned(),
            max_tasks: 20,
            task_start: Duration::ZERO,
        };
        let mut state = State::new(config, Ids::from_seed(1));
        let definition = TaskDefinition {
            family: "shop".to_owned(),
            revision: 1,
            cpu: 256,
            memory: 512,
            containers: Vec::new(),
            document: serde_json::Map::new(),
        };
        let config = ServiceConfig {
            name: "shop".to_owned(),
            definition: Arc::new(definition),
            desired_count: 1,
            deployment: DeploymentConfig {
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                circuit_breaker: true,
                rollback: true,
            },
            grace_period: Duration::ZERO,
            load_balancers: Vec::new(),
        };
        state.create_service(config, Timestamp::default());
        state.services.remove("shop").unwrap()
    }

    /// The deployment `new` was rolled back to `old`, which is in the state `old_state`.
    fn rolled_back(old_state: DeploymentState, is_old_primary: bool) -> (Status, Status) {
        let mut service = service();
        let mut old = service.deployments.remove(0);
        let mut new = old.clone();
        old.id = "old".to_owned();
        old.state = old_state;
        old.rolls_back = Some("new".to_owned());
        new.id = "new".to_owned();
        new.state = DeploymentState::Failed;
        new.rolled_back_by = Some("old".to_owned());
        let mut newest = new.clone();
        newest.id = "newest".to_owned();
        service.history.extend([new.clone()]);
        service.deployments = match is_old_primary {
            true => vec![old.clone()],
            false => vec![newest, old.clone()],
        };
        (Status::of(&service, &old), Status::of(&service, &new))
    }

    #[test]
    fn a_rollback_is_in_progress_until_the_restored_deployment_has_completed() {
        use DeploymentState::{Completed, Failed, InProgress};
        use Status::{RollbackFailed, RollbackInProgress, RollbackSuccessful, Successful};
        for (old, is_primary, status) in [
            (InProgress, true, RollbackInProgress),
            (Completed, true, RollbackSuccessful),
            (Failed, true, RollbackFailed),
            (InProgress, false, RollbackFailed),
        ] {
            // The restored deployment had completed before.
            let expected = (Successful, status);
            assert_eq!(rolled_back(old, is_primary), expected, "{old:?}");
        }
    }
}
