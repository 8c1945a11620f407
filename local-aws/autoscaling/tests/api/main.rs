//! Operations of the API, and actions of alarms, with a simulated ECS and a simulated CloudWatch.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod activities;
mod errors;
mod pages;
mod policies;
mod policy_errors;
mod properties;
mod target_tracking;
mod targets;
mod world;
