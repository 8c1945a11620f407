//! The operations of the API: requests and responses as JSON, with tasks that only pretend to run.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod cluster;

mod clusters;
mod protocol;
mod service_deployments;
mod services;
mod task_definitions;
mod tasks;
