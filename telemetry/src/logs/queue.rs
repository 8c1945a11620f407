//! A bounded queue of log lines that a thread writes to standard output.
//!
//! If the reader of standard output stalls, the queue becomes full. While the queue is full, further log
//! lines are dropped and counted.

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::{KeyValue, global};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::INSTRUMENTATION_SCOPE;

/// The capacity of the queue, in lines.
const MAX_QUEUED_LINES: usize = 8192;

/// The interval at which [`LogQueue::flush`] checks whether all lines are written.
const FLUSH_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The `tracing` target of log lines about dropped lines. Lines with this target are written directly to
/// standard output, because the queue can be full.
const DROPPED_LINES_TARGET: &str = "telemetry::dropped_lines";

/// The queue and the thread that writes its lines to standard output.
pub(crate) struct LogQueue {
    sender: NonBlocking,
    counts: LineCounts,
    thread: WorkerGuard,
}

impl LogQueue {
    /// Starts the thread that writes the lines, and registers the counter of dropped lines.
    pub fn start() -> Self {
        let counts = LineCounts::default();
        let output = LogOutput::new(stdout(), counts.clone());
        let (sender, thread) = NonBlockingBuilder::default()
            .buffered_lines_limit(MAX_QUEUED_LINES)
            .lossy(true)
            .finish(output);
        // The thread reads `queue_full` only after it has written a line. The thread cannot have written a
        // line yet, because the queue is still empty.
        let _ = counts.queue_full.set(sender.error_counter());
        counts.register_counter();
        Self {
            sender,
            counts,
            thread,
        }
    }

    /// Creates the writer that adds lines to the queue. Lines with [`DROPPED_LINES_TARGET`] bypass the
    /// queue.
    pub fn make_writer(&self) -> impl for<'a> MakeWriter<'a> + Send + Sync + use<> {
        let direct_writer = stdout.with_filter(|line| line.target() == DROPPED_LINES_TARGET);
        direct_writer.or_else(CountingWriter {
            sender: self.sender.clone(),
            counts: self.counts.clone(),
        })
    }

    /// Waits at most `timeout` until all lines are written. Returns the number of lines that were lost since
    /// the start of the process.
    pub fn flush(self, timeout: Duration) -> u64 {
        let start = Instant::now();
        while self.counts.queued_count() > 0 && start.elapsed() < timeout {
            thread::park_timeout(FLUSH_POLL_INTERVAL);
        }
        // Dropping the `WorkerGuard` would wait for the thread again, and print to the stalled standard
        // output.
        std::mem::forget(self.thread);
        self.counts.unwritten_count()
    }
}

/// The numbers of logged, written and dropped lines since the start of the process.
#[derive(Clone, Default)]
struct LineCounts {
    logged: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    /// The number of lines that were dropped because writing to standard output failed.
    write_failed: Arc<AtomicU64>,
    /// Counts the lines that were dropped because the queue was full.
    queue_full: Arc<OnceLock<ErrorCounter>>,
}

impl LineCounts {
    fn dropped_by_full_queue_count(&self) -> u64 {
        let counter = self.queue_full.get();
        counter.map_or(0, |counter| counter.dropped_lines() as u64)
    }

    fn dropped_count(&self) -> u64 {
        self.dropped_by_full_queue_count() + self.write_failed.load(Ordering::Relaxed)
    }

    /// Returns the number of lines that were dropped or are still queued.
    fn unwritten_count(&self) -> u64 {
        // The counter `written` is loaded before the counter `logged`. A line that is logged and written
        // between the two loads therefore cannot make `written` larger than `logged`.
        let written = self.written.load(Ordering::Relaxed);
        let logged = self.logged.load(Ordering::Relaxed);
        logged.saturating_sub(written)
    }

    fn queued_count(&self) -> u64 {
        self.unwritten_count().saturating_sub(self.dropped_count())
    }

    /// Registers the metric of dropped lines.
    fn register_counter(&self) {
        let counts = self.clone();
        global::meter(INSTRUMENTATION_SCOPE)
            .u64_observable_counter("mysfits.log_lines.dropped")
            .with_unit("{line}")
            .with_description("The number of log lines that did not reach standard output")
            .with_callback(move |counter| {
                let error_type = |value| [KeyValue::new("error.type", value)];
                counter.observe(
                    counts.dropped_by_full_queue_count(),
                    &error_type("queue_full"),
                );
                let write_failed = counts.write_failed.load(Ordering::Relaxed);
                counter.observe(write_failed, &error_type("write_failed"));
            })
            .build();
    }
}

/// Adds lines to the queue, and counts the lines.
struct CountingWriter {
    sender: NonBlocking,
    counts: LineCounts,
}

impl MakeWriter<'_> for CountingWriter {
    type Writer = NonBlocking;

    /// `tracing-subscriber` calls this method once for each line.
    fn make_writer(&self) -> NonBlocking {
        self.counts.logged.fetch_add(1, Ordering::Relaxed);
        self.sender.clone()
    }
}

/// Writes the lines of the queue to `writer`, which is standard output or a fake output in tests.
struct LogOutput<W> {
    writer: W,
    counts: LineCounts,
    /// The total number of dropped lines at the last recovery.
    dropped_at_last_recovery: u64,
    /// Whether [`Self::report_drops`] has reported dropped lines since the last recovery.
    has_reported_drops: bool,
    /// Whether writing the previous line failed.
    has_write_failed: bool,
}

impl<W: Write> LogOutput<W> {
    fn new(writer: W, counts: LineCounts) -> Self {
        Self {
            writer,
            counts,
            dropped_at_last_recovery: 0,
            has_reported_drops: false,
            has_write_failed: false,
        }
    }

    /// Logs one WARN when lines are dropped for the first time since the last recovery. This method is called
    /// after each written line, because a written line shows that standard output accepts lines again.
    fn report_drops(&mut self) {
        let dropped_count = self.counts.dropped_count() - self.dropped_at_last_recovery;
        if dropped_count > 0 && !self.has_reported_drops {
            self.has_reported_drops = true;
            tracing::warn!(
                target: DROPPED_LINES_TARGET,
                dropped = dropped_count,
                "log lines were dropped, because they could not be written to standard output in time"
            );
        }
    }

    /// Logs the number of lines that were dropped since the last recovery. This method is called when the
    /// queue is empty.
    fn report_recovery(&mut self) {
        if self.has_reported_drops {
            self.has_reported_drops = false;
            let total_dropped_count = self.counts.dropped_count();
            let dropped_count = total_dropped_count - self.dropped_at_last_recovery;
            self.dropped_at_last_recovery = total_dropped_count;
            tracing::info!(
                target: DROPPED_LINES_TARGET,
                dropped = dropped_count,
                "no more log lines are dropped"
            );
        }
    }
}

impl<W: Write> Write for LogOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        if let Err(error) = self.writer.write_all(line) {
            self.counts.write_failed.fetch_add(1, Ordering::Relaxed);
            if !self.has_write_failed {
                self.has_write_failed = true;
                eprintln!(
                    "log lines are dropped, because writing to standard output failed: {error}"
                );
            }
            return Err(error);
        }
        self.counts.written.fetch_add(1, Ordering::Relaxed);
        self.has_write_failed = false;
        self.report_drops();
        Ok(())
    }

    /// The thread of the queue calls this method each time the queue is empty.
    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.report_recovery();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
