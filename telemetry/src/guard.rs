//! The end of the telemetry.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::logs::Lines;
use crate::sampler::Poller;

/// How long the end of a process may wait for its last spans and metrics, and then for its last lines.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// Keeps the telemetry going; dropping it flushes what is still on its way, within four seconds.
///
/// Drop it last, after the drain: the drain has spans and lines too.
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
        // Side by side, so that a backend that is away takes no time from the other.
        within(vec![
            Box::new(move || drop(traces.shutdown_with_timeout(FLUSH_TIME))),
            Box::new(move || drop(metrics.map(|it| it.shutdown_with_timeout(FLUSH_TIME)))),
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

/// Does all of `work` at once, each on a thread of its own, and waits for it no longer than
/// [`FLUSH_TIME`].
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
    // Nothing is ever sent: the channel closes when the last one is done.
    let _ = end.recv_timeout(FLUSH_TIME);
}
