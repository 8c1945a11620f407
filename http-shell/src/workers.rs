//! All workers of a server, from their start to their end.

use std::io;
use std::num::NonZero;
use std::thread::{JoinHandle, available_parallelism};
use std::time::Duration;

use actix_service::ServiceFactory;
use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::drain::Lifecycle;
use crate::worker::{self, Connection, Phase};

/// How long connections stay open after the listener is closed, so that what their clients have sent
/// by then is read.
const SETTLE: Duration = Duration::from_millis(250);

/// Longest wait for the worker threads to drop the requests that are cut off.
const CUT_LIMIT: Duration = Duration::from_secs(2);

/// The threads of the workers. When this is dropped, they have ended, and each request is recorded.
pub struct Workers {
    /// `None` only while this is dropped.
    phase: Option<watch::Sender<Phase>>,
    /// Receives a message when a worker has ended its last request, and closes after the last worker.
    finishes: mpsc::UnboundedReceiver<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a worker for each processor; also returns their sending sides.
    pub fn start<F, T, B>(
        app: &F,
        lifecycle: &Lifecycle,
    ) -> io::Result<(Self, Vec<mpsc::UnboundedSender<Connection>>)>
    where
        F: Fn() -> App<T> + Clone + Send + 'static,
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = actix_web::Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        let (phase, follow) = watch::channel(Phase::Serving);
        let (finished, finishes) = mpsc::unbounded_channel();
        let mut workers = Self {
            phase: Some(phase),
            finishes,
            threads: Vec::new(),
        };
        let mut senders = Vec::new();
        for _ in 0..available_parallelism().map_or(1, NonZero::get) {
            let (sender, connections) = mpsc::unbounded_channel();
            let thread = worker::start(
                app.clone(),
                connections,
                follow.clone(),
                lifecycle.clone(),
                finished.clone(),
            )?;
            workers.threads.push(thread);
            senders.push(sender);
        }
        Ok((workers, senders))
    }

    /// Resolves when a worker ends before [`Workers::drain`], which only a panic makes it do.
    pub async fn one_ends(&mut self) {
        self.finishes.recv().await;
    }

    /// Lets the requests under way end within `grace` and cuts off the others. The sending sides must
    /// have been dropped.
    pub async fn drain(mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        sleep(SETTLE.min(grace)).await;
        self.set_phase(Phase::Closing);
        if timeout_at(deadline, self.all_finish()).await.is_ok() {
            return;
        }
        tracing::warn!("requests still under way at the end of the grace period are cut off");
        self.set_phase(Phase::Cut);
        if timeout(CUT_LIMIT, self.all_finish()).await.is_err() {
            tracing::error!("a worker thread is blocked, its requests are not recorded");
            self.threads.clear();
        }
    }

    async fn all_finish(&mut self) {
        while self.finishes.recv().await.is_some() {}
    }

    fn set_phase(&self, to: Phase) {
        if let Some(phase) = &self.phase {
            phase.send_replace(to);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Without a phase a worker cuts off what is under way, and ends.
        self.phase.take();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
