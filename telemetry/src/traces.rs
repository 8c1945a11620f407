//! Spans: who keeps them, and where they go.

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, ShouldSample};

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

/// The provider that `config` asks for, and what keeps its sampling rules up to date.
pub(crate) fn provider(
    config: &Config,
    resource: &Resource,
) -> Result<(SdkTracerProvider, Option<Poller>), InitError> {
    let builder = SdkTracerProvider::builder()
        .with_id_generator(TraceIds::default())
        .with_span_limits(config.span_limits)
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
            let sampler = remote.sampler(&Service::from_resource(resource).name);
            Box::new(sampler.map_err(InitError::Sampler)?)
        }
        Root::Xray => {
            let sampler = XraySampler::new(Service::from_resource(resource));
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
    let builder = match config.traces {
        TracesExporter::Xray => {
            let exporter = XrayExporter::new(config.daemon.udp.clone());
            builder.with_span_processor(batches(exporter, config.batches))
        }
        TracesExporter::Otlp => {
            let exporter = otlp::spans(&config.otlp_traces)?;
            builder.with_span_processor(batches(exporter, config.batches))
        }
        TracesExporter::Console | TracesExporter::None => {
            let exporter = Watched::new(
                opentelemetry_stdout::SpanExporter::default(),
                Outcomes::of_spans("opentelemetry_stdout::SpanExporter"),
                LastFailure::default(),
            );
            builder.with_span_processor(batches(exporter, config.batches))
        }
    };
    Ok((builder.build(), poller))
}
