//! What the endpoint has to know about a task.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use super::figures::Figures;
use crate::api::names;
use crate::definition::{Container, TaskDefinition};
use crate::runtime::Binding;
use crate::time::Timestamp;

/// The name of the container that holds the network interface of a task. ECS adds it to each task.
pub const PAUSE: &str = "~internal~ecs~pause";

/// A task at one point in time.
#[derive(Clone, Debug)]
pub struct TaskView {
    /// The name of the cluster.
    pub cluster: String,
    /// The id: 32 hexadecimal digits.
    pub id: String,
    /// The name of the service.
    pub service: String,
    /// The task definition.
    pub definition: Arc<TaskDefinition>,
    /// Whether the stop of the task was decided.
    pub is_stopping: bool,
    /// When the task was created.
    pub created_at: Timestamp,
    /// When all containers had ended.
    pub execution_stopped_at: Option<Timestamp>,
    /// The address of the task; `None` before its containers start.
    pub address: Option<IpAddr>,
    /// Where the ports of the containers are.
    pub bindings: Vec<Binding>,
    /// The containers, in the order of the task definition.
    pub containers: Vec<ContainerView>,
}

/// A container at one point in time.
#[derive(Clone, Debug, Default)]
pub struct ContainerView {
    /// The id, which the documents call `DockerId`: 32 hexadecimal digits, a hyphen and ten digits, as on Fargate.
    pub runtime_id: String,
    /// When the container started. `None` if it waits for other containers.
    pub started_at: Option<Timestamp>,
    /// When the container ended.
    pub finished_at: Option<Timestamp>,
    /// How often the container was restarted.
    pub restart_count: u32,
    /// The exit code of an ended container, if it is known.
    pub exit_code: Option<i32>,
    /// The state of the container's health check. `None` if it has none.
    pub health: Option<HealthView>,
    /// What the container used. `None` if this is not known, for example because the container has ended.
    pub figures: Option<Figures>,
}

/// The state of a container's health check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthView {
    /// `None` until the first result.
    pub is_healthy: Option<bool>,
    /// When `is_healthy` changed last.
    pub since: Option<Timestamp>,
}

/// `KnownStatus` of a container, in the order of its life. `PULLED` means that the container waits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Pulled,
    Running,
    Stopped,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pulled => "PULLED",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl TaskView {
    /// The containers with their definitions.
    pub(super) fn containers(&self) -> impl Iterator<Item = (&Container, &ContainerView)> {
        self.definition.containers.iter().zip(&self.containers)
    }

    /// The containers that were started, with their definitions.
    pub(super) fn created(&self) -> impl Iterator<Item = (&Container, &ContainerView)> {
        self.containers()
            .filter(|(_, container)| container.status() != Status::Pulled)
    }

    /// `KnownStatus`: the status that each container has reached. Source: `updateTaskKnownStatus` of the agent.
    pub(super) fn status(&self) -> Status {
        let statuses = self.containers.iter().map(ContainerView::status);
        statuses.min().unwrap_or(Status::Pulled)
    }

    pub(super) fn desired_status(&self) -> Status {
        if self.is_stopping {
            Status::Stopped
        } else {
            Status::Running
        }
    }

    pub(super) fn arn(&self) -> String {
        let resource = format!("task/{}/{}", self.cluster, self.id);
        wire::arn("ecs", wire::REGION, &resource)
    }

    pub(super) fn cluster_arn(&self) -> String {
        wire::arn("ecs", wire::REGION, &format!("cluster/{}", self.cluster))
    }

    /// The id of the pause container. No other container of the task has it: the numbers of the others do not begin with
    /// nine zeros.
    pub(super) fn pause_id(&self) -> String {
        format!("{}-0000000000", self.id)
    }

    pub(super) fn container_arn(&self, runtime_id: &str) -> String {
        let index = self
            .containers
            .iter()
            .position(|it| it.runtime_id == runtime_id);
        names::container_arn(&self.cluster, &self.id, index.unwrap_or_default())
    }

    /// A member of the registered definition of a container.
    pub(super) fn registered(&self, container: &str, member: &str) -> Option<&Value> {
        let containers = self.definition.document.get("containerDefinitions")?;
        let mut containers = containers.as_array()?.iter();
        containers.find(|c| c["name"] == container)?.get(member)
    }
}

impl ContainerView {
    pub(super) fn status(&self) -> Status {
        match (self.started_at, self.finished_at) {
            (_, Some(_)) => Status::Stopped,
            (Some(_), None) => Status::Running,
            (None, None) => Status::Pulled,
        }
    }
}
