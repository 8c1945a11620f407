//! What the tests of the crates share. A dev-dependency only; it depends on no crate of this workspace.
//!
//! - [`program`] and [`service`] start a service's binary; [`answer`] reads what it answers.
//! - [`daemon`], [`collector`] and [`backend`] stand in for the receivers of telemetry.
//! - [`records`] collects what a service recorded of its requests.
//! - [`segment_schema`] and [`conventions`] check exported documents, spans and metrics.
//! - [`suites`] holds tests that run against each service.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub mod answer;
pub mod backend;
pub mod collector;
pub mod conventions;
pub mod daemon;
pub mod program;
pub mod records;
pub mod segment_schema;
pub mod service;
pub mod suites;
