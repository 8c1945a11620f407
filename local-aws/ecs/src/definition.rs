//! Task definitions: what the scheduler and the runtime read of them. The API shows a task definition as it was registered.

mod parse;
mod request;
mod size;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A revision of a task definition.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDefinition {
    /// The name of all revisions.
    pub family: String,
    /// The number of this revision, from 1.
    pub revision: u32,
    /// CPU units of the task; 1,024 units are one vCPU.
    pub cpu: u32,
    /// Memory limit of the task in MiB.
    pub memory: u32,
    /// At least one container.
    pub containers: Vec<Container>,
    /// The members of the registered task definition, under the names of the API, with the defaults that ECS adds. The ARN,
    /// the revision, the status and the times of registration and deregistration are not in it.
    pub document: Map<String, Value>,
}

/// A container of a task definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// The name, unique in the task definition.
    pub name: String,
    /// The image. What it may be is the runtime's decision.
    pub image: String,
    /// Whether the task stops when this container ends.
    pub essential: bool,
    /// Hard memory limit of the container in MiB.
    pub memory: Option<u32>,
    /// Names and values of environment variables.
    pub environment: Vec<(String, String)>,
    /// The ports on which the container listens.
    pub port_mappings: Vec<PortMapping>,
    /// The health check of the container.
    pub health_check: Option<ContainerHealthCheck>,
    /// The containers that must reach a condition before this one starts.
    pub depends_on: Vec<Dependency>,
    /// Maximum time from the start of this container until it reaches the condition that others wait for.
    pub start_timeout: Option<Duration>,
    /// Whether the container is restarted when it ends.
    pub restart_policy: Option<RestartPolicy>,
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
}

/// An element of `dependsOn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The index of the other container in the task definition.
    pub container: usize,
    /// What the other container must reach.
    pub condition: Condition,
}

/// What a container must reach before another one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Condition {
    /// It has started.
    Start,
    /// It has ended.
    Complete,
    /// It has ended with the exit code 0.
    Success,
    /// It has passed its health check.
    Healthy,
}

/// An enabled `restartPolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// A container that ran for a shorter time is not restarted.
    pub attempt_period: Duration,
    /// A container that ended with one of these exit codes is not restarted.
    pub ignored_exit_codes: Vec<i32>,
}

impl RestartPolicy {
    /// Decides whether a container is restarted that has run for `running_for`.
    ///
    /// Source: API reference, `ContainerRestartPolicy`.
    pub fn restarts(&self, exit_code: Option<i32>, running_for: Duration) -> bool {
        let is_ignored = exit_code.is_some_and(|code| self.ignored_exit_codes.contains(&code));
        running_for >= self.attempt_period && !is_ignored
    }
}

/// A port on which a container listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// The port in the container.
    pub container_port: u16,
    /// The protocol of the port.
    pub protocol: Protocol,
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The health check of a container, with the limits and defaults of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerHealthCheck {
    /// `CMD` or `CMD-SHELL`, and the command.
    pub command: Vec<String>,
    /// Time between two checks.
    pub interval: Duration,
    /// A check that takes longer has failed.
    pub timeout: Duration,
    /// The container is unhealthy after this number of failed checks in a row.
    pub retries: u32,
    /// Failed checks do not count for this time after the start.
    pub start_period: Duration,
}

impl TaskDefinition {
    /// The ARN.
    pub fn arn(&self) -> String {
        let resource = format!("task-definition/{}:{}", self.family, self.revision);
        wire::arn("ecs", wire::REGION, &resource)
    }
}
