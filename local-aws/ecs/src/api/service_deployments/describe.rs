//! The description of a service deployment.

use serde_json::{Map, Value, json};

use super::super::services::{
    deployment_arn, describe_configuration, describe_revision, revision_arn,
};
use super::status::Status;
use crate::limits::failure_threshold;
use crate::model::{Deployment, DeploymentState, Service};
use crate::state::State;

/// The members that lists and descriptions have.
pub fn outline(state: &State, service: &Service, deployment: &Deployment) -> Map<String, Value> {
    let status = Status::of(service, deployment);
    let mut outline = Map::from_iter(
        [
            (
                "serviceDeploymentArn",
                json!(deployment_arn(state, service, &deployment.id)),
            ),
            ("serviceArn", json!(state.arn("service", &service.name))),
            ("clusterArn", json!(state.cluster_arn())),
            ("createdAt", json!(deployment.created_at.as_secs_f64())),
            ("startedAt", json!(deployment.created_at.as_secs_f64())),
            ("status", json!(status.name())),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(reason) = status_reason(deployment) {
        outline.insert("statusReason".to_owned(), reason.into());
    }
    let has_ended = !matches!(status, Status::InProgress | Status::RollbackInProgress);
    if let Some(time) = deployment.finished_at.filter(|_| has_ended) {
        outline.insert("finishedAt".to_owned(), time.as_secs_f64().into());
    }
    outline
}

/// Why a deployment failed or was stopped.
fn status_reason(deployment: &Deployment) -> Option<String> {
    if deployment.was_stopped {
        return Some("The service deployment was stopped by a user.".to_owned());
    }
    let has_failed = deployment.state == DeploymentState::Failed;
    has_failed.then(|| deployment.reason.clone())
}

/// The description of a deployment.
pub fn describe_deployment(state: &State, service: &Service, deployment: &Deployment) -> Value {
    let mut description = outline(state, service, deployment);
    let mut insert = |name: &str, value: Value| description.insert(name.to_owned(), value);
    insert("updatedAt", deployment.updated_at.as_secs_f64().into());
    if let Some(time) = deployment.finished_at.filter(|_| deployment.was_stopped) {
        insert("stoppedAt", time.as_secs_f64().into());
    }
    let is_source = |it: &&Deployment| it.id != deployment.id;
    let status = Status::of(service, deployment);
    let sources = match status {
        Status::InProgress | Status::RollbackInProgress => &service.deployments[..],
        _ => &[],
    };
    let sources = sources.iter().filter(is_source);
    let sources = sources.map(|it| describe_revision(state, service, it));
    insert("sourceServiceRevisions", sources.collect());
    insert(
        "targetServiceRevision",
        describe_revision(state, service, deployment),
    );
    let configuration = describe_configuration(service.deployment);
    insert("deploymentConfiguration", configuration);
    insert(
        "deploymentCircuitBreaker",
        describe_circuit_breaker(service, deployment, status),
    );
    if let Some(restored) = &deployment.rolled_back_by {
        let mut rollback = json!({
            "serviceRevisionArn": revision_arn(state, service, restored),
        });
        if let Some(time) = deployment.finished_at {
            rollback["startedAt"] = time.as_secs_f64().into();
        }
        if let Some(reason) = status_reason(deployment) {
            rollback["reason"] = reason.into();
        }
        insert("rollback", rollback);
    }
    description.into()
}

fn describe_circuit_breaker(service: &Service, deployment: &Deployment, status: Status) -> Value {
    let is_triggered = deployment.state == DeploymentState::Failed && !deployment.was_stopped;
    let status = match status {
        _ if !service.deployment.circuit_breaker => "DISABLED",
        _ if is_triggered => "TRIGGERED",
        Status::InProgress => "MONITORING",
        _ => "MONITORING_COMPLETE",
    };
    json!({
        "status": status,
        "failureCount": deployment.failed_tasks,
        "threshold": failure_threshold(service.desired_count),
    })
}
