//! What the local X-Ray answers, asked in this process, and over its sockets.

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
mod memory;
mod model;
mod otlp;
mod revisions;
mod sampling;
mod sdk;
mod series;
mod server;
mod summaries;
mod world;
