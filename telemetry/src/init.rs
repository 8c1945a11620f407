//! Starts logs, traces and metrics.

use std::io::stdout;

use opentelemetry::global;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, TracesExporter};
use crate::error::InitError;
use crate::guard::{FLUSH_TIMEOUT, FlushGuard};
use crate::logs::{LogQueue, create_log_layer};
use crate::metrics::create_meter_provider;
use crate::propagation::MultiFormatPropagator;
use crate::resource::detect_resource;
use crate::service_info::ServiceInfo;
use crate::traces::create_tracer_provider;

/// Starts the telemetry of this process, and installs the global `tracing` subscriber, the global
/// OpenTelemetry providers and the global propagator.
///
/// # Errors
///
/// Returns an error when the process already has a global subscriber, a thread cannot be started, or a
/// library rejects the configuration.
pub fn init(config: &Config, service: ServiceInfo) -> Result<FlushGuard, InitError> {
    let (resource, metadata_warning) = detect_resource(config, service.service_name);
    // Metrics in the embedded metric format bypass the log queue, because a full log queue drops lines.
    // While standard output blocks, the SDK aggregates new measurements for the next export.
    let meter_provider = create_meter_provider(config, &resource, stdout())?;
    if let Some(meter_provider) = &meter_provider {
        // The log queue and the span queue create their metrics with the global meter provider.
        global::set_meter_provider(meter_provider.clone());
    }
    // The subscriber is installed before the export threads start, because each exporter logs an outage only
    // once. An outage that starts before the subscriber is installed would not appear in the log.
    let log_queue = LogQueue::start().map_err(InitError::Thread)?;
    let layer = create_log_layer(config, service, &log_queue);
    tracing_subscriber::registry().with(layer).try_init()?;
    for warning in config.warnings.iter().chain(&metadata_warning) {
        tracing::warn!("{warning}");
    }
    let (tracer_provider, rules_poller) =
        create_tracer_provider(config, &resource).inspect_err(|_| {
            // The process ends with this error, so the warnings above must be written now.
            log_queue.wait_until_written(FLUSH_TIMEOUT);
        })?;
    global::set_tracer_provider(tracer_provider.clone());
    let forwards_incoming_trace = config.traces_exporter == TracesExporter::None;
    let propagator = MultiFormatPropagator::new(&config.propagators, forwards_incoming_trace);
    global::set_text_map_propagator(propagator);
    Ok(FlushGuard {
        tracer_provider,
        meter_provider,
        rules_poller,
        log_queue,
    })
}
