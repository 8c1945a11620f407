//! A local Amazon CloudWatch. [`logs`] is CloudWatch Logs: log groups, log streams, log events and filter patterns.
//!
//! The crate does not know which programs write the logs and which services report metrics.

pub mod logs;
