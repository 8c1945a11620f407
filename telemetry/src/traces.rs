//! Creates the tracer provider with its sampler, its id generator and its span exporter.

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, ShouldSample, SpanExporter};

use crate::config::{Config, RootSampler, TracesExporter};
use crate::error::InitError;
use crate::export::{ExportMonitor, MonitoredExporter};
use crate::http::LastFailure;
use crate::otlp::create_span_exporter;
use crate::sampler::{self, Poller, Service, XraySampler};
use crate::span_queue::create_batch_span_processor;
use crate::xray::XrayExporter;

mod ids;
mod jaeger;
mod parent_based;

use ids::TraceIdGenerator;
use jaeger::create_jaeger_sampler;
use parent_based::ParentBasedSampler;

/// Creates the tracer provider. If `config` selects the sampler `xray` and has an X-Ray daemon, the second
/// returned value is the handle of the thread that polls the sampling rules.
pub(crate) fn create_tracer_provider(
    config: &Config,
    resource: &Resource,
) -> Result<(SdkTracerProvider, Option<Poller>), InitError> {
    let builder = SdkTracerProvider::builder()
        .with_id_generator(TraceIdGenerator::default())
        .with_span_limits(config.span_limits)
        .with_resource(resource.clone());
    let batch_config = config.span_batches;
    let builder = match config.traces_exporter {
        TracesExporter::None => {
            let sampler = ParentBasedSampler::always_off();
            return Ok((builder.with_sampler(sampler).build(), None));
        }
        TracesExporter::Xray => {
            let exporter = XrayExporter::new(config.xray_daemon.udp.clone());
            builder.with_span_processor(create_batch_span_processor(exporter, batch_config))
        }
        TracesExporter::Otlp => {
            let exporter = create_span_exporter(&config.otlp_traces)?;
            builder.with_span_processor(create_batch_span_processor(exporter, batch_config))
        }
        TracesExporter::Console => {
            let exporter = create_console_exporter();
            builder.with_span_processor(create_batch_span_processor(exporter, batch_config))
        }
    };
    let (root_sampler, rules_poller) = create_root_sampler(config, resource)?;
    let sampler = ParentBasedSampler::new(config.sampler.follows_remote_parent, root_sampler);
    Ok((builder.with_sampler(sampler).build(), rules_poller))
}

fn create_root_sampler(
    config: &Config,
    resource: &Resource,
) -> Result<(Box<dyn ShouldSample>, Option<Poller>), InitError> {
    let service = Service::from_resource(resource);
    let root_sampler: Box<dyn ShouldSample> = match &config.sampler.root {
        RootSampler::AlwaysOn => Box::new(Sampler::AlwaysOn),
        RootSampler::AlwaysOff => Box::new(Sampler::AlwaysOff),
        RootSampler::TraceIdRatio(ratio) => Box::new(Sampler::TraceIdRatioBased(*ratio)),
        RootSampler::JaegerRemote(jaeger_config) => {
            let sampler = create_jaeger_sampler(jaeger_config, &service.name);
            Box::new(sampler.map_err(InitError::Sampler)?)
        }
        RootSampler::Xray => {
            let sampler = XraySampler::new(service);
            let rules_poller = if config.has_sampling_rules() {
                let daemon = config.xray_daemon.tcp.clone();
                let poller = sampler::start_polling(sampler.clone(), daemon);
                Some(poller.map_err(InitError::Thread)?)
            } else {
                None
            };
            return Ok((Box::new(sampler), rules_poller));
        }
    };
    Ok((root_sampler, None))
}

fn create_console_exporter() -> impl SpanExporter {
    MonitoredExporter::new(
        opentelemetry_stdout::SpanExporter::default(),
        ExportMonitor::for_spans("opentelemetry_stdout::SpanExporter"),
        LastFailure::default(),
    )
}
