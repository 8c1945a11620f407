//! The shell around an HTTP service: everything that the services have in common and that
//! has nothing to do with mysfits.
//!
//! It answers errors as JSON, adds CORS, bounds bodies and times, gives each request a span, metrics
//! and an access line, serves the two health routes and drains on shutdown. It knows nothing of what
//! the service is for, and decides nothing about where logs and traces go: that is the crate
//! `telemetry`.

pub mod env;
pub mod id;
pub mod process;
pub mod signal;

mod accept;
mod body;
mod config;
mod connection;
mod connection_limit;
mod cors;
mod drain;
mod error;
mod health;
mod intake;
mod methods;
mod observe;
mod probe;
mod server;
mod worker;
mod workers;

pub use accept::Acceptor;
pub use config::Config;
pub use error::{causes, failure_response};
pub use health::{Readiness, ReadinessFuture};
pub use methods::{get, post};
pub use observe::access::TARGET as ACCESS_TARGET;
pub use observe::{RequestEnd, RequestHook, annotate, record_exception, record_failure, tracer};
pub use server::Server;
