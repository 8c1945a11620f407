//! The Like service over real sockets. The monolith's side of the wire is a raw socket here, so that
//! each byte sent to it can be looked at; the real monolith answers in the lab's tests.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use test_support::program::Program;
use test_support::service::Service;

mod chaos;
mod drain;
mod ends;
mod exported_names;
mod health;
mod hook;
mod idle;
mod likes;
mod pipelining;
mod traces;

use hook::Hook;

const BINARY: &str = env!("CARGO_BIN_EXE_like-service");

/// What a Like service needs to start; the address is one where nothing answers.
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
    ("CHAOS_NOT_FOUND_PERCENT", "50"), // more than 100 with the default 64
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
};

test_support::bodies_tests!(crate::PROGRAM);
test_support::losses_tests!(crate::PROGRAM);
test_support::options_tests!(crate::PROGRAM);
test_support::outages_tests!(crate::PROGRAM);
test_support::shell_tests!(crate::PROGRAM);
test_support::telemetry_tests!(crate::PROGRAM);
test_support::variables_tests!(crate::PROGRAM);

/// A Like service without a monolith.
fn start() -> Service {
    start_with(&[])
}

/// The same, with more variables.
fn start_with(more: &[(&str, &str)]) -> Service {
    PROGRAM.start_with(more)
}

/// A Like service before this hook, with more variables.
fn start_before(hook: &Hook, more: &[(&str, &str)]) -> Service {
    let address = hook.address.to_string();
    let mut variables = vec![("MONOLITH_URL", &*address)];
    variables.extend(more);
    Service::start(BINARY, &variables)
}
