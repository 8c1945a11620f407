//! Flushes the telemetry at the end of the process.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::logs::LogQueue;
use crate::sampler::Poller;

/// The longest wait for the last spans and metrics. The wait for the last log lines follows, and has
/// the same limit.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the final metrics export waits for the final span export, so that the exported metrics
/// include the counters of those spans.
const SPAN_FLUSH_HEAD_START: Duration = Duration::from_secs(1);

/// Flushes spans, metrics and log lines when it is dropped, within four seconds.
///
/// Drop it after the last requests have finished, because they still produce spans and log lines.
#[must_use = "dropping the guard stops the telemetry"]
pub struct FlushGuard {
    pub(crate) tracer_provider: SdkTracerProvider,
    pub(crate) meter_provider: Option<SdkMeterProvider>,
    pub(crate) rules_poller: Option<Poller>,
    pub(crate) log_queue: Option<LogQueue>,
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        self.rules_poller.take();
        let tracer_provider = self.tracer_provider.clone();
        let meter_provider = self.meter_provider.take();
        let (spans_pending, spans_flushed) = mpsc::channel::<()>();
        run_in_parallel(vec![
            Box::new(move || {
                let _ = tracer_provider.shutdown_with_timeout(FLUSH_TIMEOUT);
                drop(spans_pending);
            }),
            Box::new(move || {
                let _ = spans_flushed.recv_timeout(SPAN_FLUSH_HEAD_START);
                let _ =
                    meter_provider.map(|provider| provider.shutdown_with_timeout(FLUSH_TIMEOUT));
            }),
        ]);
        // Log lines are flushed last, because failed exports are logged.
        let log_queue = self.log_queue.take();
        let lost_lines = log_queue.map_or(0, |queue| queue.flush(FLUSH_TIMEOUT));
        if lost_lines > 0 {
            eprintln!(
                "{lost_lines} log lines were lost, because they could not be written to standard output in time"
            );
        }
    }
}

/// Runs each task on a thread of its own. Returns when all tasks are done or [`FLUSH_TIMEOUT`] is over.
fn run_in_parallel(tasks: Vec<Box<dyn FnOnce() + Send>>) {
    let (pending, all_done) = mpsc::channel::<()>();
    for task in tasks {
        let pending = pending.clone();
        thread::spawn(move || {
            task();
            drop(pending);
        });
    }
    drop(pending);
    // Nothing is sent. The channel closes when the last thread drops its sender.
    let _ = all_done.recv_timeout(FLUSH_TIMEOUT);
}
