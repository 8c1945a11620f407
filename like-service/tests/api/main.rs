//! Runs the Like service's binary. A stub on a raw socket stands in for the monolith, so that tests can
//! check each byte of a request. The lab's tests use the real monolith.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use http_shell::env::Environment;
use test_support::program::Program;
use test_support::service::Service;

mod chaos;
mod drain;
mod health;
mod likes;
mod monolith_outages;
mod monolith_stub;
mod pipelining;
mod recorded_likes;
mod sampling;
mod semantic_conventions;
mod traces;

use monolith_stub::MonolithStub;

const BINARY: &str = env!("CARGO_BIN_EXE_like-service");

/// The environment variables of the Like service that have no default. No process listens on port 9.
const REQUIRED: &[(&str, &str)] = &[("MONOLITH_URL", "127.0.0.1:9")];

const REJECTED_VALUES: &[(&str, &str)] = &[
    ("MONOLITH_URL", ""),
    ("MONOLITH_URL", "https://monolith"),
    ("MONOLITH_URL", "monolith/path"),
    ("MONOLITH_TIMEOUT_MS", "0"),
    ("MONOLITH_TIMEOUT_MS", "2s"),
    ("CHAOS_SEED", "-1"),
    ("CHAOS_STRESS_PERCENT", "101"),
    ("CHAOS_NOT_FOUND_PERCENT", "some"),
    ("CHAOS_NOT_FOUND_PERCENT", "50"), // together with the default 64, more than 100
    ("CHAOS_STRESS_CPU_MS", "500"),
    ("CHAOS_STRESS_CPU_MS", "2-1"),
    ("CHAOS_MAX_CONCURRENT", "0"),
    ("CHAOS_REVEAL", "no"),
];

const PROGRAM: Program = Program {
    binary: BINARY,
    required: REQUIRED,
    without_default: &["MONOLITH_URL"],
    rejected_values: REJECTED_VALUES,
    read_config,
};

/// Reads the configuration from `variables` without starting the program.
fn read_config(variables: &[(&str, &str)]) -> Result<(), String> {
    let to_owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let env: Environment = variables.iter().map(to_owned).collect();
    let config = like_service::Config::read(&env);
    config.map(drop).map_err(|error| error.to_string())
}

test_support::bodies_tests!(crate::PROGRAM);
test_support::endless_bodies_tests!(crate::PROGRAM);
test_support::hostile_tests!(crate::PROGRAM);
test_support::losses_tests!(crate::PROGRAM);
test_support::options_tests!(crate::PROGRAM);
test_support::outages_tests!(crate::PROGRAM);
test_support::shell_tests!(crate::PROGRAM);
test_support::telemetry_tests!(crate::PROGRAM);
test_support::variables_tests!(crate::PROGRAM);

/// Starts a Like service whose monolith is unreachable.
fn start() -> Service {
    start_with(&[])
}

/// Starts a Like service whose monolith is unreachable, with additional variables.
fn start_with(more: &[(&str, &str)]) -> Service {
    PROGRAM.start_with(more)
}

/// Starts a Like service that calls `monolith`, with additional variables.
fn start_with_monolith(monolith: &MonolithStub, more: &[(&str, &str)]) -> Service {
    let address = monolith.address.to_string();
    let mut variables = vec![("MONOLITH_URL", &*address)];
    variables.extend(more);
    Service::start(BINARY, &variables)
}
