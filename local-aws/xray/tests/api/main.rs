//! Tests of the local X-Ray's API. Most tests call operations in the process of the test. Some tests start
//! the program `xray` and use the sockets of the program.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod annotations;
mod batch;
mod costs;
mod documents;
mod filters;
mod graph;
mod groups;
mod guard;
mod hostile;
mod local_xray;
mod memory;
mod model;
mod otlp;
mod reset;
mod revisions;
mod sampling;
mod sdk;
mod series;
mod server;
mod summaries;
