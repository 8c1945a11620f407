//! The Like service over real sockets. The monolith's side of the wire is a raw socket here, so that
//! each byte sent to it can be looked at; the real monolith answers in the lab's tests.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use service::Service;

#[path = "../../../http-shell/tests/support/backend.rs"]
mod backend;
#[path = "../../../http-shell/tests/support/bodies.rs"]
mod bodies;
#[path = "../../../http-shell/tests/support/collector.rs"]
mod collector;
#[path = "../../../http-shell/tests/support/conventions.rs"]
mod conventions;
#[path = "../../../http-shell/tests/support/daemon.rs"]
mod daemon;
#[path = "../../../http-shell/tests/support/losses.rs"]
mod losses;
#[path = "../../../http-shell/tests/support/options.rs"]
mod options;
#[path = "../../../http-shell/tests/support/outages.rs"]
mod outages;
#[path = "../../../http-shell/tests/support/records.rs"]
mod records;
#[path = "../../../telemetry/tests/support/segment_schema.rs"]
mod segment_schema;
#[path = "../../../http-shell/tests/support/service.rs"]
mod service;
#[path = "../../../http-shell/tests/support/shell.rs"]
mod shell;
#[path = "../../../http-shell/tests/support/telemetry.rs"]
mod telemetry;
#[path = "../../../http-shell/tests/support/variables.rs"]
mod variables;

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

const NO_DEFAULT: &[&str] = &["MONOLITH_URL"];

const BAD_VALUES: &[(&str, &str)] = &[
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

/// A Like service without a monolith.
fn start() -> Service {
    start_with(&[])
}

/// The same, with more variables.
fn start_with(more: &[(&str, &str)]) -> Service {
    Service::start(BINARY, &[REQUIRED, more].concat())
}

/// A Like service before this hook, with more variables.
fn start_before(hook: &Hook, more: &[(&str, &str)]) -> Service {
    let address = hook.address.to_string();
    let mut variables = vec![("MONOLITH_URL", &*address)];
    variables.extend(more);
    Service::start(BINARY, &variables)
}
