//! What a program that runs a cluster watches: services and the tasks that have not stopped.

use crate::model::{DeploymentState, Service, Task, TaskStatus};
use crate::plan::{Health, health, is_steady};
use crate::runtime::Started;
use crate::state::State;
use crate::time::Timestamp;

/// All services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// In the order of their names.
    pub services: Vec<ServiceOverview>,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceOverview {
    /// The name.
    pub name: String,
    /// Number of tasks that should run.
    pub desired: u32,
    /// Number of RUNNING tasks.
    pub running: u32,
    /// Number of tasks that start.
    pub pending: u32,
    /// Whether there is one deployment, which is completed, and as many healthy tasks as are desired.
    pub is_steady: bool,
    /// The PRIMARY deployment.
    pub deployment: Option<DeploymentOverview>,
    /// All tasks that have not stopped, in the order of their ordinals.
    pub tasks: Vec<TaskOverview>,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentOverview {
    /// The id without `ecs-svc/`.
    pub id: String,
    /// The family of its task definition.
    pub family: String,
    /// The revision of its task definition.
    pub revision: u32,
    /// Its progress.
    pub state: DeploymentState,
}

/// A task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskOverview {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The name of its service.
    pub service: String,
    /// See [`Launch::ordinal`](crate::Launch::ordinal).
    pub ordinal: u32,
    /// `lastStatus`
    pub status: TaskStatus,
    /// Whether it runs, and all its checks have passed.
    pub is_healthy: bool,
    /// Whether its containers have ended.
    pub has_ended: bool,
    /// When the scheduler decided to start it.
    pub created_at: Timestamp,
    /// Where it is. `None` before its start.
    pub started: Option<Started>,
    /// In the order of the task definition.
    pub containers: Vec<ContainerOverview>,
    /// The family of its task definition.
    pub family: String,
    /// The revision of its task definition.
    pub revision: u32,
}

/// A container of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerOverview {
    /// The name in the task definition.
    pub name: String,
    /// See [`Launch::runtime_ids`](crate::Launch::runtime_ids).
    pub runtime_id: String,
}

impl Overview {
    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&ServiceOverview> {
        self.services.iter().find(|service| service.name == name)
    }

    pub(crate) fn new(state: &State, now: Timestamp) -> Self {
        let services = state.services.values();
        Self {
            services: services
                .map(|service| ServiceOverview::new(state, service, now))
                .collect(),
        }
    }
}

impl ServiceOverview {
    fn new(state: &State, service: &Service, now: Timestamp) -> Self {
        let tasks = state.tasks_of(&service.name);
        let tasks = tasks.filter(|task| task.status != TaskStatus::Stopped);
        let mut tasks: Vec<_> = tasks
            .map(|task| TaskOverview::new(task, service, now))
            .collect();
        tasks.sort_by_key(|task| task.ordinal);
        let count = |f: fn(TaskStatus) -> bool| {
            let count = tasks.iter().filter(|task| f(task.status)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        Self {
            name: service.name.clone(),
            desired: service.desired_count,
            running: count(|status| status == TaskStatus::Running),
            pending: count(|status| status < TaskStatus::Running),
            is_steady: is_steady(state, service, now),
            deployment: service.primary().map(|primary| DeploymentOverview {
                id: primary.id.clone(),
                family: primary.definition.family.clone(),
                revision: primary.definition.revision,
                state: primary.state,
            }),
            tasks,
        }
    }
}

impl TaskOverview {
    fn new(task: &Task, service: &Service, now: Timestamp) -> Self {
        let containers = task.definition.containers.iter().zip(&task.containers);
        Self {
            id: task.id.clone(),
            service: task.service.clone(),
            ordinal: task.ordinal,
            status: task.status,
            is_healthy: health(task, service, now) == Health::Healthy,
            has_ended: task.has_ended(),
            created_at: task.created_at,
            started: task.started.clone(),
            containers: containers
                .map(|(definition, container)| ContainerOverview {
                    name: definition.name.clone(),
                    runtime_id: container.runtime_id.clone(),
                })
                .collect(),
            family: task.definition.family.clone(),
            revision: task.definition.revision,
        }
    }
}
