//! The monolith over real sockets, against a real emulator of DynamoDB.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;

use service::Service;

#[path = "../../../http-shell/tests/support/backend.rs"]
mod backend;
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

mod database;
mod drain;
mod exported_names;
mod faults;
mod likes;
mod lists;
mod logs;
mod profiles;
mod throttles;
mod traces;
mod trouble;

use database::Database;

const BINARY: &str = env!("CARGO_BIN_EXE_monolith");

/// What a monolith needs to start; the address is one where nothing answers.
const REQUIRED: &[(&str, &str)] = &[
    ("DDB_TABLE_NAME", "MysfitsTable"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
];

const NO_DEFAULT: &[&str] = &["DDB_TABLE_NAME"];

const BAD_VALUES: &[(&str, &str)] = &[
    ("DDB_TABLE_NAME", ""),
    ("DDB_TIMEOUT_MS", "0"),
    ("DDB_TIMEOUT_MS", "soon"),
    ("LIKE_IN_MONOLITH", "yes"),
];

/// A monolith without a database.
fn start() -> Service {
    start_with(&[])
}

/// The same, with more variables.
fn start_with(more: &[(&str, &str)]) -> Service {
    Service::start(BINARY, &[REQUIRED, more].concat())
}

/// A monolith over the DynamoDB at `address`, with more variables.
fn start_over(address: SocketAddr, more: &[(&str, &str)]) -> Service {
    let url = format!("http://{address}");
    let mut variables = REQUIRED.to_vec();
    variables.push(("AWS_ENDPOINT_URL_DYNAMODB", &url));
    variables.extend(more);
    Service::start(BINARY, &variables)
}

/// A monolith over an emulator of its own.
async fn start_with_database() -> (Service, Database) {
    let database = Database::start().await;
    let service = start_over(database.address, &[]);
    (service, database)
}
