//! A local Amazon CloudWatch. [`CloudWatch`] has metrics, alarms and dashboards. [`logs`] is CloudWatch Logs: log groups, log
//! streams, log events and filter patterns.
//!
//! The crate does not know which programs write the logs and which services report metrics.

mod alarm;
mod api;
mod cloudwatch;
mod dashboard;
mod emf;
mod filtered;
pub mod logs;
mod math;
mod metrics;
mod model;
mod time;

use std::sync::Arc;
use std::time::Duration;

pub use alarm::{AlarmAction, AlarmActions, AlarmConfig, AlarmState, Operator};
pub use cloudwatch::CloudWatch;
pub use emf::has_embedded_metrics;
pub use math::{MetricDataQuery, MetricStat};
pub use metrics::{Dimension, Limits, Metric, Unit};
pub use time::Timestamp;

/// A clock: returns the time since the Unix epoch. It never goes backwards.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;
