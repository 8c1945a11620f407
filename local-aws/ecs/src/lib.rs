//! A local Amazon ECS: task definitions, services with rolling deployments, tasks and their events, and operations of the
//! API (version 2014-11-13).
//!
//! The crate decides which tasks run. It does not know how a task runs, nor which load balancer sends requests to it: the
//! [`Runtime`] and the [`Targets`] of the program that uses the crate do that.

mod definition;
mod model;
mod runtime;
mod targets;
mod time;

pub use definition::{Container, ContainerHealthCheck, PortMapping, Protocol, TaskDefinition};
pub use runtime::{Binding, BoxFuture, Exit, Launch, Report, Reporter, Runtime, Signal, Started};
pub use targets::{HealthSink, Target, TargetHealth, Targets};
pub use time::{Clock, SystemClock, Timestamp};
