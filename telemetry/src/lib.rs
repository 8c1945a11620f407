//! Logs, traces and metrics of a service, and trace propagation in HTTP request headers.
//!
//! The services log with `tracing` and record spans and metrics with OpenTelemetry's API. Environment
//! variables select the exporters. Background threads write the log lines and export the spans and
//! metrics, so a slow backend never delays a request. Log lines and spans that do not fit into a queue
//! are dropped and counted.

#[cfg(test)]
mod captured_log;
mod condition;
mod config;
mod emf;
mod error;
mod error_type;
mod export;
mod guard;
mod http;
mod init;
mod logs;
mod metrics;
mod otlp;
mod propagation;
mod resource;
mod sampler;
mod service_info;
mod span_queue;
mod traces;
mod url;
mod xray;

pub use config::{Config, LogLevel};
pub use error::InitError;
pub use guard::FlushGuard;
pub use init::init;
pub use propagation::XrayTraceId;
pub use service_info::ServiceInfo;
pub use url::is_host;

/// The instrumentation scope of this crate's own metrics.
const INSTRUMENTATION_SCOPE: &str = "telemetry";
