//! The settings of a target group's health checks, and the results of checks. Pure.

use std::time::Duration;

use axum::http::uri::PathAndQuery;

use crate::matcher::Matcher;

/// How a target group checks its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Path and query of the check.
    pub path: PathAndQuery,
    /// Time between two checks of a target.
    pub interval: Duration,
    /// Maximum time until the target sends the head of its response.
    pub timeout: Duration,
    /// Consecutive successes that make an unhealthy target healthy.
    pub healthy_threshold: u32,
    /// Consecutive failures that make a healthy target unhealthy.
    pub unhealthy_threshold: u32,
    /// The status codes of a success.
    pub matcher: Matcher,
}

impl HealthCheck {
    /// Checks of `/` that expect the code 200, with thresholds of 3 and a time limit of 5 seconds.
    pub fn with_interval(interval: Duration) -> Self {
        Self {
            path: PathAndQuery::from_static("/"),
            interval,
            timeout: Duration::from_secs(5),
            healthy_threshold: 3,
            unhealthy_threshold: 3,
            matcher: Matcher::default(),
        }
    }

    /// Time after which a new target whose checks fail is unhealthy.
    pub fn time_to_unhealthy(&self) -> Duration {
        self.interval.saturating_mul(self.unhealthy_threshold)
    }
}

/// Why a check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFailure {
    /// The response has a code that the matcher does not contain.
    Code(u16),
    /// The response did not come in time.
    TimedOut,
    /// There was no connection or no valid response.
    NoResponse,
}
