//! Filters and formats log lines.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{format, layer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Config, LogFormat};
use crate::service_info::ServiceInfo;

mod json;
mod queue;
mod text;
mod timestamp;

use json::JsonFormat;
pub(crate) use queue::LogQueue;
use text::TextFormat;

/// Creates the layer that formats each `tracing` event as a line and adds the line to `queue`.
pub(crate) fn create_log_layer<S>(
    config: &Config,
    service: ServiceInfo,
    queue: &LogQueue,
) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let writer = queue.make_writer();
    let layer = layer().with_ansi(false).with_writer(writer);
    let layer = match config.log_format {
        LogFormat::Json => layer.event_format(JsonFormat).boxed(),
        LogFormat::Text => {
            let format = TextFormat(format().with_ansi(false));
            layer.event_format(format).boxed()
        }
    };
    layer.with_filter(create_filter(config, service))
}

/// Creates the filter that selects `tracing` events by target and level.
///
/// `LOGLEVEL` applies to all targets except the access log. Only the service's own crates can log at
/// DEBUG, because the AWS SDK and the HTTP libraries log bodies and credentials at DEBUG.
fn create_filter(config: &Config, service: ServiceInfo) -> Targets {
    let level = config.log_level.as_tracing_level();
    let access_level = if config.access_log {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    };
    let service_targets = service.log_targets.iter().map(|target| (*target, level));
    Targets::new()
        .with_targets(service_targets)
        .with_default(level.min(Level::INFO))
        // OpenTelemetry's SDK logs every failed export. `ExportMonitor` logs only the first failure of an
        // outage.
        .with_target("opentelemetry", LevelFilter::OFF)
        .with_target(service.access_target, access_level)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Creates the filter for the given values of `LOGLEVEL` and `ACCESS_LOG`.
    fn create_test_filter(log_level: &str, access_log: &str) -> Targets {
        let variables = [("loglevel", log_level), ("access_log", access_log)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::try_from(BTreeMap::from(variables)).unwrap();
        let service = ServiceInfo {
            service_name: "monolith",
            log_targets: &["monolith"],
            access_target: "access",
        };
        create_filter(&config, service)
    }

    #[test]
    fn at_loglevel_debug_the_crates_of_other_projects_log_only_at_info() {
        let filter = create_test_filter("debug", "on");
        assert!(filter.would_enable("monolith::store", &Level::DEBUG));
        assert!(!filter.would_enable("aws_sdk_dynamodb", &Level::DEBUG));
        assert!(filter.would_enable("aws_sdk_dynamodb", &Level::INFO));
    }

    #[test]
    fn a_loglevel_above_info_applies_to_every_target_except_the_access_log() {
        let filter = create_test_filter("CRITICAL", "on");
        assert!(!filter.would_enable("monolith", &Level::WARN));
        assert!(!filter.would_enable("aws_sdk_dynamodb", &Level::WARN));
        assert!(filter.would_enable("monolith", &Level::ERROR));
        assert!(filter.would_enable("access", &Level::INFO));
    }

    #[test]
    fn events_of_the_opentelemetry_crates_are_never_logged() {
        let filter = create_test_filter("DEBUG", "on");
        for target in ["opentelemetry", "opentelemetry_sdk", "opentelemetry-otlp"] {
            assert!(!filter.would_enable(target, &Level::ERROR), "{target}");
        }
    }

    #[test]
    fn access_log_off_disables_the_access_log() {
        let filter = create_test_filter("DEBUG", "off");
        assert!(!filter.would_enable("access", &Level::ERROR));
    }
}
