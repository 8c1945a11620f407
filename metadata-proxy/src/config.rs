//! Reads the configuration of the proxy from environment variables.

use std::time::Duration;

use http_shell::env::{ConfigError, Environment, Variables};

use crate::endpoint::EndpointUrls;

/// The default value of `PORT`.
pub const DEFAULT_PORT: u16 = 8001;

/// The variable in which ECS passes the address of the metadata endpoint to a container.
const METADATA_URI_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// The configuration of the proxy.
#[derive(Clone, Debug)]
pub struct Config {
    /// The configuration of the HTTP server.
    pub http: http_shell::Config,
    /// The configuration of logs, traces and metrics.
    pub telemetry: telemetry::Config,
    /// The configuration of the metadata endpoint's client.
    pub endpoint: EndpointConfig,
}

/// The configuration of the client of the metadata endpoint.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// `ECS_CONTAINER_METADATA_URI_V4`: `http://host/path` or `http://host:port/path`; required. ECS sets the
    /// variable `ECS_CONTAINER_METADATA_URI_V4` in each container of a task.
    pub urls: EndpointUrls,
    /// `METADATA_TIMEOUT_MS`: deadline of a call to the endpoint; 2000 ms by default.
    pub deadline: Duration,
}

impl Config {
    /// Reads the configuration from the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or invalid; the error names the variable.
    pub fn read(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            http: env.read()?,
            telemetry: env.read()?,
            endpoint: EndpointConfig::read(&env.read()?).map_err(explain_missing_uri)?,
        })
    }
}

impl EndpointConfig {
    fn read(env: &Variables) -> Result<Self, ConfigError> {
        let expected_format =
            "http://host/path as ECS sets it, without characters that need encoding";
        Ok(Self {
            urls: env.parse_required(
                METADATA_URI_VARIABLE,
                expected_format,
                EndpointUrls::parse,
            )?,
            deadline: env.parse_deadline("METADATA_TIMEOUT_MS", Duration::from_millis(2000))?,
        })
    }
}

/// If the endpoint's address is not set, replaces the error with a message which says that ECS sets the
/// variable. Users of ECS do not set the endpoint's address themselves.
fn explain_missing_uri(error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Missing(name) if name == METADATA_URI_VARIABLE => {
            ConfigError::Invalid(format!(
                "{name} is not set: ECS sets it in each container of a task (on Fargate since platform \
             version 1.4.0), and the proxy works only there"
            ))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_is_two_seconds_by_default() {
        let variable = (
            METADATA_URI_VARIABLE.to_owned(),
            "http://169.254.170.2/v4/x".to_owned(),
        );
        let config = Config::read(&[variable].into_iter().collect()).unwrap();
        assert_eq!(config.endpoint.deadline, Duration::from_millis(2000));
    }
}
