//! The configuration of the Like service, from environment variables.

use std::time::Duration;

use http_shell::env::{self, ConfigError, Environment};
use serde::{Deserialize, Deserializer};

use crate::chaos;
use crate::monolith_client::MonolithUrl;

/// Everything that the Like service is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port and drain.
    pub http: http_shell::Config,
    /// Logs.
    pub telemetry: telemetry::Config,
    /// What goes wrong on purpose.
    pub chaos: chaos::Config,
    /// Where the monolith is.
    pub upstream: Upstream,
}

/// Variables about the monolith.
#[derive(Clone, Debug, Deserialize)]
pub struct Upstream {
    /// `MONOLITH_URL`: `host`, `host:port` or `http://host:port`; required. It is the address of the
    /// load balancer.
    #[serde(rename = "monolith_url", deserialize_with = "url")]
    pub url: MonolithUrl,
    /// `MONOLITH_TIMEOUT_MS`: deadline of one call to the monolith; 2000 ms by default.
    #[serde(
        rename = "monolith_timeout_ms",
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
        let chaos: chaos::Config = env.read()?;
        chaos.check()?;
        Ok(Self {
            http: env.read()?,
            telemetry: env.read()?,
            chaos,
            upstream: env.read()?,
        })
    }
}

fn default_deadline() -> Duration {
    Duration::from_millis(2000)
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MonolithUrl, D::Error> {
    let expected = "host, host:port or http://host:port, without a path";
    env::field(deserializer, "MONOLITH_URL", expected, MonolithUrl::parse)
}

fn deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    env::millis(deserializer, "MONOLITH_TIMEOUT_MS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let variable = ("MONOLITH_URL".to_owned(), "alb".to_owned());
        let config = Config::read(&[variable].into_iter().collect()).unwrap();
        assert_eq!(config.upstream.deadline, Duration::from_millis(2000));
        let chaos = config.chaos;
        assert!(!chaos.on && chaos.reveal);
        assert_eq!((chaos.stress, chaos.not_found), (64, 25));
        assert_eq!((chaos.seed, chaos.max_burns), (None, 8));
        assert_eq!(chaos.cpu_ms, 350..=1070);
    }
}
