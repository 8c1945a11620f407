//! What the cluster consists of: services, their deployments and events, and tasks. [`State`](crate::state::State) holds them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::definition::TaskDefinition;
use crate::runtime::{Exit, Started};
use crate::targets::TargetHealth;
use crate::time::Timestamp;

/// Settings of the scheduler.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of the cluster.
    pub cluster: String,
    /// Most tasks of one service whose containers run or start at the same time; tasks that stop count, too. A larger desired count stays, and an event of the service names the limit.
    pub max_tasks: u32,
    /// How long a new task stays PENDING before its containers start.
    pub task_start: Duration,
}

/// A registered revision.
#[derive(Clone, Debug)]
pub struct Registered {
    pub definition: Arc<TaskDefinition>,
    pub registered_at: Timestamp,
    /// Set for an INACTIVE revision.
    pub deregistered_at: Option<Timestamp>,
}

/// What a service is created with.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// The name, unique in the cluster.
    pub name: String,
    /// The task definition of the first deployment.
    pub definition: Arc<TaskDefinition>,
    /// Number of tasks.
    pub desired_count: u32,
    /// How deployments replace tasks.
    pub deployment: DeploymentConfig,
    /// Unhealthy results do not count for this time after a task has started.
    pub grace_period: Duration,
    /// The target groups in which the tasks are registered.
    pub load_balancers: Vec<ServiceLoadBalancer>,
}

/// A target group of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLoadBalancer {
    /// The ARN of the target group.
    pub target_group_arn: String,
    /// The container that receives the requests.
    pub container: String,
    /// The container's port.
    pub container_port: u16,
}

/// `deploymentConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentConfig {
    /// Healthy tasks that a deployment keeps, in percent of the desired count, rounded up.
    pub minimum_healthy_percent: u32,
    /// Running and pending tasks that a deployment does not exceed, in percent of the desired count, rounded down.
    pub maximum_percent: u32,
    /// Whether a deployment whose tasks fail becomes FAILED.
    pub circuit_breaker: bool,
    /// Whether a failed deployment is rolled back to the last completed one.
    pub rollback: bool,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    /// What it was created with: the state after a reset.
    pub original: ServiceConfig,
    pub created_at: Timestamp,
    pub desired_count: u32,
    pub deployment: DeploymentConfig,
    pub grace_period: Duration,
    pub load_balancers: Vec<ServiceLoadBalancer>,
    /// Newest first. The first is PRIMARY, the others are ACTIVE: their tasks are replaced.
    pub deployments: Vec<Deployment>,
    /// Deployments that have ended, and rollbacks, newest first, at most [`MAX_HISTORY`]: for the API of service deployments.
    pub history: VecDeque<Deployment>,
    /// Newest first, at most [`MAX_EVENTS`].
    pub events: VecDeque<Event>,
    /// Whether all its tasks stop and no task starts.
    pub is_draining: bool,
    /// When the last event of a steady state was written; `None` while the service is not steady.
    pub steady_event_at: Option<Timestamp>,
    /// Whether an event has said that the limit of tasks prevents a start. Cleared when the desired count is within the limit.
    pub is_limit_reported: bool,
}

/// Number of events that a service keeps, as on AWS.
pub const MAX_EVENTS: usize = 100;

/// Number of ended deployments that a service keeps.
pub const MAX_HISTORY: usize = 100;

/// An event of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A UUID.
    pub id: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// Begins with `(service <name>) `.
    pub message: String,
}

/// A deployment of a service.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// 19 digits; the API shows `ecs-svc/<id>`.
    pub id: String,
    pub definition: Arc<TaskDefinition>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub state: DeploymentState,
    /// The desired count of the service while this deployment is PRIMARY. A change of the desired count during a deployment
    /// also applies to ACTIVE ones; a change by the update that begins the deployment does not.
    pub desired_count: u32,
    /// Whether it is from before a reset: it is not repaired, no rollback goes back to it, and it is not kept in the history.
    pub is_discarded: bool,
    /// `rolloutStateReason`
    pub reason: String,
    /// Tasks that failed since the last healthy one.
    pub failed_tasks: u32,
    pub finished_at: Option<Timestamp>,
    /// For a completed deployment that became PRIMARY again: the id of the deployment that failed or was stopped.
    pub rolls_back: Option<String>,
    /// For a deployment that was rolled back: the id of the deployment that became PRIMARY again.
    pub rolled_back_by: Option<String>,
    /// Whether a person stopped it with StopServiceDeployment.
    pub was_stopped: bool,
    /// No task starts before this time, because tasks have failed.
    pub paused_until: Option<Timestamp>,
    /// Whether an event has said that tasks do not start. Cleared when a task is healthy.
    pub is_impairment_reported: bool,
    /// Whether an event has said that the limits of healthy tasks prevent each step of the deployment.
    pub is_blockage_reported: bool,
}

/// `rolloutState`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentState {
    /// Tasks are replaced.
    InProgress,
    /// All tasks were replaced.
    Completed,
    /// Too many tasks have failed.
    Failed,
}

/// A task.
#[derive(Clone, Debug)]
pub struct Task {
    /// 32 hexadecimal digits.
    pub id: String,
    pub service: String,
    /// The id of the deployment.
    pub deployment: String,
    pub definition: Arc<TaskDefinition>,
    /// See [`Launch::ordinal`](crate::Launch::ordinal).
    pub ordinal: u32,
    pub status: TaskStatus,
    pub created_at: Timestamp,
    /// When its containers had started.
    pub started_at: Option<Timestamp>,
    /// When its stop was decided.
    pub stopping_at: Option<Timestamp>,
    /// When all its containers had ended.
    pub execution_stopped_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub started: Option<Started>,
    /// In the order of the task definition.
    pub containers: Vec<ContainerState>,
    /// In the order of the service's load balancers; `None` before the registration and after the deregistration.
    pub targets: Vec<Option<TargetHealth>>,
    pub stop: Option<Stop>,
    /// Whether it has been given to the runtime.
    pub is_launched: bool,
    /// Whether it was ever healthy.
    pub was_healthy: bool,
    /// When SIGTERM was sent to its containers: the stop timeout begins.
    pub terminated_at: Option<Timestamp>,
    pub was_killed: bool,
    /// Increases with each change of the task.
    pub version: u64,
}

/// The state of a container.
#[derive(Clone, Debug, Default)]
pub struct ContainerState {
    /// 32 hexadecimal digits, a hyphen and ten digits, as on Fargate.
    pub runtime_id: String,
    /// The result of the container's health check; `None` without one, and before the first result.
    pub is_healthy: Option<bool>,
    pub exit: Option<Exit>,
}

/// `lastStatus` of a task, in the order of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskStatus {
    /// Its start was decided.
    Provisioning,
    /// Its containers start.
    Pending,
    /// Its containers have started.
    Activating,
    /// It is registered in its target groups.
    Running,
    /// It is being deregistered from its target groups.
    Deactivating,
    /// SIGTERM was sent to its containers.
    Stopping,
    /// Its containers have ended.
    Deprovisioning,
    /// It has stopped. Only this entry is left.
    Stopped,
}

/// Why a task stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub code: StopCode,
    pub reason: String,
}

/// `stopCode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCode {
    TaskFailedToStart,
    EssentialContainerExited,
    UserInitiated,
    ServiceSchedulerInitiated,
}

/// A change of a service. `None` leaves a setting as it is.
#[derive(Clone, Debug, Default)]
pub struct ServiceUpdate {
    pub desired_count: Option<u32>,
    pub definition: Option<Arc<TaskDefinition>>,
    pub force_new_deployment: bool,
    pub deployment: Option<DeploymentConfig>,
    pub grace_period: Option<Duration>,
}
