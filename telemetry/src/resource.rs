//! The resource: what is known of this process, and is sent with its spans and metrics.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_aws::detector::EcsResourceDetector;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{ResourceDetector, TelemetryResourceDetector};

use crate::config::{Config, MetricsExporter, TracesExporter};

/// Longest wait for the metadata endpoint of ECS, which is on the same machine. A start without its
/// answer is better than none.
const DETECTION_TIME: Duration = Duration::from_secs(1);

/// The attributes that ECS and the environment know, and the name of the service. Of two values for
/// one attribute, that of the environment counts.
///
/// ECS is asked only where it has named its endpoint, and where an exporter sends the answer. If there
/// is none, the second value is what to log.
pub(crate) fn resource(config: &Config, service: &str) -> (Resource, Option<String>) {
    let mut warning = None;
    let mut resource = Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector));
    let sent = config.traces != TracesExporter::None || config.metrics == MetricsExporter::Otlp;
    if config.on_ecs && sent {
        match ecs() {
            Ok(attributes) => resource = resource.with_attributes(attributes),
            Err(silent) => warning = Some(silent),
        }
    }
    let attributes = config.attributes.iter().cloned();
    let attributes = attributes.map(|(key, value)| KeyValue::new(key, value));
    let resource = resource
        .with_attributes(attributes)
        .with_service_name(service_name(config, service).to_owned());
    (resource.build(), warning)
}

/// What the metadata endpoint says.
///
/// # Errors
///
/// When it does not answer within [`DETECTION_TIME`]; the text is for the log.
fn ecs() -> Result<Vec<KeyValue>, String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let detected = EcsResourceDetector.detect();
        let attributes = detected.iter();
        let attributes = attributes.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        // Nobody receives an answer that is late.
        let _ = sender.send(attributes.collect());
    });
    receiver.recv_timeout(DETECTION_TIME).map_err(|_| {
        let seconds = DETECTION_TIME.as_secs();
        format!(
            "the metadata endpoint of ECS did not answer within {seconds} s: spans and metrics do not \
             say which task they are from"
        )
    })
}

/// The name that the environment gives the service, else `service`.
fn service_name<'a>(config: &'a Config, service: &'a str) -> &'a str {
    let attributes = config.attributes.iter();
    let named = attributes.filter(|(key, _)| key == "service.name");
    let names = [&*config.service_name].into_iter();
    let names = names.chain(named.map(|(_, name)| &**name));
    names
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or(service)
}
