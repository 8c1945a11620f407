//! The subscriber: which lines are let through, and what they look like.

use std::io::stdout;

use thiserror::Error;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::Guard;
use crate::config::{AccessLog, Config, LogFormat};

/// Lines that may wait for the writer; while it does not keep up, those beyond are dropped.
const WAITING_LINES: usize = 8192;

/// Telemetry that could not be set up.
#[derive(Debug, Error)]
#[error("the logs could not be set up")]
pub struct InitError(#[from] TryInitError);

/// Starts the logs of this process.
///
/// `own` are the crates that `LOGLEVEL` speaks of; others stay at INFO, since at DEBUG the AWS SDK
/// and the HTTP libraries would log bodies and credentials. `access` is the target of access lines.
///
/// # Errors
///
/// When this process has a subscriber already.
pub fn init(config: &Config, own: &[&str], access: &str) -> Result<Guard, InitError> {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true)
        .finish(stdout());
    let dropped = writer.error_counter();
    let layer = match config.log_format {
        LogFormat::Json => layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(writer)
            .boxed(),
        LogFormat::Text => layer().with_ansi(false).with_writer(writer).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter(config, own, access)))
        .try_init()?;
    Ok(Guard {
        dropped,
        logs: Some(guard),
    })
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
        .with_target(access, access_level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(level: &str, access_log: AccessLog) -> Config {
        Config {
            log_level: level.to_owned().try_into().unwrap(),
            access_log,
            ..Config::default()
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
    fn access_lines_can_be_switched_off() {
        let filter = filter(&config("DEBUG", AccessLog::Off), &["monolith"], "access");
        assert!(!filter.would_enable("access", &Level::ERROR));
    }
}
