//! The configuration of the shell itself, from environment variables.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::env;

/// Longest drain that may be asked for, in seconds: one hour.
const MAX_GRACE_SECONDS: u64 = 3600;

/// Variables of every HTTP service.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// `PORT`: listening port, 80 unless the service has another default; 0 takes any free one.
    #[serde(default = "default_port", deserialize_with = "port")]
    pub port: u16,
    /// `SHUTDOWN_GRACE_SECONDS`: bound of the drain, 20 s by default.
    #[serde(
        default = "default_grace",
        deserialize_with = "grace",
        rename = "shutdown_grace_seconds"
    )]
    pub shutdown_grace: Duration,
    /// `TRACE_HEALTH_CHECKS`: whether health checks make spans, `on` by default.
    #[serde(default = "default_trace", deserialize_with = "trace")]
    pub trace_health_checks: bool,
}

fn default_trace() -> bool {
    true
}

fn default_port() -> u16 {
    80
}

fn default_grace() -> Duration {
    Duration::from_secs(20)
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let expected = "a port number from 0 to 65535";
    env::field(deserializer, "PORT", expected, |value| value.parse().ok())
}

fn grace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let expected = format_args!("whole seconds from 0 to {MAX_GRACE_SECONDS}");
    env::field(deserializer, "SHUTDOWN_GRACE_SECONDS", expected, |value| {
        let seconds = value.parse().ok()?;
        (seconds <= MAX_GRACE_SECONDS).then(|| Duration::from_secs(seconds))
    })
}

fn trace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    env::switch(deserializer, "TRACE_HEALTH_CHECKS")
}
