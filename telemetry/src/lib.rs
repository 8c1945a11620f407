//! Logs, spans and metrics of a service, and the headers in which a trace travels.
//!
//! The services write with `tracing` and with OpenTelemetry's API. Environment variables decide where
//! all that goes. Threads of their own write the lines and export the spans and metrics, so that no
//! backend holds up a request. What these threads cannot keep up with is dropped and counted.

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

pub use config::{
    AccessLog, Config, LogFormat, LogLevel, MetricsExporter, TracesExporter, is_host,
};
pub use guard::Guard;
pub use init::{About, InitError, init};
pub use propagation::Propagators;
pub use traces::Sampling;
pub use xray::DaemonAddress;

/// The instrumentation scope of what the telemetry counts about itself.
const SCOPE: &str = "telemetry";
