//! What a service tells about itself: logs, spans and metrics, and how a trace travels.
//!
//! The services write with `tracing` and with OpenTelemetry's API; where all that goes is decided
//! here, by environment variables. Nothing that a backend does or does not do holds a request: lines,
//! spans and metrics are handed to threads of their own, and are dropped when those do not keep up.

#[cfg(test)]
mod captured;
mod config;
mod emf;
mod episode;
mod export;
mod guard;
mod http;
mod init;
mod logs;
mod metrics;
mod otlp;
mod propagation;
mod queue;
mod resource;
mod sampler;
mod traces;
mod xray;

pub use config::{AccessLog, Config, LogFormat, LogLevel, MetricsExporter, TracesExporter};
pub use guard::Guard;
pub use init::{About, InitError, init};
pub use propagation::Propagators;
pub use traces::Sampling;
pub use xray::DaemonAddress;

/// The instrumentation scope of what the telemetry counts about itself.
const SCOPE: &str = "telemetry";
