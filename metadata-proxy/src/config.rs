//! The configuration of the proxy, from environment variables.

use std::time::Duration;

use http_shell::env::{self, ConfigError, Environment};
use serde::{Deserialize, Deserializer};

use crate::endpoint::EndpointUrl;

/// Where the proxy listens unless `PORT` says otherwise.
pub const DEFAULT_PORT: u16 = 8001;

/// The variable by which ECS tells a container where its metadata is.
const METADATA_URI: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// Everything that the proxy is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port and drain.
    pub http: http_shell::Config,
    /// Logs.
    pub telemetry: telemetry::Config,
    /// Where the metadata is.
    pub upstream: Upstream,
}

/// Variables about the metadata endpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct Upstream {
    /// `ECS_CONTAINER_METADATA_URI_V4`: `http://host/path` or `http://host:port/path`; required. ECS
    /// sets it in each container of a task, so that nobody else has to, but for tests.
    #[serde(rename = "ecs_container_metadata_uri_v4", deserialize_with = "url")]
    pub url: EndpointUrl,
    /// `METADATA_TIMEOUT_MS`: deadline of one call to the endpoint; 2000 ms by default.
    #[serde(
        rename = "metadata_timeout_ms",
        default = "default_deadline",
        deserialize_with = "deadline"
    )]
    pub deadline: Duration,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or makes no sense; the error names it.
    pub fn read(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            http: env.read()?,
            telemetry: env.read()?,
            upstream: env.read().map_err(outside_of_ecs)?,
        })
    }
}

/// Says more of the one variable that nobody sets by hand.
fn outside_of_ecs(error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Missing(name) if name == METADATA_URI => ConfigError::Invalid(format!(
            "{name} is not set: ECS sets it in each container of a task (on Fargate since platform \
             version 1.4.0), and the proxy has nothing to show elsewhere"
        )),
        other => other,
    }
}

fn default_deadline() -> Duration {
    Duration::from_millis(2000)
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EndpointUrl, D::Error> {
    let expected = "http://host/path as ECS sets it, with nothing that needs encoding";
    env::field(deserializer, METADATA_URI, expected, EndpointUrl::parse)
}

fn deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    env::millis(deserializer, "METADATA_TIMEOUT_MS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_is_two_seconds_by_default() {
        let variable = (
            METADATA_URI.to_owned(),
            "http://169.254.170.2/v4/x".to_owned(),
        );
        let config = Config::read(&[variable].into_iter().collect()).unwrap();
        assert_eq!(config.upstream.deadline, Duration::from_millis(2000));
    }
}
