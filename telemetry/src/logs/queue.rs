//! The bounded queue of log lines that wait for standard output.
//!
//! A thread takes the lines out of the queue and writes them. If the reader of standard output
//! stalls, the queue fills, and further lines are dropped and counted.

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

/// The number of lines that can wait in the queue.
const MAX_QUEUED_LINES: usize = 8192;

/// How often [`LogQueue::flush`] checks whether all lines are written.
const FLUSH_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The target of log lines about dropped lines. The thread that empties the queue writes these lines
/// directly to standard output, because the queue may be full.
const DROPPED_LINES_TARGET: &str = "telemetry::dropped_lines";

/// The queue and the thread that writes its lines to standard output.
pub(crate) struct LogQueue {
    sender: NonBlocking,
    counts: LineCounts,
    thread: WorkerGuard,
}

impl LogQueue {
    /// Starts the thread, and registers the counter of dropped lines.
    pub fn start() -> Self {
        let counts = LineCounts::default();
        let output = LogOutput::new(stdout(), counts.clone());
        let (sender, thread) = NonBlockingBuilder::default()
            .buffered_lines_limit(MAX_QUEUED_LINES)
            .lossy(true)
            .finish(output);
        // The thread needs this counter only after its first line, and nothing has been logged yet.
        let _ = counts.queue_full.set(sender.error_counter());
        counts.register_counter();
        Self {
            sender,
            counts,
            thread,
        }
    }

    /// Creates the writer that puts lines into the queue. Lines with [`DROPPED_LINES_TARGET`] bypass it.
    pub fn make_writer(&self) -> impl for<'a> MakeWriter<'a> + Send + Sync + use<> {
        let bypass = stdout.with_filter(|line| line.target() == DROPPED_LINES_TARGET);
        bypass.or_else(CountingWriter {
            sender: self.sender.clone(),
            counts: self.counts.clone(),
        })
    }

    /// Waits until all lines are written, but no longer than `timeout`. Returns how many lines were
    /// lost since the start of the process.
    pub fn flush(self, timeout: Duration) -> u64 {
        let start = Instant::now();
        while self.counts.queued() > 0 && start.elapsed() < timeout {
            thread::park_timeout(FLUSH_POLL_INTERVAL);
        }
        // Dropping the thread's guard would wait again, and print to the stalled standard output.
        std::mem::forget(self.thread);
        self.counts.not_written()
    }
}

/// The numbers of log lines since the start of the process.
#[derive(Clone, Default)]
struct LineCounts {
    logged: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    /// Lines that were dropped because writing to standard output failed.
    write_failed: Arc<AtomicU64>,
    /// Lines that were dropped because the queue was full.
    queue_full: Arc<OnceLock<ErrorCounter>>,
}

impl LineCounts {
    fn dropped_by_full_queue(&self) -> u64 {
        let counter = self.queue_full.get();
        counter.map_or(0, |counter| counter.dropped_lines() as u64)
    }

    fn dropped(&self) -> u64 {
        self.dropped_by_full_queue() + self.write_failed.load(Ordering::Relaxed)
    }

    /// The number of lines that are dropped or still queued.
    fn not_written(&self) -> u64 {
        // `written` is loaded first, because it must not be larger than `logged`.
        let written = self.written.load(Ordering::Relaxed);
        let logged = self.logged.load(Ordering::Relaxed);
        logged.saturating_sub(written)
    }

    fn queued(&self) -> u64 {
        self.not_written().saturating_sub(self.dropped())
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
                counter.observe(counts.dropped_by_full_queue(), &error_type("queue_full"));
                let write_failed = counts.write_failed.load(Ordering::Relaxed);
                counter.observe(write_failed, &error_type("write_failed"));
            })
            .build();
    }
}

/// Puts lines into the queue, and counts them.
struct CountingWriter {
    sender: NonBlocking,
    counts: LineCounts,
}

impl MakeWriter<'_> for CountingWriter {
    type Writer = NonBlocking;

    /// `tracing-subscriber` calls this once for each line.
    fn make_writer(&self) -> NonBlocking {
        self.counts.logged.fetch_add(1, Ordering::Relaxed);
        self.sender.clone()
    }
}

/// Writes the lines of the queue to `W`, which is standard output except in tests.
struct LogOutput<W> {
    writer: W,
    counts: LineCounts,
    /// The number of dropped lines that [`Self::report_recovery`] has already reported.
    reported_drops: u64,
    /// Whether lines were dropped since the queue was last empty.
    has_dropped: bool,
    /// Whether writing the last line failed.
    is_failing: bool,
}

impl<W: Write> LogOutput<W> {
    fn new(writer: W, counts: LineCounts) -> Self {
        Self {
            writer,
            counts,
            reported_drops: 0,
            has_dropped: false,
            is_failing: false,
        }
    }

    /// Logs that lines were dropped, unless this was logged since the last recovery. Called after each
    /// written line: standard output then accepts lines again.
    fn report_drops(&mut self) {
        let dropped = self.counts.dropped() - self.reported_drops;
        if dropped > 0 && !self.has_dropped {
            self.has_dropped = true;
            tracing::warn!(
                target: DROPPED_LINES_TARGET,
                dropped,
                "log lines were dropped, because they could not be written to standard output in time"
            );
        }
    }

    /// Logs how many lines were dropped in total. Called when the queue is empty.
    fn report_recovery(&mut self) {
        if self.has_dropped {
            self.has_dropped = false;
            let total = self.counts.dropped();
            let dropped = total - self.reported_drops;
            self.reported_drops = total;
            tracing::info!(
                target: DROPPED_LINES_TARGET,
                dropped,
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
            if !self.is_failing {
                self.is_failing = true;
                eprintln!(
                    "log lines are dropped, because writing to standard output failed: {error}"
                );
            }
            return Err(error);
        }
        self.counts.written.fetch_add(1, Ordering::Relaxed);
        self.is_failing = false;
        self.report_drops();
        Ok(())
    }

    /// The thread calls this when it has emptied the queue.
    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.report_recovery();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
