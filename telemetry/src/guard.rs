//! The end of the telemetry.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::logs::Lines;
use crate::sampler::Poller;

/// Longest wait for the last spans and metrics at the end of a process, and then for its last lines.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// How long the final metrics export waits for the final span export, so that it includes the counters of those spans.
const SPANS_FIRST: Duration = Duration::from_secs(1);

/// Dropping it flushes spans, metrics and log lines, within four seconds, and ends the telemetry.
///
/// Drop it last. The drain makes spans and lines, too.
#[must_use = "dropping the guard ends the telemetry"]
pub struct Guard {
    pub(crate) traces: SdkTracerProvider,
    pub(crate) metrics: Option<SdkMeterProvider>,
    pub(crate) rules: Option<Poller>,
    pub(crate) lines: Option<Lines>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.rules.take();
        let traces = self.traces.clone();
        let metrics = self.metrics.take();
        let (spans_flushed, spans_end) = mpsc::channel::<()>();
        within(vec![
            Box::new(move || {
                let _ = traces.shutdown_with_timeout(FLUSH_TIME);
                drop(spans_flushed);
            }),
            Box::new(move || {
                let _ = spans_end.recv_timeout(SPANS_FIRST);
                let _ = metrics.map(|it| it.shutdown_with_timeout(FLUSH_TIME));
            }),
        ]);
        // Last, because the others log their failures.
        let lost = self.lines.take().map_or(0, |it| it.flush(FLUSH_TIME));
        if lost > 0 {
            eprintln!(
                "{lost} log lines were lost, because standard output did not take them in time"
            );
        }
    }
}

/// Does all of `work` at once, each on a thread of its own. Returns when all is done or [`FLUSH_TIME`]
/// is over.
fn within(work: Vec<Box<dyn FnOnce() + Send>>) {
    let (done, end) = mpsc::channel::<()>();
    for work in work {
        let done = done.clone();
        thread::spawn(move || {
            work();
            drop(done);
        });
    }
    drop(done);
    // Nothing is sent. The channel closes when the last thread is done.
    let _ = end.recv_timeout(FLUSH_TIME);
}
