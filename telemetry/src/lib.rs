//! What a service tells about itself. Today that is its logs.
//!
//! Lines go to standard output, where ECS and the lab collect them. A thread of its own writes
//! them, so that a reader who does not keep up never holds a request; lines are dropped then, and
//! counted.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, WorkerGuard};

mod config;
mod logs;

pub use config::{AccessLog, Config, LogFormat, LogLevel};
pub use logs::{InitError, init};

/// How long the end of a process may wait for its last lines.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// Keeps the telemetry going; dropping it flushes what is still on its way, within two seconds.
///
/// Drop it last, after the drain: the drain logs too.
#[must_use = "dropping the guard ends the logs"]
pub struct Guard {
    dropped: ErrorCounter,
    logs: Option<WorkerGuard>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let logs = self.logs.take();
        let (flushed, end) = mpsc::channel::<()>();
        // On a thread of its own: where nobody reads standard output, this would wait for ever.
        thread::spawn(move || {
            drop(logs);
            drop(flushed);
        });
        // Nothing is ever sent: the channel closes when the lines are out.
        let _ = end.recv_timeout(FLUSH_TIME);
        let dropped = self.dropped.dropped_lines();
        if dropped > 0 {
            eprintln!("{dropped} log lines were dropped: standard output did not keep up");
        }
    }
}
