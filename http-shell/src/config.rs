//! The variables that every HTTP service has.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::env;

/// Largest value of `SHUTDOWN_GRACE_SECONDS`.
const MAX_SHUTDOWN_GRACE_SECONDS: u64 = 3600;

/// The configuration of the HTTP server.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// `PORT`: listening port; 0 means any free port. The default is 80, unless the service has another.
    #[serde(default = "default_port", deserialize_with = "parse_port")]
    pub port: u16,
    /// `SHUTDOWN_GRACE_SECONDS`: how long the drain may take; 20 s by default.
    #[serde(
        default = "default_shutdown_grace",
        deserialize_with = "parse_shutdown_grace",
        rename = "shutdown_grace_seconds"
    )]
    pub shutdown_grace: Duration,
    /// `TRACE_HEALTH_CHECKS`: whether health checks create spans; `on` by default.
    #[serde(
        default = "default_trace_health_checks",
        deserialize_with = "parse_trace_health_checks"
    )]
    pub trace_health_checks: bool,
}

fn default_trace_health_checks() -> bool {
    true
}

fn default_port() -> u16 {
    80
}

fn default_shutdown_grace() -> Duration {
    Duration::from_secs(20)
}

fn parse_port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let expected = "a port number from 0 to 65535";
    env::field(deserializer, "PORT", expected, |value| value.parse().ok())
}

fn parse_shutdown_grace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let expected = format_args!("whole seconds from 0 to {MAX_SHUTDOWN_GRACE_SECONDS}");
    env::field(deserializer, "SHUTDOWN_GRACE_SECONDS", expected, |value| {
        let seconds = value.parse().ok()?;
        (seconds <= MAX_SHUTDOWN_GRACE_SECONDS).then(|| Duration::from_secs(seconds))
    })
}

fn parse_trace_health_checks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    env::switch(deserializer, "TRACE_HEALTH_CHECKS")
}
