//! Tests of the records about requests that fail, over real sockets.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use test_support::records::RecordedService;

mod client;
mod disconnects;
mod mixed;
mod panics;
mod shutdown;

const BINARY: &str = env!("CARGO_BIN_EXE_faulty-service");

/// A service that records everything.
fn start() -> RecordedService {
    start_with(&[])
}

/// The same, with more variables.
fn start_with(variables: &[(&str, &str)]) -> RecordedService {
    RecordedService::start(BINARY, variables)
}
