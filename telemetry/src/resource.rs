//! The OpenTelemetry resource: attributes that describe this process in exported spans and metrics.

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

/// Creates the resource from the ECS metadata endpoint, the environment variables and the service name.
/// Attributes from environment variables override attributes from ECS.
///
/// The ECS metadata endpoint is queried only if the process runs on ECS and the selected exporters export
/// resource attributes. If the ECS metadata endpoint does not answer, the second returned value is a warning
/// for the log.
pub(crate) fn detect_resource(config: &Config, default_name: &str) -> (Resource, Option<String>) {
    let mut warning = None;
    let mut resource = Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector));
    let is_exported = config.traces_exporter != TracesExporter::None
        || config.metrics_exporter == MetricsExporter::Otlp;
    if config.has_ecs_metadata && is_exported {
        match detect_ecs_attributes() {
            Ok(attributes) => resource = resource.with_attributes(attributes),
            Err(timeout_warning) => warning = Some(timeout_warning),
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
/// Returns an error when the ECS metadata endpoint does not answer within [`DETECTION_TIMEOUT`]. The text of
/// the error is a warning for the log.
fn detect_ecs_attributes() -> Result<Vec<KeyValue>, String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let ecs_resource = EcsResourceDetector.detect();
        let attributes = ecs_resource.iter();
        let attributes = attributes.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        // Sending fails after the timeout, because the receiver no longer exists.
        let _ = sender.send(attributes.collect());
    });
    receiver.recv_timeout(DETECTION_TIMEOUT).map_err(|_| {
        let seconds = DETECTION_TIMEOUT.as_secs();
        format!(
            "the metadata endpoint of ECS did not answer within {seconds} s: spans and metrics \
             are exported without attributes of the ECS task"
        )
    })
}

/// Returns the first service name that is set: `OTEL_SERVICE_NAME`, `service.name` in
/// `OTEL_RESOURCE_ATTRIBUTES`, or `default_name`.
fn select_service_name<'a>(config: &'a Config, default_name: &'a str) -> &'a str {
    let attributes = config.resource_attributes.iter();
    let attributes = attributes.filter(|(key, name)| key == "service.name" && !name.is_empty());
    let mut names = config
        .service_name
        .iter()
        .chain(attributes.map(|(_, name)| name));
    names.next().map_or(default_name, String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_service_name_is_the_first_name_that_is_set() {
        let select = |service_name: &str, attributes: &str| {
            let variables = [
                ("OTEL_SERVICE_NAME", service_name),
                ("OTEL_RESOURCE_ATTRIBUTES", attributes),
            ];
            let variables = variables.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
            let config = Config::try_from(BTreeMap::from(variables)).unwrap();
            select_service_name(&config, "default").to_owned()
        };
        assert_eq!(select("variable", "service.name=attribute"), "variable");
        assert_eq!(select("", "team=a,service.name=attribute"), "attribute");
        assert_eq!(select("", "team=a,service.name="), "default");
        assert_eq!(select("", ""), "default");
    }
}
