//! The document of a container.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use super::Version;
use super::times::rfc3339;
use super::view::{ContainerView, PAUSE, Status, TaskView};
use crate::definition::{Container, Protocol};

/// The agent passes smaller shares of the CPU to Docker as this number (`minimumCPUUnit` of `agent/handlers/v2/response.go`).
const MIN_CPU_UNITS: u64 = 2;

/// `ContainerResponse`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    docker_id: String,
    name: String,
    docker_name: String,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<Port>,
    labels: BTreeMap<String, Value>,
    desired_status: &'static str,
    known_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    limits: Limits,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    networks: Vec<Network>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_driver: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_options: Option<BTreeMap<String, Value>>,
    #[serde(rename = "ContainerARN", skip_serializing_if = "Option::is_none")]
    container_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restart_count: Option<u32>,
}

/// `LimitsResponse` of a container: CPU units and MiB.
#[derive(Debug, Serialize)]
struct Limits {
    #[serde(rename = "CPU")]
    cpu: u64,
    #[serde(rename = "Memory", skip_serializing_if = "Option::is_none")]
    memory: Option<u32>,
}

/// `PortResponse`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Port {
    container_port: u16,
    protocol: &'static str,
    host_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_ip: Option<IpAddr>,
}

/// `Network`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    network_mode: &'static str,
    #[serde(rename = "IPv4Addresses")]
    ipv4_addresses: [IpAddr; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment_index: Option<u32>,
}

/// `HealthStatus`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_since: Option<String>,
}

/// The document of one container of the task definition.
pub fn document(
    version: Version,
    task: &TaskView,
    definition: &Container,
    container: &ContainerView,
) -> Document {
    let is_v4 = version == Version::V4;
    let status = container.status();
    let cpu = task.registered(&definition.name, "cpu");
    let cpu = cpu.and_then(Value::as_u64).unwrap_or_default();
    // The agent of version 2 writes 0 for a container without a limit. Fargate's version 4 writes nothing.
    let memory = definition.memory.or((!is_v4).then_some(0));
    let log = task.registered(&definition.name, "logConfiguration");
    let log = log.filter(|_| is_v4);
    Document {
        // Docker gives the id when it creates the container.
        docker_id: match status {
            Status::Pulled => String::new(),
            Status::Running | Status::Stopped => container.runtime_id.clone(),
        },
        image: definition.image.clone(),
        ports: ports(version, task, &definition.name),
        exit_code: container.exit_code,
        limits: Limits {
            cpu: cpu.max(MIN_CPU_UNITS),
            memory,
        },
        created_at: container.started_at.map(rfc3339),
        started_at: container.started_at.map(rfc3339),
        finished_at: container.finished_at.map(rfc3339),
        health: container.health.map(|health| Health {
            // The agent leaves out the status UNKNOWN.
            status: health
                .is_healthy
                .map(|is_healthy| if is_healthy { "HEALTHY" } else { "UNHEALTHY" }),
            status_since: health.since.map(rfc3339),
        }),
        log_driver: log.map(|log| log["logDriver"].clone()),
        log_options: log.map(|log| log_options(log, &definition.name, &task.id)),
        container_arn: is_v4.then(|| task.container_arn(&container.runtime_id)),
        restart_count: definition
            .restart_policy
            .as_ref()
            .filter(|_| is_v4)
            .map(|_| container.restart_count),
        ..base(
            version,
            task,
            &definition.name,
            status.as_str(),
            task.desired_status().as_str(),
        )
    }
}

/// The document of the pause container, with the limits of the example for version 2 in the developer guide.
pub fn pause(task: &TaskView) -> Document {
    let status = match task.status() {
        Status::Stopped => "STOPPED",
        Status::Pulled | Status::Running => "RESOURCES_PROVISIONED",
    };
    let desired_status = if task.is_stopping {
        "STOPPED"
    } else {
        "RESOURCES_PROVISIONED"
    };
    Document {
        docker_id: task.pause_id(),
        image: "amazon/amazon-ecs-pause:0.1.0".to_owned(),
        limits: Limits {
            cpu: 0,
            memory: Some(0),
        },
        created_at: Some(rfc3339(task.created_at)),
        started_at: Some(rfc3339(task.created_at)),
        finished_at: task.execution_stopped_at.map(rfc3339),
        r#type: "CNI_PAUSE",
        ..base(Version::V2, task, PAUSE, status, desired_status)
    }
}

/// The members that all containers have.
fn base(
    version: Version,
    task: &TaskView,
    name: &str,
    known_status: &'static str,
    desired_status: &'static str,
) -> Document {
    let network = |address| Network {
        network_mode: "awsvpc",
        ipv4_addresses: [address],
        attachment_index: (version == Version::V4).then_some(0),
    };
    Document {
        docker_id: String::new(),
        name: name.to_owned(),
        docker_name: name.to_owned(),
        image: String::new(),
        // A program has no image, and so no digest of one.
        image_id: "",
        ports: Vec::new(),
        labels: labels(task, name),
        desired_status,
        known_status,
        exit_code: None,
        limits: Limits {
            cpu: 0,
            memory: None,
        },
        created_at: None,
        started_at: None,
        finished_at: None,
        r#type: "NORMAL",
        networks: task.address.map(network).into_iter().collect(),
        health: None,
        log_driver: None,
        log_options: None,
        container_arn: None,
        restart_count: None,
    }
}

/// The labels of the container's definition, and those of ECS.
fn labels(task: &TaskView, name: &str) -> BTreeMap<String, Value> {
    let definition = &task.definition;
    let of_ecs = [
        ("cluster", task.cluster_arn()),
        ("container-name", name.to_owned()),
        ("task-arn", task.arn()),
        ("task-definition-family", definition.family.clone()),
        ("task-definition-version", definition.revision.to_string()),
    ];
    let of_ecs = of_ecs.map(|(name, value)| (format!("com.amazonaws.ecs.{name}"), value.into()));
    let registered = task.registered(name, "dockerLabels");
    let registered = registered.and_then(Value::as_object).cloned();
    registered.into_iter().flatten().chain(of_ecs).collect()
}

/// A task with its own network interface has no bindings, and the agent lists none. They are listed for tasks that share
/// one address, whose ports differ from those of the task definition.
fn ports(version: Version, task: &TaskView, container: &str) -> Vec<Port> {
    let bindings = task.bindings.iter();
    bindings
        .filter(|binding| binding.container == container)
        .filter(|binding| binding.host_port != binding.container_port)
        .map(|binding| Port {
            container_port: binding.container_port,
            protocol: match binding.protocol {
                Protocol::Tcp => "tcp",
                Protocol::Udp => "udp",
            },
            host_port: binding.host_port,
            host_ip: task.address.filter(|_| version == Version::V4),
        })
        .collect()
}

/// The options of the log driver. `awslogs-stream` replaces `awslogs-stream-prefix`, as in the examples of the developer
/// guide.
fn log_options(log: &Value, container: &str, task_id: &str) -> BTreeMap<String, Value> {
    let options = log["options"].as_object().into_iter().flatten();
    options
        .map(|(name, value)| match (name.as_str(), value.as_str()) {
            ("awslogs-stream-prefix", Some(prefix)) => (
                "awslogs-stream".to_owned(),
                format!("{prefix}/{container}/{task_id}").into(),
            ),
            _ => (name.clone(), value.clone()),
        })
        .collect()
}
