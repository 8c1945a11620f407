//! The error of [`init`](crate::init()).
//!
//! An invalid environment variable is not an `InitError`. Deserialising [`Config`](crate::Config) fails
//! with a text that names the variable.

use std::io;

use opentelemetry_otlp::ExporterBuildError;
use thiserror::Error;
use tracing_subscriber::util::TryInitError;

/// Why the telemetry could not be started.
#[derive(Debug, Error)]
pub enum InitError {
    /// The process already has a global `tracing` subscriber or `log` logger.
    #[error("logging could not be set up")]
    Subscriber(#[from] TryInitError),
    /// The OTLP exporter rejected its configuration.
    #[error("the variables OTEL_EXPORTER_OTLP_… cannot be used: {0}")]
    Otlp(#[from] ExporterBuildError),
    /// The SDK's `jaeger_remote` sampler rejected its configuration.
    #[error("OTEL_TRACES_SAMPLER_ARG cannot be used: {0}")]
    Sampler(String),
    /// A background thread could not be started.
    #[error("a background thread of the telemetry could not be started")]
    Thread(#[source] io::Error),
}
