//! The queue between the log lines and standard output, and what is lost there.
//!
//! A thread takes the lines out of the queue and writes them. While the reader of standard output
//! stalls, the queue fills and further lines are dropped.

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use opentelemetry::{KeyValue, global};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::SCOPE;

/// Most lines that wait in the queue.
const CAPACITY: usize = 8192;

/// Target of the lines about dropped lines. The thread that writes the others writes them past the
/// queue, which is full at that moment.
const PAST_THE_QUEUE: &str = "telemetry::dropped_lines";

/// Starts the thread that writes to standard output, and returns the queue before it, what ends it,
/// and the counters of dropped lines, which are metrics too.
pub(crate) fn queue() -> (NonBlocking, WorkerGuard, DroppedLines) {
    let dropped = DroppedLines::default();
    let output = Output::new(stdout(), dropped.clone());
    let (queue, thread) = NonBlockingBuilder::default()
        .buffered_lines_limit(CAPACITY)
        .lossy(true)
        .finish(output);
    // Nothing was logged so far, so the thread has not read it yet.
    let _ = dropped.overflow.set(queue.error_counter());
    dropped.export_counter();
    (queue, thread, dropped)
}

/// Writes lines about dropped lines directly to standard output, and all others into `queue`.
pub(super) fn past_or_into(queue: NonBlocking) -> impl for<'a> MakeWriter<'a> + Send + Sync {
    let direct = stdout.with_filter(|line| line.target() == PAST_THE_QUEUE);
    direct.or_else(queue)
}

/// How many lines were lost.
#[derive(Clone, Default)]
pub(crate) struct DroppedLines {
    /// Of lines that found the queue full.
    overflow: Arc<OnceLock<ErrorCounter>>,
    /// Of lines that standard output refused.
    unwritten: Arc<AtomicU64>,
}

impl DroppedLines {
    pub fn total(&self) -> u64 {
        self.overflow() + self.unwritten.load(Ordering::Relaxed)
    }

    fn overflow(&self) -> u64 {
        self.overflow
            .get()
            .map_or(0, |lines| lines.dropped_lines() as u64)
    }

    fn export_counter(&self) {
        let dropped = self.clone();
        global::meter(SCOPE)
            .u64_observable_counter("mysfits.log_lines.dropped")
            .with_unit("{line}")
            .with_description("The number of log lines that did not reach standard output")
            .with_callback(move |counter| {
                let kind = |kind| [KeyValue::new("error.type", kind)];
                counter.observe(dropped.overflow(), &kind("queue_full"));
                let unwritten = dropped.unwritten.load(Ordering::Relaxed);
                counter.observe(unwritten, &kind("write_failed"));
            })
            .build();
    }
}

/// Standard output as the thread sees it that empties the queue.
struct Output<W> {
    out: W,
    dropped: DroppedLines,
    /// Lines that were dropped before this overflow, or at all if there is none.
    before: u64,
    overflows: bool,
    fails: bool,
}

impl<W: Write> Output<W> {
    fn new(out: W, dropped: DroppedLines) -> Self {
        Self {
            out,
            dropped,
            before: 0,
            overflows: false,
            fails: false,
        }
    }

    /// Logs that lines were dropped. To be called when standard output takes lines.
    fn report_start(&mut self) {
        let dropped = self.dropped.total() - self.before;
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
            let total = self.dropped.total();
            let dropped = total - self.before;
            self.before = total;
            tracing::info!(
                target: PAST_THE_QUEUE,
                dropped,
                "standard output takes all log lines again; so many were dropped meanwhile"
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
            self.dropped.unwritten.fetch_add(1, Ordering::Relaxed);
            if !self.fails {
                self.fails = true;
                eprintln!("log lines are dropped, because standard output fails: {error}");
            }
            return Err(error);
        }
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
