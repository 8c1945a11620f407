//! Helpers for the tests of several crates. This crate is only a dev-dependency, and depends on no other
//! crate of this workspace.
//!
//! - [`program`] and [`service`] start a service's binary; [`answer`] parses its answers.
//! - [`daemon`], [`collector`] and [`backend`] stand in for the receivers of telemetry.
//! - [`attack`] contains hostile clients.
//! - [`delays`] compares the response times of an attacked program with those of a control.
//! - [`memory`] reads how much memory a process has used.
//! - [`records`] collects the segments, access lines and metrics of a service's requests.
//! - [`segment_schema`] and [`conventions`] check exported documents, spans and metrics.
//! - [`suites`] contains tests that every service must pass.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub mod answer;
pub mod attack;
pub mod backend;
pub mod collector;
pub mod conventions;
pub mod daemon;
pub mod delays;
pub mod memory;
pub mod program;
pub mod records;
pub mod segment_schema;
pub mod service;
pub mod suites;
