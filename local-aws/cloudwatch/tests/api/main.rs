//! Tests of the API over HTTP, in the three protocols.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod alarm_operations;
mod alarms;
mod client;
mod constraints;
mod dashboards;
mod errors;
mod metrics;
mod reading;
mod recorder;
mod requests;
mod sdk;
