//! Starts the worker threads of a server, and drains the worker threads on shutdown.

use std::io;
use std::num::NonZero;
use std::thread::{JoinHandle, available_parallelism};
use std::time::Duration;

use actix_web::web::ServiceConfig;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::app::AppBuilder;
use crate::drain::Lifecycle;
use crate::worker::{self, AcceptedConnection, Phase, WorkerChannels};

/// Delay between closing the listener and closing idle connections. The delay gives requests that are still
/// on the network the time to arrive.
const IDLE_CLOSE_DELAY: Duration = Duration::from_millis(250);

/// Maximum time in which the worker threads must drop the aborted requests.
const ABORT_TIMEOUT: Duration = Duration::from_secs(2);

/// The worker threads. Dropping `Workers` waits until the threads have ended and all requests are recorded.
pub struct Workers {
    /// This field is `None` only while `Workers` is dropped.
    phase: Option<watch::Sender<Phase>>,
    /// Receives one message from each worker, after the end of the worker's last request. The message
    /// channel closes after the message of the last worker.
    finished_workers: mpsc::UnboundedReceiver<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts one worker for each processor. Returns the workers, and for each worker the sender of its
    /// connections.
    pub fn start<R>(
        app: &AppBuilder<R>,
        lifecycle: &Lifecycle,
    ) -> io::Result<(Self, Vec<mpsc::UnboundedSender<AcceptedConnection>>)>
    where
        R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let (phase, phase_receiver) = watch::channel(Phase::Serving);
        let (finished, finished_workers) = mpsc::unbounded_channel();
        let mut workers = Self {
            phase: Some(phase),
            finished_workers,
            threads: Vec::new(),
        };
        let mut senders = Vec::new();
        for _ in 0..available_parallelism().map_or(1, NonZero::get) {
            let (sender, connections) = mpsc::unbounded_channel();
            let channels = WorkerChannels {
                connections,
                phase: phase_receiver.clone(),
                finished: finished.clone(),
            };
            let thread = worker::start(app.clone(), channels, lifecycle.clone())?;
            workers.threads.push(thread);
            senders.push(sender);
        }
        Ok((workers, senders))
    }

    /// Resolves when a worker ends before [`Workers::drain`] is called. The cause is a panic or an error at
    /// the start of the worker.
    pub async fn wait_for_early_end(&mut self) {
        self.finished_workers.recv().await;
    }

    /// Waits up to the duration `grace` for the requests in progress, and aborts the requests that have not
    /// ended. The server must first drop the channel senders through which it sends connections to the
    /// workers.
    pub async fn drain(mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        sleep(IDLE_CLOSE_DELAY.min(grace)).await;
        self.set_phase(Phase::Closing);
        if timeout_at(deadline, self.wait_for_all()).await.is_ok() {
            return;
        }
        tracing::warn!("the grace period has ended: the requests still in progress are aborted");
        self.set_phase(Phase::Aborting);
        if timeout(ABORT_TIMEOUT, self.wait_for_all()).await.is_err() {
            tracing::error!("a worker thread is blocked: its requests are not recorded");
            self.threads.clear();
        }
    }

    async fn wait_for_all(&mut self) {
        while self.finished_workers.recv().await.is_some() {}
    }

    fn set_phase(&self, next_phase: Phase) {
        if let Some(phase) = &self.phase {
            phase.send_replace(next_phase);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Each worker aborts its requests and ends when this channel is closed.
        self.phase.take();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::health::Readiness;
    use crate::observe::tests::TestTelemetry;

    #[tokio::test]
    async fn the_wait_for_an_early_end_resolves_when_one_worker_panics() {
        let lifecycle = Lifecycle::default();
        let has_panicked = Arc::new(AtomicBool::new(false));
        let app = AppBuilder::new(
            lifecycle.clone(),
            Readiness::new(async || Ok::<_, io::Error>(())),
            TestTelemetry::new().observer(),
            move |_: &mut ServiceConfig| {
                assert!(has_panicked.swap(true, Ordering::Relaxed), "first worker");
            },
        );
        let (mut workers, _senders) = Workers::start(&app, &lifecycle).unwrap();
        let early_end = workers.wait_for_early_end();
        timeout(Duration::from_secs(20), early_end).await.unwrap();
    }
}
