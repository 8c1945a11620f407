//! What the shell records of requests that end in every way, over real sockets.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    dead_code,
    reason = "other services' tests use more of the support modules"
)]

#[path = "../../../tests/support/daemon.rs"]
mod daemon;
#[path = "../../../tests/support/records.rs"]
mod records;
#[path = "../../../../telemetry/tests/support/segment_schema.rs"]
mod segment_schema;
#[path = "../../../tests/support/service.rs"]
mod service;

mod client;
mod disconnects;
mod mixed;
mod panics;
mod shutdown;

use records::Recorded;

const BINARY: &str = env!("CARGO_BIN_EXE_faulty-service");

/// A service that records everything.
fn start() -> Recorded {
    start_with(&[])
}

/// The same, with more variables.
fn start_with(variables: &[(&str, &str)]) -> Recorded {
    Recorded::start(BINARY, variables)
}
