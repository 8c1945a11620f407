//! The environment variables that every HTTP service reads.

use std::time::Duration;

use serde::Deserialize;

use crate::env::{ConfigError, Variables};

/// Largest value of `SHUTDOWN_GRACE_SECONDS`.
const MAX_SHUTDOWN_GRACE_SECONDS: u64 = 3600;

/// The configuration of the HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Variables")]
pub struct Config {
    /// `PORT`: the port on which the service listens; 0 means any free port. The default port is 80 if the
    /// service sets no default port.
    pub port: u16,
    /// `SHUTDOWN_GRACE_SECONDS`: maximum time in which requests in progress may end after a stop signal; 20
    /// s by default.
    pub shutdown_grace: Duration,
    /// `TRACE_HEALTH_CHECKS`: whether health checks create spans; `on` by default.
    pub trace_health_checks: bool,
}

impl TryFrom<Variables> for Config {
    type Error = ConfigError;

    fn try_from(env: Variables) -> Result<Self, ConfigError> {
        let grace_seconds =
            env.parse_number("SHUTDOWN_GRACE_SECONDS", 20, 0..=MAX_SHUTDOWN_GRACE_SECONDS)?;
        Ok(Self {
            port: env.parse_number("PORT", 80, 0..=u16::MAX)?,
            shutdown_grace: Duration::from_secs(grace_seconds),
            trace_health_checks: env.parse_switch("TRACE_HEALTH_CHECKS", true)?,
        })
    }
}
