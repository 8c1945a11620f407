//! Tests of the logs, spans and metrics that the faulty service records about failed requests.

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
mod spans;

const BINARY: &str = env!("CARGO_BIN_EXE_faulty-service");

/// Starts the faulty service, and records its logs, spans and metrics.
fn start_service() -> RecordedService {
    start_service_with(&[])
}

/// Starts the faulty service with additional environment variables.
fn start_service_with(variables: &[(&str, &str)]) -> RecordedService {
    RecordedService::start(BINARY, variables)
}
