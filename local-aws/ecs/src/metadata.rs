//! The task metadata endpoint: documents about a task and its containers, and statistics of the containers, in the
//! versions 2 and 4.
//!
//! [`router`] answers requests. It asks its caller for a [`TaskView`], and the documents are pure functions of that view.
//! The [`Sampler`] reads the figures of the operating system that the statistics show; nothing else in this module does.
//!
//! The endpoint has no credentials, no associations and no task protection: these paths are answered with 404.
//!
//! Source of the documents: the structs that the Amazon ECS agent serialises (`aws/amazon-ecs-agent`, commit 8dfceca6:
//! `ecs-agent/tmds/handlers/v2/response.go`, `ecs-agent/tmds/handlers/v4/state/response.go` and Docker's
//! `api/types/stats.go`). Where tasks on Fargate differ from tasks on EC2, the documents follow the Fargate examples of the
//! ECS developer guide. A member is left out if this program does not know its value, and if the agent may leave it out too.

mod containers;
mod figures;
mod routes;
mod sampler;
mod statistics;
mod tasks;
mod times;
mod view;

pub use figures::{Figures, InterfaceCounters, Reading};
pub use routes::{Found, router};
pub use sampler::Sampler;
pub use view::{ContainerView, HealthView, TaskView};

/// A version of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V2,
    V4,
}
