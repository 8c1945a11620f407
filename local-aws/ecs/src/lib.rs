//! A local Amazon ECS: task definitions, services with rolling deployments, tasks and their events, and operations of the
//! API (version 2014-11-13).
//!
//! The crate decides which tasks run. It does not know how a task runs, nor which load balancer sends requests to it: the
//! [`Runtime`] and the [`Targets`] of the program that uses the crate do that.

mod actor;
mod api;
mod apply;
mod container_health;
mod definition;
mod dependencies;
mod ecs;
mod events;
mod ids;
mod limits;
pub mod metadata;
mod model;
mod overview;
mod plan;
mod runtime;
#[cfg(test)]
mod simulation;
mod state;
mod targets;
mod time;

pub use container_health::ContainerHealth;
pub use definition::{
    Condition, Container, ContainerHealthCheck, Dependency, PortMapping, Protocol, RestartPolicy,
    TaskDefinition,
};
pub use dependencies::{Progress, Start};
pub use ecs::Ecs;
pub use model::{
    Config, DeploymentConfig, DeploymentState, Event, ServiceConfig, ServiceLoadBalancer,
    TaskStatus,
};
pub use overview::{
    ContainerOverview, DeploymentOverview, Overview, ServiceOverview, TaskOverview,
};
pub use runtime::{Binding, BoxFuture, Exit, Launch, Report, Reporter, Runtime, Signal, Started};
pub use targets::{HealthSink, Target, TargetHealth, Targets};
pub use time::{Clock, SystemClock, Timestamp};
