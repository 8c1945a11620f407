//! Creates the tracer provider: the sampler, the generator of trace ids, and the exporter of spans.

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, ShouldSample, SpanExporter};

use crate::config::{Config, RootSampler, TracesExporter};
use crate::error::InitError;
use crate::export::{ExportMonitor, MonitoredExporter};
use crate::http::LastFailure;
use crate::otlp::create_span_exporter;
use crate::sampler::{self, Poller, Service, XraySampler};
use crate::span_queue::batch_span_processor;
use crate::xray::XrayExporter;

mod ids;
mod jaeger;
mod parent_based;

use ids::TraceIdGenerator;
use jaeger::create_jaeger_sampler;
use parent_based::ParentBasedSampler;

/// Creates the tracer provider that `config` selects. With the sampler `xray` and the X-Ray daemon, the
/// second value is the thread that polls the sampling rules.
pub(crate) fn create_tracer_provider(
    config: &Config,
    resource: &Resource,
) -> Result<(SdkTracerProvider, Option<Poller>), InitError> {
    let builder = SdkTracerProvider::builder()
        .with_id_generator(TraceIdGenerator::default())
        .with_span_limits(config.span_limits)
        .with_resource(resource.clone());
    if config.traces_exporter == TracesExporter::None {
        let sampler = ParentBasedSampler::always_off();
        return Ok((builder.with_sampler(sampler).build(), None));
    }
    let (root, rules_poller) = create_root_sampler(config, resource)?;
    let follows_remote_parent = config.sampler.follows_remote_parent;
    let builder = builder.with_sampler(ParentBasedSampler::new(follows_remote_parent, root));
    let batches = config.span_batches;
    let builder = match config.traces_exporter {
        TracesExporter::Xray => {
            let exporter = XrayExporter::new(config.xray_daemon.udp.clone());
            builder.with_span_processor(batch_span_processor(exporter, batches))
        }
        TracesExporter::Otlp => {
            let exporter = create_span_exporter(&config.otlp_traces)?;
            builder.with_span_processor(batch_span_processor(exporter, batches))
        }
        TracesExporter::Console | TracesExporter::None => {
            builder.with_span_processor(batch_span_processor(create_console_exporter(), batches))
        }
    };
    Ok((builder.build(), rules_poller))
}

fn create_root_sampler(
    config: &Config,
    resource: &Resource,
) -> Result<(Box<dyn ShouldSample>, Option<Poller>), InitError> {
    let service = Service::from_resource(resource);
    let root: Box<dyn ShouldSample> = match &config.sampler.root {
        RootSampler::AlwaysOn => Box::new(Sampler::AlwaysOn),
        RootSampler::AlwaysOff => Box::new(Sampler::AlwaysOff),
        RootSampler::TraceIdRatio(ratio) => Box::new(Sampler::TraceIdRatioBased(*ratio)),
        RootSampler::JaegerRemote(jaeger) => {
            let sampler = create_jaeger_sampler(jaeger, &service.name);
            Box::new(sampler.map_err(InitError::Sampler)?)
        }
        RootSampler::Xray => {
            let sampler = XraySampler::new(service);
            // The other exporters work without an X-Ray daemon, so there is no source of rules.
            let rules_poller = if config.traces_exporter == TracesExporter::Xray {
                let daemon = config.xray_daemon.tcp.clone();
                let poller = sampler::start_polling(sampler.clone(), daemon);
                Some(poller.map_err(InitError::Thread)?)
            } else {
                None
            };
            return Ok((Box::new(sampler), rules_poller));
        }
    };
    Ok((root, None))
}

fn create_console_exporter() -> impl SpanExporter {
    MonitoredExporter::new(
        opentelemetry_stdout::SpanExporter::default(),
        ExportMonitor::for_spans("opentelemetry_stdout::SpanExporter"),
        LastFailure::default(),
    )
}
