//! The beginning of the telemetry.

use std::io::{self, stdout};

use opentelemetry::global;
use opentelemetry_otlp::ExporterBuildError;
use thiserror::Error;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Config, TracesExporter};
use crate::guard::Guard;
use crate::propagation::Propagation;
use crate::{logs, metrics, traces};

/// Lines that may wait for the writer; while it does not keep up, those beyond are dropped.
const WAITING_LINES: usize = 8192;

/// What a service says about itself to its telemetry.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name by which traces and metrics know it, unless `OTEL_SERVICE_NAME` gives another.
    pub service: &'static str,
    /// Prefixes of the targets that `LOGLEVEL` speaks of.
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
    let resource = traces::resource(about.service);
    let (writer, lines) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true)
        .finish(stdout());
    let dropped = writer.error_counter();
    let (traces, rules) = traces::provider(config, &resource)?;
    let metrics = metrics::provider(config.metrics, &resource, writer.clone())?;

    let layer = logs::lines(config, about.log_targets, about.access_target, writer);
    tracing_subscriber::registry().with(layer).try_init()?;
    global::set_tracer_provider(traces.clone());
    if let Some(metrics) = &metrics {
        global::set_meter_provider(metrics.clone());
    }
    let transparent = config.traces == TracesExporter::None;
    let propagation = Propagation::new(&config.propagators, transparent);
    global::set_text_map_propagator(propagation);
    Ok(Guard {
        traces,
        metrics,
        rules,
        lines: Some(lines),
        dropped,
    })
}
