//! The beginning of the telemetry.

use std::io::{self, stdout};

use opentelemetry::global;
use opentelemetry_otlp::ExporterBuildError;
use thiserror::Error;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Config, TracesExporter};
use crate::guard::Guard;
use crate::logs::Lines;
use crate::propagation::Propagation;
use crate::resource::resource;
use crate::{logs, metrics, traces};

/// What a service says about itself to its telemetry.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name by which traces and metrics know it, unless `OTEL_SERVICE_NAME` gives another.
    pub service: &'static str,
    /// Prefixes of the targets that `LOGLEVEL` applies to.
    pub log_targets: &'static [&'static str],
    /// The target of access lines.
    pub access_target: &'static str,
}

/// Telemetry that could not be set up.
#[derive(Debug, Error)]
pub enum InitError {
    /// The process has a subscriber already.
    #[error("the logs could not be set up")]
    Subscriber(#[from] TryInitError),
    /// A variable of the OTLP exporter makes no sense.
    #[error("the variables OTEL_EXPORTER_OTLP_… cannot be used: {0}")]
    Otlp(#[from] ExporterBuildError),
    /// The sampler cannot be used as it is configured.
    #[error("OTEL_TRACES_SAMPLER_ARG cannot be used: {0}")]
    Sampler(String),
    /// A thread could not be started.
    #[error("a thread of the telemetry could not be started")]
    Thread(#[source] io::Error),
}

/// Starts logs, traces and metrics of this process, as `config` wants them.
///
/// # Errors
///
/// When the OTLP exporter is asked for with variables that it cannot use, or this was called before.
pub fn init(config: &Config, about: About) -> Result<Guard, InitError> {
    let (resource, metadata_warning) = resource(config, about.service);
    // Embedded metrics go past the queue of log lines. They are written by a thread that may wait,
    // and while it waits the instruments add up what the next line will say: none is dropped.
    let metrics = metrics::provider(config, &resource, stdout())?;
    if let Some(metrics) = &metrics {
        // First, for the queues of lines and spans make instruments.
        global::set_meter_provider(metrics.clone());
    }
    // Before the threads of traces, which log their first failure and none after it.
    let lines = Lines::start();
    let layer = logs::lines(config, about.log_targets, about.access_target, &lines);
    tracing_subscriber::registry().with(layer).try_init()?;
    for warning in config.warnings.iter().chain(&metadata_warning) {
        tracing::warn!("{warning}");
    }
    let (traces, rules) = traces::provider(config, &resource)?;
    global::set_tracer_provider(traces.clone());
    let transparent = config.traces == TracesExporter::None;
    let propagation = Propagation::new(&config.propagators, transparent);
    global::set_text_map_propagator(propagation);
    Ok(Guard {
        traces,
        metrics,
        rules,
        lines: Some(lines),
    })
}
