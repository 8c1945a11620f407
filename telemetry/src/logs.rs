//! Log lines: their filter and their format.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{format, layer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Config, LogFormat};
use crate::service_info::ServiceInfo;

mod queue;
mod trace_ids;

pub(crate) use queue::LogQueue;
use trace_ids::{WithTraceIds, write_json_ids, write_text_ids};

/// Creates the layer that formats each `tracing` event as a line and puts it into `queue`.
pub(crate) fn log_layer<S>(
    config: &Config,
    service: ServiceInfo,
    queue: &LogQueue,
) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let writer = queue.make_writer();
    let layer = match config.log_format {
        LogFormat::Json => {
            let inner = format().json().flatten_event(true);
            let inner = inner.with_current_span(false).with_span_list(false);
            let format = WithTraceIds {
                inner,
                line_end: "}\n",
                write_ids: write_json_ids,
            };
            layer()
                .json()
                .event_format(format)
                .with_writer(writer)
                .boxed()
        }
        LogFormat::Text => {
            let format = WithTraceIds {
                inner: format().with_ansi(false),
                line_end: "\n",
                write_ids: write_text_ids,
            };
            layer()
                .with_ansi(false)
                .event_format(format)
                .with_writer(writer)
                .boxed()
        }
    };
    layer.with_filter(create_filter(config, service))
}

/// Creates the filter of events by target and level.
///
/// `LOGLEVEL` applies to the service's own crates. Other crates never log below INFO: at DEBUG, the AWS
/// SDK and the HTTP libraries would log bodies and credentials.
fn create_filter(config: &Config, service: ServiceInfo) -> Targets {
    let level = config.log_level.as_tracing_level();
    let access_level = if config.access_log {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    };
    let own_targets = service.log_targets.iter().map(|target| (*target, level));
    Targets::new()
        .with_targets(own_targets)
        .with_default(level.min(Level::INFO))
        // The SDK logs every failed export. This crate logs only the first failure of an outage.
        .with_target("opentelemetry", LevelFilter::OFF)
        .with_target(service.access_target, access_level)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

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
    fn at_debug_other_crates_still_log_at_info() {
        let filter = create_test_filter("debug", "on");
        assert!(filter.would_enable("monolith::store", &Level::DEBUG));
        assert!(!filter.would_enable("aws_sdk_dynamodb", &Level::DEBUG));
        assert!(filter.would_enable("aws_sdk_dynamodb", &Level::INFO));
    }

    #[test]
    fn a_level_above_info_applies_to_every_target_but_access_lines() {
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
    fn access_log_off_disables_access_lines() {
        let filter = create_test_filter("DEBUG", "off");
        assert!(!filter.would_enable("access", &Level::ERROR));
    }
}
