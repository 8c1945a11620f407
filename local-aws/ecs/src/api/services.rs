//! Services: describe, list.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::names::{check_cluster, check_list, find_service, missing};
use super::pages::{Order, Page, page};
use super::task_definitions::Include;
use crate::model::{
    Deployment, DeploymentConfig, DeploymentState, Service, ServiceLoadBalancer, TaskStatus,
};
use crate::state::State;

/// Maximum number of services that a request describes.
const MAX_SERVICES: usize = 10;

/// The kind of service deployments in ARNs.
pub const DEPLOYMENT_KIND: &str = "service-deployment";

/// The kind of service revisions in ARNs.
pub const REVISION_KIND: &str = "service-revision";

/// The platform version of tasks.
pub const PLATFORM_VERSION: &str = "1.4.0";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeServices {
    cluster: Option<String>,
    services: Vec<String>,
    #[serde(default)]
    include: Vec<Include>,
}

pub fn describe(state: &State, request: DescribeServices) -> Result<Value, Error> {
    check_cluster(state, request.cluster.as_deref())?;
    check_list("Services", &request.services, MAX_SERVICES)?;
    let mut services = Vec::new();
    let mut failures = Vec::new();
    for name in &request.services {
        let Some(service) = find_service(state, name) else {
            failures.push(missing(state, "service", name));
            continue;
        };
        let mut description = describe_service(state, service);
        if !request.include.is_empty() {
            description["tags"] = json!([]);
        }
        services.push(description);
    }
    Ok(json!({ "services": services, "failures": failures }))
}

/// The member `service` of responses.
pub fn describe_service(state: &State, service: &Service) -> Value {
    let (running, pending) = counts(state, service, |_| true);
    let events = service.events.iter().map(|event| {
        json!({
            "id": event.id,
            "createdAt": event.created_at.as_secs_f64(),
            "message": event.message,
        })
    });
    let deployments = service.deployments.iter().enumerate();
    let deployments = deployments.map(|(index, it)| {
        let status = if index == 0 { "PRIMARY" } else { "ACTIVE" };
        describe_deployment(state, service, it, status)
    });
    let revisions = service
        .deployments
        .iter()
        .map(|it| describe_revision(state, service, it));
    let primary = service.primary();
    json!({
        "serviceArn": state.arn("service", &service.name),
        "serviceName": service.name,
        "clusterArn": state.cluster_arn(),
        "loadBalancers": describe_load_balancers(&service.load_balancers),
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": service.desired_count,
        "runningCount": running,
        "pendingCount": pending,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "taskDefinition": primary.map(|it| it.definition.arn()),
        "deploymentConfiguration": describe_configuration(service.deployment),
        "deployments": Vec::from_iter(deployments),
        "events": Vec::from_iter(events),
        "createdAt": service.created_at.as_secs_f64(),
        "currentServiceDeployment": current_service_deployment(state, service),
        "currentServiceRevisions": Vec::from_iter(revisions),
        "placementConstraints": [],
        "placementStrategy": [],
        "healthCheckGracePeriodSeconds": service.grace_period.as_secs(),
        "schedulingStrategy": "REPLICA",
        "deploymentController": { "type": "ECS" },
        "enableECSManagedTags": false,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
    })
}

/// The numbers of running and pending tasks of a service, of the deployments that `is_counted` selects by their ids.
fn counts(state: &State, service: &Service, is_counted: impl Fn(&str) -> bool) -> (u32, u32) {
    let (mut running, mut pending) = (0, 0);
    for task in state.tasks_of(&service.name) {
        if is_counted(&task.deployment) {
            running += u32::from(task.status.is_running());
            pending += u32::from(task.status.is_pending());
        }
    }
    (running, pending)
}

pub fn describe_load_balancers(load_balancers: &[ServiceLoadBalancer]) -> Value {
    let load_balancers = load_balancers.iter().map(|it| {
        json!({
            "targetGroupArn": it.target_group_arn,
            "containerName": it.container,
            "containerPort": it.container_port,
        })
    });
    load_balancers.collect()
}

pub fn describe_configuration(config: DeploymentConfig) -> Value {
    json!({
        "deploymentCircuitBreaker": {
            "enable": config.circuit_breaker,
            "rollback": config.rollback,
        },
        "maximumPercent": config.maximum_percent,
        "minimumHealthyPercent": config.minimum_healthy_percent,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    })
}

fn describe_deployment(
    state: &State,
    service: &Service,
    deployment: &Deployment,
    status: &str,
) -> Value {
    let (running, pending) = counts(state, service, |id| id == deployment.id);
    let rollout_state = match deployment.state {
        DeploymentState::InProgress => "IN_PROGRESS",
        DeploymentState::Completed => "COMPLETED",
        DeploymentState::Failed => "FAILED",
    };
    json!({
        "id": format!("ecs-svc/{}", deployment.id),
        "status": status,
        "taskDefinition": deployment.definition.arn(),
        "desiredCount": state.deployment_desired_count(service, deployment),
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created_at.as_secs_f64(),
        "updatedAt": deployment.updated_at.as_secs_f64(),
        "launchType": "FARGATE",
        "platformVersion": PLATFORM_VERSION,
        "platformFamily": "Linux",
        "rolloutState": rollout_state,
        "rolloutStateReason": deployment.reason,
    })
}

/// The service revision of a deployment, and its numbers of tasks.
pub fn describe_revision(state: &State, service: &Service, deployment: &Deployment) -> Value {
    let (running, pending) = counts(state, service, |id| id == deployment.id);
    json!({
        "arn": revision_arn(state, service, &deployment.id),
        "requestedTaskCount": state.deployment_desired_count(service, deployment),
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    })
}

/// The ARN of a deployment's service revision. Its id is that of the deployment.
pub fn revision_arn(state: &State, service: &Service, deployment_id: &str) -> String {
    state.arn(REVISION_KIND, &format!("{}/{deployment_id}", service.name))
}

/// The ARN of a service deployment. Its id is that of the deployment.
pub fn deployment_arn(state: &State, service: &Service, deployment_id: &str) -> String {
    state.arn(
        DEPLOYMENT_KIND,
        &format!("{}/{deployment_id}", service.name),
    )
}

/// The ARN of the service deployment to which the PRIMARY deployment belongs.
fn current_service_deployment(state: &State, service: &Service) -> Option<String> {
    let primary = service.primary()?;
    let id = primary.rolls_back.as_ref().unwrap_or(&primary.id);
    Some(deployment_arn(state, service, id))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListServices {
    cluster: Option<String>,
    #[serde(default, rename = "launchType")]
    _launch_type: Option<LaunchType>,
    #[serde(default, rename = "schedulingStrategy")]
    _scheduling_strategy: Option<SchedulingStrategy>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// The only launch type.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LaunchType {
    Fargate,
}

/// The only scheduling strategy.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum SchedulingStrategy {
    Replica,
}

pub fn list(state: &State, request: ListServices) -> Result<Value, Error> {
    check_cluster(state, request.cluster.as_deref())?;
    let services = state.services.keys();
    let items = services.map(|name| (name.clone(), Value::from(state.arn("service", name))));
    page(
        "serviceArns",
        items,
        (),
        Page {
            next_token: request.next_token.as_deref(),
            max_results: request.max_results,
            default_size: 10,
            order: Order::Ascending,
        },
    )
}

impl TaskStatus {
    /// Whether `runningCount` counts the task.
    pub fn is_running(self) -> bool {
        self == Self::Running
    }

    /// Whether `pendingCount` counts the task.
    pub fn is_pending(self) -> bool {
        self < Self::Running
    }
}
