//! The configuration of the Like service, from environment variables.

use std::time::Duration;

use http_shell::env::{ConfigError, Environment, Variables};

use crate::chaos;
use crate::monolith_client::MonolithUrl;

/// The configuration of the Like service.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTP server.
    pub http: http_shell::Config,
    /// The configuration of logs, traces and metrics.
    pub telemetry: telemetry::Config,
    /// The configuration of the faults that are injected into likes.
    pub chaos: chaos::Config,
    /// The configuration of calls to the monolith.
    pub upstream: UpstreamConfig,
}

/// The configuration of calls to the monolith.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    /// `MONOLITH_URL`: the address of the monolith or of its load balancer.
    pub url: MonolithUrl,
    /// `MONOLITH_TIMEOUT_MS`: deadline of a call.
    pub deadline: Duration,
}

impl Config {
    /// Reads the configuration from the environment.
    ///
    /// # Errors
    ///
    /// Returns an error when a variable is missing or invalid; the error names the variable.
    pub fn read(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            http: env.read()?,
            telemetry: env.read()?,
            chaos: chaos::Config::read(env)?,
            upstream: UpstreamConfig::read(&env.read()?)?,
        })
    }
}

impl UpstreamConfig {
    fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let expected_url = "host, host:port or http://host:port, without a path";
        Ok(Self {
            url: variables.parse_required("MONOLITH_URL", expected_url, MonolithUrl::parse)?,
            deadline: variables
                .parse_deadline("MONOLITH_TIMEOUT_MS", Duration::from_millis(2000))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_not_set_have_the_documented_defaults() {
        let variable = ("MONOLITH_URL".to_owned(), "alb".to_owned());
        let config = Config::read(&[variable].into_iter().collect()).unwrap();
        assert_eq!(config.upstream.deadline, Duration::from_millis(2000));
        let chaos = config.chaos;
        assert!(!chaos.is_on && chaos.reveals_faults);
        assert_eq!((chaos.stress_percent, chaos.not_found_percent), (64, 25));
        assert_eq!((chaos.seed, chaos.max_concurrent_burns), (None, 8));
        assert_eq!(chaos.burn_cpu_ms, 350..=1070);
    }
}
