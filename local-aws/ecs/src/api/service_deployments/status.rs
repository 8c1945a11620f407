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
