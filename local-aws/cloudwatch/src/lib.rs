//! A local Amazon CloudWatch. [`logs`] is CloudWatch Logs: log groups, log streams, log events and filter patterns.
//!
//! The crate does not know which programs write the logs and which services report metrics.

use std::sync::Arc;
use std::time::Duration;

pub mod logs;

/// A clock: returns the time since the Unix epoch. It never goes backwards.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;
