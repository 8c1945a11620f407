//! The error type of [`init`](crate::init()).
//!
//! [`InitError`] does not cover invalid environment variables. For an invalid variable, deserialising
//! [`Config`](crate::Config) fails with an error message that names the variable.

use std::io;

use opentelemetry_otlp::ExporterBuildError;
use thiserror::Error;
use tracing_subscriber::util::TryInitError;

/// The reason why the telemetry could not be started.
#[derive(Debug, Error)]
pub enum InitError {
    /// The process already has a global `tracing` subscriber or `log` logger.
    #[error("logging could not be set up")]
    Subscriber(#[from] TryInitError),
    /// The OTLP exporter rejected its configuration.
    #[error("the OTLP exporter rejected the variables OTEL_EXPORTER_OTLP_…: {0}")]
    Otlp(#[from] ExporterBuildError),
    /// The SDK's `jaeger_remote` sampler rejected its configuration.
    #[error("the sampler jaeger_remote rejected OTEL_TRACES_SAMPLER_ARG: {0}")]
    Sampler(String),
    /// A background thread could not be started.
    #[error("a background thread of the telemetry could not be started")]
    Thread(#[source] io::Error),
}
