//! The document of a task.

use serde::Serialize;
use serde_json::Number;

use super::Version;
use super::containers::{self, Document as ContainerDocument};
use super::times::rfc3339;
use super::view::{ContainerView, Status, TaskView};

/// The only zone of the local AWS.
const AVAILABILITY_ZONE: &str = "us-east-1a";

/// `TaskResponse`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    cluster: String,
    #[serde(rename = "TaskARN")]
    task_arn: String,
    family: String,
    revision: String,
    desired_status: &'static str,
    known_status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    containers: Vec<ContainerDocument>,
    limits: Limits,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_stopped_at: Option<String>,
    availability_zone: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    launch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_injection_enabled: Option<bool>,
}

/// `LimitsResponse` of a task: vCPU and MiB.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Limits {
    #[serde(rename = "CPU", skip_serializing_if = "Option::is_none")]
    cpu: Option<Number>,
    memory: u32,
}

/// The document of a task.
pub fn document(version: Version, task: &TaskView) -> Document {
    let is_v4 = version == Version::V4;
    Document {
        cluster: task.cluster_arn(),
        task_arn: task.arn(),
        family: task.definition.family.clone(),
        revision: task.definition.revision.to_string(),
        desired_status: task.desired_status().as_str(),
        known_status: task.status().as_str(),
        containers: container_documents(version, task),
        limits: Limits {
            cpu: vcpu(task.definition.cpu),
            memory: task.definition.memory,
        },
        execution_stopped_at: task.execution_stopped_at.map(rfc3339),
        availability_zone: AVAILABILITY_ZONE,
        launch_type: is_v4.then_some("FARGATE"),
        service_name: is_v4.then(|| task.service.clone()),
        fault_injection_enabled: is_v4.then_some(false),
    }
}

/// The containers in the order of the task definition. The agent lists a container that Docker has not yet created only in
/// version 4, at the end. The pause container is listed only in version 2: Fargate's version 4 does not show it.
fn container_documents(version: Version, task: &TaskView) -> Vec<ContainerDocument> {
    let document =
        |(definition, container)| containers::document(version, task, definition, container);
    let created = task.created().map(document);
    match version {
        Version::V2 => std::iter::once(containers::pause(task))
            .chain(created)
            .collect(),
        Version::V4 => {
            let waits = |(_, container): &(_, &ContainerView)| container.status() == Status::Pulled;
            created
                .chain(task.containers().filter(waits).map(document))
                .collect()
        }
    }
}

/// CPU units as vCPU. Go writes a whole number without a decimal point.
fn vcpu(cpu_units: u32) -> Option<Number> {
    if cpu_units.is_multiple_of(1024) {
        Some((cpu_units / 1024).into())
    } else {
        Number::from_f64(f64::from(cpu_units) / 1024.0)
    }
}
