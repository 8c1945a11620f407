//! The queue between the log lines and standard output, and what is lost there.
//!
//! A thread takes the lines out of the queue and writes them. While the reader of standard output
//! stalls, the queue fills and further lines are dropped.

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::{KeyValue, global};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::SCOPE;

/// Most lines that wait in the queue.
const CAPACITY: usize = 8192;

/// How often the end of the process looks whether all lines are written.
const FLUSH_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Target of the lines about dropped lines. The thread that writes the others writes them past the
/// queue, which is full at that moment.
const PAST_THE_QUEUE: &str = "telemetry::dropped_lines";

/// The way of log lines to standard output.
pub(crate) struct Lines {
    queue: NonBlocking,
    counts: Counts,
    thread: WorkerGuard,
}

impl Lines {
    /// Starts the thread that writes to standard output. What is dropped is a metric, too.
    pub fn start() -> Self {
        let counts = Counts::default();
        let output = Output::new(stdout(), counts.clone());
        let (queue, thread) = NonBlockingBuilder::default()
            .buffered_lines_limit(CAPACITY)
            .lossy(true)
            .finish(output);
        // Nothing was logged so far, so nobody has read it yet.
        let _ = counts.overflow.set(queue.error_counter());
        counts.export();
        Self {
            queue,
            counts,
            thread,
        }
    }

    /// What puts lines into the queue, and writes those about dropped lines past it.
    pub fn writer(&self) -> impl for<'a> MakeWriter<'a> + Send + Sync + use<> {
        let direct = stdout.with_filter(|line| line.target() == PAST_THE_QUEUE);
        direct.or_else(Counted {
            queue: self.queue.clone(),
            counts: self.counts.clone(),
        })
    }

    /// Waits until all lines are written, but no longer than `timeout`. Returns how many lines were
    /// lost since the start of the process.
    pub fn flush(self, timeout: Duration) -> u64 {
        let start = Instant::now();
        while self.counts.waiting() > 0 && start.elapsed() < timeout {
            thread::park_timeout(FLUSH_POLL_INTERVAL);
        }
        // Its `Drop` would wait again and print to the stalled standard output.
        std::mem::forget(self.thread);
        self.counts.lost()
    }
}

/// Numbers of lines.
#[derive(Clone, Default)]
struct Counts {
    logged: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    /// Standard output refused them.
    failed: Arc<AtomicU64>,
    /// They found the queue full.
    overflow: Arc<OnceLock<ErrorCounter>>,
}

impl Counts {
    fn overflow(&self) -> u64 {
        let overflow = self.overflow.get();
        overflow.map_or(0, |lines| lines.dropped_lines() as u64)
    }

    fn dropped(&self) -> u64 {
        self.overflow() + self.failed.load(Ordering::Relaxed)
    }

    fn lost(&self) -> u64 {
        // Lines can be logged and written between the two loads.
        let written = self.written.load(Ordering::Relaxed);
        let logged = self.logged.load(Ordering::Relaxed);
        logged.saturating_sub(written)
    }

    fn waiting(&self) -> u64 {
        self.lost().saturating_sub(self.dropped())
    }

    fn export(&self) {
        let counts = self.clone();
        global::meter(SCOPE)
            .u64_observable_counter("mysfits.log_lines.dropped")
            .with_unit("{line}")
            .with_description("The number of log lines that did not reach standard output")
            .with_callback(move |counter| {
                let kind = |kind| [KeyValue::new("error.type", kind)];
                counter.observe(counts.overflow(), &kind("queue_full"));
                let failed = counts.failed.load(Ordering::Relaxed);
                counter.observe(failed, &kind("write_failed"));
            })
            .build();
    }
}

/// Counts the lines that are put into the queue.
struct Counted {
    queue: NonBlocking,
    counts: Counts,
}

impl MakeWriter<'_> for Counted {
    type Writer = NonBlocking;

    /// Called once for each line.
    fn make_writer(&self) -> NonBlocking {
        self.counts.logged.fetch_add(1, Ordering::Relaxed);
        self.queue.clone()
    }
}

/// Standard output, for the thread that empties the queue.
struct Output<W> {
    out: W,
    counts: Counts,
    /// How many lines were dropped up to the last report of that number.
    reported: u64,
    /// Lines were dropped since the queue was last empty.
    overflows: bool,
    /// The last line could not be written.
    fails: bool,
}

impl<W: Write> Output<W> {
    fn new(out: W, counts: Counts) -> Self {
        Self {
            out,
            counts,
            reported: 0,
            overflows: false,
            fails: false,
        }
    }

    /// Logs that lines were dropped. To be called when standard output takes lines.
    fn report_start(&mut self) {
        let dropped = self.counts.dropped() - self.reported;
        if dropped > 0 && !self.overflows {
            self.overflows = true;
            tracing::warn!(
                target: PAST_THE_QUEUE,
                dropped,
                "log lines were dropped, because standard output did not take them in time"
            );
        }
    }

    /// Logs how many lines were dropped in all. To be called when the queue is empty.
    fn report_end(&mut self) {
        if self.overflows {
            self.overflows = false;
            let total = self.counts.dropped();
            let dropped = total - self.reported;
            self.reported = total;
            tracing::info!(
                target: PAST_THE_QUEUE,
                dropped,
                "no more log lines are dropped"
            );
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        if let Err(error) = self.out.write_all(line) {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
            if !self.fails {
                self.fails = true;
                eprintln!("log lines are dropped, because standard output fails: {error}");
            }
            return Err(error);
        }
        self.counts.written.fetch_add(1, Ordering::Relaxed);
        self.fails = false;
        self.report_start();
        Ok(())
    }

    /// The thread flushes when it has emptied the queue.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.report_end();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
