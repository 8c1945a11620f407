//! The HTTP server that all services share.
//!
//! This crate accepts connections, limits the size and the duration of requests, formats errors as JSON,
//! and adds CORS headers. The server records a span, metrics and an access line for each request. The
//! server also handles the two health check routes. On shutdown, the server waits a limited time for the
//! requests in progress. The feature `upstream` adds helpers for clients of other services.
//!
//! The crate `telemetry` configures the destinations of logs, spans and metrics.

pub mod env;
pub mod id;
pub mod process;
pub mod signal;
#[cfg(feature = "upstream")]
pub mod upstream;

mod accept;
mod app;
mod body;
mod config;
mod connection;
mod cors;
mod drain;
mod error;
mod health;
mod json;
mod methods;
mod middleware;
mod moment;
mod observe;
mod open_connections;
mod open_files;
mod probe;
mod request_reader;
mod server;
mod trace;
mod worker;
mod workers;

pub use config::Config;
pub use error::{failure_response, format_causes, format_error};
pub use health::Readiness;
pub use json::json_response;
pub use methods::{get, post};
pub use observe::access::TARGET as ACCESS_TARGET;
pub use observe::{RequestEnd, RequestHook};
pub use open_files::raise_open_file_limit;
pub use server::Server;
pub use trace::{annotate, context_with_span, record_error, record_exception, tracer};
