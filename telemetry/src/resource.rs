//! The resource: the attributes of this process that are exported with its spans and metrics.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_aws::detector::EcsResourceDetector;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{ResourceDetector, TelemetryResourceDetector};

use crate::config::{Config, MetricsExporter, TracesExporter};

/// The longest wait for the ECS metadata endpoint at the start of the process.
const DETECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// Collects the attributes from ECS and from the environment, and the name of the service. Attributes
/// from the environment override those from ECS.
///
/// The ECS metadata endpoint is queried only if it exists and an exporter uses its answer. If it does
/// not answer, the second value is the warning to log.
pub(crate) fn detect_resource(config: &Config, default_name: &str) -> (Resource, Option<String>) {
    let mut warning = None;
    let mut resource = Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector));
    let is_exported = config.traces_exporter != TracesExporter::None
        || config.metrics_exporter == MetricsExporter::Otlp;
    if config.has_ecs_metadata && is_exported {
        match detect_ecs_attributes() {
            Ok(attributes) => resource = resource.with_attributes(attributes),
            Err(timeout) => warning = Some(timeout),
        }
    }
    let attributes = config.resource_attributes.iter().cloned();
    let attributes = attributes.map(|(key, value)| KeyValue::new(key, value));
    let resource = resource
        .with_attributes(attributes)
        .with_service_name(select_service_name(config, default_name).to_owned());
    (resource.build(), warning)
}

/// Queries the ECS metadata endpoint.
///
/// # Errors
///
/// When it does not answer within [`DETECTION_TIMEOUT`]. The text is the warning to log.
fn detect_ecs_attributes() -> Result<Vec<KeyValue>, String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let detected = EcsResourceDetector.detect();
        let attributes = detected.iter();
        let attributes = attributes.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        // Sending fails after the timeout, when the receiver no longer exists.
        let _ = sender.send(attributes.collect());
    });
    receiver.recv_timeout(DETECTION_TIMEOUT).map_err(|_| {
        let seconds = DETECTION_TIMEOUT.as_secs();
        format!(
            "the metadata endpoint of ECS did not answer within {seconds} s: spans and metrics do \
             not identify their ECS task"
        )
    })
}

/// Selects `OTEL_SERVICE_NAME`, else `service.name` of `OTEL_RESOURCE_ATTRIBUTES`, else
/// `default_name`.
fn select_service_name<'a>(config: &'a Config, default_name: &'a str) -> &'a str {
    let attributes = config.resource_attributes.iter();
    let attributes = attributes.filter(|(key, name)| key == "service.name" && !name.is_empty());
    let mut names = config
        .service_name
        .iter()
        .chain(attributes.map(|(_, name)| name));
    names.next().map_or(default_name, String::as_str)
}
