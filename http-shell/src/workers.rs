//! The worker threads of a server, from their start to the end of the drain.

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

/// Idle connections are closed this long after the listener, so that requests that clients have sent
/// by then are still read.
const IDLE_CLOSE_DELAY: Duration = Duration::from_millis(250);

/// How long the worker threads may take to drop the aborted requests.
const ABORT_TIMEOUT: Duration = Duration::from_secs(2);

/// The worker threads. The drop waits until the threads have ended and each request is recorded.
pub struct Workers {
    /// `None` only during the drop.
    phase: Option<watch::Sender<Phase>>,
    /// Receives a message when a worker has ended its last request, and closes after the last worker.
    finished_workers: mpsc::UnboundedReceiver<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a worker for each processor. Also returns the channel of each worker, to which the server
    /// sends connections.
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

    /// Resolves when a worker ends before [`Workers::drain`] is called, which happens only by a panic.
    pub async fn wait_for_early_end(&mut self) {
        self.finished_workers.recv().await;
    }

    /// Waits up to `grace` for the requests in progress, and aborts those that remain. The server must
    /// have dropped the channels of connections before.
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
        // Closing this channel makes each worker abort its requests and end.
        self.phase.take();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
