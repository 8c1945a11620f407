//! What a service tells about itself. Today that is its logs.
//!
//! Lines go to standard output, where ECS and the lab collect them. A thread of its own writes
//! them, so that a reader who does not keep up never holds a request.

mod config;
mod logs;

pub use config::{AccessLog, Config, LogFormat, LogLevel};
pub use logs::{InitError, init};

/// Keeps the telemetry going; dropping it flushes what is still on its way, within a second or so.
///
/// Drop it last, after the drain: the drain logs too.
#[must_use = "dropping the guard ends the logs"]
pub struct Guard {
    _logs: tracing_appender::non_blocking::WorkerGuard,
}
