//! Spans: who keeps them, and where they go.

use opentelemetry_aws::detector::EcsResourceDetector;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    OTEL_BSP_MAX_QUEUE_SIZE, OTEL_BSP_MAX_QUEUE_SIZE_DEFAULT, Sampler, SdkTracerProvider,
    ShouldSample,
};

use crate::config::{Config, TracesExporter};
use crate::export::{Outcomes, Watched};
use crate::http::LastFailure;
use crate::init::InitError;
use crate::otlp;
use crate::queue::batches;
use crate::sampler::{self, Poller, Service, XraySampler};
use crate::xray::XrayExporter;

mod ids;
mod jaeger;
mod sampling;

use ids::TraceIds;
pub use sampling::Sampling;
use sampling::{Decider, Root};

/// Where this process runs, as far as the environment and, on ECS, the metadata endpoint tell.
///
/// Asks the endpoint only where ECS has named it, and waits for it at most some seconds.
pub(crate) fn resource(service: &'static str) -> Resource {
    // The SDK's own detectors know the process by the name of its file, if nobody named it.
    let named = std::env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty())
        || std::env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|list| {
            list.split(',')
                .any(|pair| pair.trim().starts_with("service.name="))
        });
    let resource = Resource::builder().with_detector(Box::new(EcsResourceDetector));
    if named {
        resource
    } else {
        resource.with_service_name(service)
    }
    .build()
}

/// The provider that `config` asks for, and what keeps its sampling rules up to date.
pub(crate) fn provider(
    config: &Config,
    resource: &Resource,
) -> Result<(SdkTracerProvider, Option<Poller>), InitError> {
    let builder = SdkTracerProvider::builder()
        .with_id_generator(TraceIds::default())
        .with_resource(resource.clone());
    if config.traces == TracesExporter::None {
        return Ok((builder.with_sampler(Decider::never()).build(), None));
    }
    let mut poller = None;
    let root: Box<dyn ShouldSample> = match config.sampling.root() {
        Root::AlwaysOn => Box::new(Sampler::AlwaysOn),
        Root::AlwaysOff => Box::new(Sampler::AlwaysOff),
        Root::Ratio(share) => Box::new(Sampler::TraceIdRatioBased(*share)),
        Root::JaegerRemote(remote) => {
            let sampler = remote.sampler(&Service::of(resource).name);
            Box::new(sampler.map_err(InitError::Sampler)?)
        }
        Root::Xray => {
            let sampler = XraySampler::new(Service::of(resource));
            // Only with the daemon's protocol is there a daemon to ask for rules.
            if config.traces == TracesExporter::Xray {
                let daemon = config.daemon.tcp.clone();
                let polling = sampler::start_polling(sampler.clone(), daemon);
                poller = Some(polling.map_err(InitError::Thread)?);
            }
            Box::new(sampler)
        }
    };
    let builder = builder.with_sampler(Decider::new(&config.sampling, root));
    let capacity = queue_capacity();
    let builder = match config.traces {
        TracesExporter::Xray => {
            let exporter = XrayExporter::new(config.daemon.udp.clone());
            builder.with_span_processor(batches(exporter, capacity))
        }
        TracesExporter::Otlp => builder.with_span_processor(batches(otlp::spans()?, capacity)),
        TracesExporter::Console | TracesExporter::None => {
            let exporter = Watched::new(
                opentelemetry_stdout::SpanExporter::default(),
                Outcomes::of_spans("opentelemetry_stdout::SpanExporter"),
                LastFailure::default(),
            );
            builder.with_span_processor(batches(exporter, capacity))
        }
    };
    Ok((builder.build(), poller))
}

/// Most spans that wait for the exporter, as the SDK reads it.
fn queue_capacity() -> usize {
    let set = std::env::var(OTEL_BSP_MAX_QUEUE_SIZE).ok();
    let set = set.and_then(|value| value.parse().ok());
    set.unwrap_or(OTEL_BSP_MAX_QUEUE_SIZE_DEFAULT)
}
