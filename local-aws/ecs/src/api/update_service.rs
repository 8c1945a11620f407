//! `UpdateService`: desired count, task definition, deployment configuration, grace period, and deployments without a change.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::INVALID_PARAMETER;
use super::names::{check_cluster, service};
use super::services::describe_service;
use super::task_definitions::find_active;
use crate::definition::{Protocol, TaskDefinition};
use crate::model::{DeploymentConfig, Service, ServiceLoadBalancer, ServiceUpdate};
use crate::state::State;
use crate::time::Timestamp;

/// Largest desired count: the quota "Tasks per service" of AWS.
const MAX_DESIRED_COUNT: i64 = 5000;

/// Largest `healthCheckGracePeriodSeconds`.
const MAX_GRACE_PERIOD: i64 = 2_147_483_647;

/// Largest `maximumPercent`: AWS documents no other limit than that of the type.
const MAX_PERCENT: i64 = 2_147_483_647;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateService {
    cluster: Option<String>,
    service: String,
    desired_count: Option<i64>,
    task_definition: Option<String>,
    #[serde(default)]
    force_new_deployment: bool,
    deployment_configuration: Option<DeploymentConfiguration>,
    health_check_grace_period_seconds: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DeploymentConfiguration {
    maximum_percent: Option<i64>,
    minimum_healthy_percent: Option<i64>,
    deployment_circuit_breaker: Option<CircuitBreaker>,
    #[serde(rename = "strategy")]
    _strategy: Option<Strategy>,
    bake_time_in_minutes: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CircuitBreaker {
    enable: bool,
    rollback: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Strategy {
    Rolling,
}

pub fn update(state: &mut State, now: Timestamp, request: UpdateService) -> Result<Value, Error> {
    check_cluster(state, request.cluster.as_deref())?;
    let service = service(state, &request.service)?;
    let name = service.name.clone();
    let update = parse(state, service, &request)?;
    let new_deployment = state.update_service(&name, update, now);
    let Some(service) = state.services.get(&name) else {
        return Err(Error::bad_request(
            "ServiceNotFoundException",
            "Service not found.",
        ));
    };
    let mut description = describe_service(state, service);
    if new_deployment.is_some() {
        // Its tasks are planned after the response.
        description["deployments"][0]["desiredCount"] = json!(0);
    }
    Ok(json!({ "service": description }))
}

fn parse(
    state: &State,
    service: &Service,
    request: &UpdateService,
) -> Result<ServiceUpdate, Error> {
    let desired_count = request
        .desired_count
        .map(|count| within("desiredCount", count, 0, MAX_DESIRED_COUNT));
    let definition = request.task_definition.as_deref();
    let definition = definition
        .map(|reference| find_active(state, reference))
        .transpose()?;
    if let Some(definition) = &definition {
        for load_balancer in &service.load_balancers {
            check_port(definition, load_balancer)?;
        }
    }
    let seconds = request.health_check_grace_period_seconds;
    if seconds.is_some() && service.load_balancers.is_empty() {
        return Err(refused(
            "Health check grace period is only valid for services configured to use load balancers",
        ));
    }
    let seconds = seconds
        .map(|seconds| {
            within(
                "healthCheckGracePeriodSeconds",
                seconds,
                0,
                MAX_GRACE_PERIOD,
            )
        })
        .transpose()?;
    let configuration = request.deployment_configuration.as_ref();
    Ok(ServiceUpdate {
        desired_count: desired_count.transpose()?,
        definition,
        force_new_deployment: request.force_new_deployment,
        deployment: configuration
            .map(|it| parse_configuration(service.deployment, it))
            .transpose()?,
        grace_period: seconds.map(|seconds| Duration::from_secs(u64::from(seconds))),
    })
}

fn refused(message: impl Into<String>) -> Error {
    Error::bad_request(INVALID_PARAMETER, message)
}

fn within(name: &str, value: i64, min: i64, max: i64) -> Result<u32, Error> {
    let is_within = (min..=max).contains(&value);
    let number = u32::try_from(value).ok().filter(|_| is_within);
    number.ok_or_else(|| {
        refused(format!(
            "{name} must be between {min} and {max}, not {value}."
        ))
    })
}

/// Checks that the container of a load balancer is in the task definition. Otherwise, no task could be registered.
fn check_port(
    definition: &TaskDefinition,
    load_balancer: &ServiceLoadBalancer,
) -> Result<(), Error> {
    let ServiceLoadBalancer {
        container: name,
        container_port: port,
        ..
    } = load_balancer;
    let container = definition.containers.iter().find(|it| it.name == *name);
    let Some(container) = container else {
        let message = format!("The container {name} does not exist in the task definition.");
        return Err(refused(message));
    };
    let mut mappings = container.port_mappings.iter();
    if mappings.any(|it| it.container_port == *port && it.protocol == Protocol::Tcp) {
        return Ok(());
    }
    Err(refused(format!(
        "The container {name} did not have a container port {port} defined."
    )))
}

/// Members that the request does not have stay as they are.
fn parse_configuration(
    present: DeploymentConfig,
    request: &DeploymentConfiguration,
) -> Result<DeploymentConfig, Error> {
    if request
        .bake_time_in_minutes
        .is_some_and(|minutes| minutes != 0)
    {
        return Err(refused(
            "deploymentConfiguration.bakeTimeInMinutes is not implemented for values other than 0.",
        ));
    }
    let mut config = present;
    if let Some(percent) = request.maximum_percent {
        config.maximum_percent = within("maximumPercent", percent, 100, MAX_PERCENT)?;
    }
    if let Some(percent) = request.minimum_healthy_percent {
        config.minimum_healthy_percent = within("minimumHealthyPercent", percent, 0, 100)?;
    }
    if (config.maximum_percent, config.minimum_healthy_percent) == (100, 100) {
        return Err(refused(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ));
    }
    if let Some(breaker) = &request.deployment_circuit_breaker {
        config.circuit_breaker = breaker.enable;
        config.rollback = breaker.rollback;
    }
    Ok(config)
}
