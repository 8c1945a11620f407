//! Flushes the telemetry at the end of the process.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::logs::LogQueue;
use crate::sampler::Poller;

/// The timeout of the final export of spans and metrics. The subsequent flush of the log queue has the
/// same timeout.
pub(crate) const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest time that the final metrics export waits for the final span export. After the span
/// export, the metrics include the number of exported spans.
const MAX_SPAN_EXPORT_WAIT: Duration = Duration::from_secs(1);

/// Flushes spans, metrics and log lines within four seconds when the guard is dropped.
///
/// Drop the guard after the last request has finished, because each request produces spans and log
/// lines.
#[must_use = "dropping the guard stops the telemetry"]
pub struct FlushGuard {
    pub(crate) tracer_provider: SdkTracerProvider,
    pub(crate) meter_provider: Option<SdkMeterProvider>,
    pub(crate) rules_poller: Option<Poller>,
    pub(crate) log_queue: LogQueue,
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        self.rules_poller.take();
        let tracer_provider = self.tracer_provider.clone();
        let meter_provider = self.meter_provider.take();
        let (span_export_running, span_export_finished) = mpsc::channel::<()>();
        run_in_parallel(vec![
            Box::new(move || {
                let _ = tracer_provider.shutdown_with_timeout(FLUSH_TIMEOUT);
                drop(span_export_running);
            }),
            Box::new(move || {
                let _ = span_export_finished.recv_timeout(MAX_SPAN_EXPORT_WAIT);
                let _ =
                    meter_provider.map(|provider| provider.shutdown_with_timeout(FLUSH_TIMEOUT));
            }),
        ]);
        // The log queue is flushed last, because the final exports can log failures.
        let lost_lines = self.log_queue.wait_until_written(FLUSH_TIMEOUT);
        if lost_lines > 0 {
            eprintln!(
                "{lost_lines} log lines were lost, because they could not be written to standard output in time"
            );
        }
    }
}

/// Runs each task in a new thread. Returns when all tasks have finished, or after [`FLUSH_TIMEOUT`].
fn run_in_parallel(tasks: Vec<Box<dyn FnOnce() + Send>>) {
    let (task_running, all_tasks_finished) = mpsc::channel::<()>();
    for task in tasks {
        let task_running = task_running.clone();
        thread::spawn(move || {
            task();
            drop(task_running);
        });
    }
    drop(task_running);
    // The channel carries no messages. `recv_timeout` returns when the last thread drops its sender.
    let _ = all_tasks_finished.recv_timeout(FLUSH_TIMEOUT);
}
