//! A bounded queue of log lines that a thread writes to standard output.
//!
//! If the reader of standard output stalls, the queue becomes full. While the queue is full, further log
//! lines are dropped and counted.
//!
//! The thread writes many lines with one system call. The crate `tracing-appender` is not used, because it
//! allocates memory, wakes its thread and calls the operating system for each line.

use std::io::{self, Write, stdout};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::{KeyValue, global};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::INSTRUMENTATION_SCOPE;

mod lines;

use lines::Lines;

/// The capacity of the queue, in lines.
const MAX_QUEUED_LINES: u64 = 8192;

/// The time for which the thread collects further lines after the first line of a batch.
const COLLECT_TIME: Duration = Duration::from_millis(5);

/// The interval at which [`LogQueue::wait_until_written`] checks whether all lines are written.
const FLUSH_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The `tracing` target of log lines about dropped lines. Lines with this target are written directly to
/// standard output, because the queue can be full.
const DROPPED_LINES_TARGET: &str = "telemetry::dropped_lines";

/// The queue of log lines. Clones of a `LogQueue` share one queue.
#[derive(Clone)]
pub(crate) struct LogQueue(Arc<SharedQueue>);

#[derive(Default)]
struct SharedQueue {
    /// The lines that the thread has not taken yet.
    lines: Mutex<Lines>,
    /// Notified when a line is added to an empty queue.
    has_lines: Condvar,
    counts: LineCounts,
}

impl LogQueue {
    /// Starts the thread that writes the lines, and registers the counter of dropped lines.
    ///
    /// # Errors
    ///
    /// Returns an error when the thread cannot be started.
    pub fn start() -> io::Result<Self> {
        let queue = Self(Arc::default());
        let counts = queue.0.counts.clone();
        counts.register_counter();
        let output = LogOutput::new(stdout(), counts);
        let thread_queue = Arc::clone(&queue.0);
        thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || thread_queue.write_lines(output))?;
        Ok(queue)
    }

    /// Creates the writer that adds lines to the queue. Lines with [`DROPPED_LINES_TARGET`] bypass the
    /// queue.
    pub fn make_writer(&self) -> impl for<'a> MakeWriter<'a> + Send + Sync + use<> {
        let direct_writer = stdout.with_filter(|line| line.target() == DROPPED_LINES_TARGET);
        direct_writer.or_else(self.clone())
    }

    /// Waits at most `timeout` until all lines are written. Returns the number of lines that were lost since
    /// the start of the process.
    pub fn wait_until_written(&self, timeout: Duration) -> u64 {
        let start = Instant::now();
        let counts = &self.0.counts;
        while counts.queued_count() > 0 && start.elapsed() < timeout {
            thread::park_timeout(FLUSH_POLL_INTERVAL);
        }
        counts.unwritten_count()
    }
}

impl MakeWriter<'_> for LogQueue {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for LogQueue {
    /// Adds `line` to the queue. `tracing-subscriber` calls this method once for each line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SharedQueue {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, or counts the line as dropped if the queue is full.
    fn add(&self, line: &[u8]) {
        let mut lines = self.lock();
        let is_full = self.counts.queued_count() >= MAX_QUEUED_LINES;
        self.counts.logged.fetch_add(1, Ordering::Relaxed);
        if is_full {
            self.counts.queue_full.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let must_notify = lines.is_empty();
        lines.push(line);
        drop(lines);
        if must_notify {
            self.has_lines.notify_one();
        }
    }

    /// Writes the lines of the queue to `output`. This method never returns.
    fn write_lines(&self, mut output: LogOutput<impl Write>) {
        let mut batch = Lines::default();
        loop {
            let lines = self
                .has_lines
                .wait_while(self.lock(), |lines| lines.is_empty());
            drop(lines.unwrap_or_else(PoisonError::into_inner));
            thread::park_timeout(COLLECT_TIME);
            mem::swap(&mut batch, &mut *self.lock());
            for (text, line_count) in batch.chunks() {
                output.write_lines(text, line_count);
            }
            batch.clear();
            if self.lock().is_empty() {
                output.flush();
            }
        }
    }
}

/// The numbers of logged, written and dropped lines since the start of the process.
#[derive(Clone, Default)]
struct LineCounts {
    logged: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    /// The number of lines that were dropped because writing to standard output failed.
    write_failed: Arc<AtomicU64>,
    /// The number of lines that were dropped because the queue was full.
    queue_full: Arc<AtomicU64>,
}

impl LineCounts {
    fn dropped_count(&self) -> u64 {
        self.queue_full.load(Ordering::Relaxed) + self.write_failed.load(Ordering::Relaxed)
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
                let queue_full = counts.queue_full.load(Ordering::Relaxed);
                counter.observe(queue_full, &error_type("queue_full"));
                let write_failed = counts.write_failed.load(Ordering::Relaxed);
                counter.observe(write_failed, &error_type("write_failed"));
            })
            .build();
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
    /// Whether the previous write failed.
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
    /// after each successful write, because it shows that standard output accepts lines again.
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

    /// Writes `line_count` lines. If the write fails, all of these lines count as dropped.
    fn write_lines(&mut self, text: &[u8], line_count: u64) {
        if let Err(error) = self.writer.write_all(text) {
            self.counts
                .write_failed
                .fetch_add(line_count, Ordering::Relaxed);
            if !self.has_write_failed {
                self.has_write_failed = true;
                eprintln!(
                    "log lines are dropped, because writing to standard output failed: {error}"
                );
            }
            return;
        }
        self.counts.written.fetch_add(line_count, Ordering::Relaxed);
        self.has_write_failed = false;
        self.report_drops();
    }

    /// Flushes the output. This method is called each time the queue is empty.
    fn flush(&mut self) {
        if self.writer.flush().is_ok() {
            self.report_recovery();
        }
    }
}

#[cfg(test)]
mod tests;
