//! Log lines: which are let through, and what they look like.

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{format, layer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{AccessLog, Config, LogFormat};

mod correlated;
mod queue;

use correlated::Correlated;
pub(crate) use queue::Lines;

/// The layer that makes a line of each event.
///
/// `own` are the crates that `LOGLEVEL` speaks of; others stay at INFO, since at DEBUG the AWS SDK
/// and the HTTP libraries would log bodies and credentials. `access` is the target of access lines.
pub(crate) fn lines<S>(
    config: &Config,
    own: &[&str],
    access: &str,
    lines: &Lines,
) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let writer = lines.writer();
    let layer = match config.log_format {
        LogFormat::Json => {
            let inner = format().json().flatten_event(true);
            let inner = inner.with_current_span(false).with_span_list(false);
            let format = Correlated {
                inner,
                end: "}\n",
                tail: correlated::json,
            };
            layer()
                .json()
                .event_format(format)
                .with_writer(writer)
                .boxed()
        }
        LogFormat::Text => {
            let format = Correlated {
                inner: format().with_ansi(false),
                end: "\n",
                tail: correlated::text,
            };
            layer()
                .with_ansi(false)
                .event_format(format)
                .with_writer(writer)
                .boxed()
        }
    };
    layer.with_filter(filter(config, own, access))
}

fn filter(config: &Config, own: &[&str], access: &str) -> Targets {
    let level = config.log_level.level();
    let access_level = match config.access_log {
        AccessLog::On => LevelFilter::INFO,
        AccessLog::Off => LevelFilter::OFF,
    };
    own.iter()
        .fold(Targets::new(), |targets, name| {
            targets.with_target(*name, level)
        })
        .with_default(level.min(Level::INFO))
        // They log each failure of an exporter. This crate logs the first one of an outage.
        .with_target("opentelemetry", LevelFilter::OFF)
        .with_target(access, access_level)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn config(level: &str, access_log: AccessLog) -> Config {
        let level = ("loglevel".to_owned(), level.to_owned());
        let config = Config::try_from(BTreeMap::from([level])).unwrap();
        Config {
            access_log,
            ..config
        }
    }

    #[test]
    fn debug_is_for_our_own_crates_alone() {
        let filter = filter(&config("debug", AccessLog::On), &["monolith"], "access");
        assert!(filter.would_enable("monolith::store", &Level::DEBUG));
        assert!(!filter.would_enable("aws_sdk_dynamodb", &Level::DEBUG));
        assert!(filter.would_enable("aws_sdk_dynamodb", &Level::INFO));
    }

    #[test]
    fn the_level_holds_for_all_but_access_lines() {
        let filter = filter(&config("CRITICAL", AccessLog::On), &["monolith"], "access");
        assert!(!filter.would_enable("monolith", &Level::WARN));
        assert!(!filter.would_enable("aws_sdk_dynamodb", &Level::WARN));
        assert!(filter.would_enable("monolith", &Level::ERROR));
        assert!(filter.would_enable("access", &Level::INFO));
    }

    #[test]
    fn opentelemetry_is_not_heard() {
        let filter = filter(&config("DEBUG", AccessLog::On), &[], "access");
        for target in ["opentelemetry", "opentelemetry_sdk", "opentelemetry-otlp"] {
            assert!(!filter.would_enable(target, &Level::ERROR), "{target}");
        }
    }

    #[test]
    fn access_lines_can_be_switched_off() {
        let filter = filter(&config("DEBUG", AccessLog::Off), &["monolith"], "access");
        assert!(!filter.would_enable("access", &Level::ERROR));
    }
}
