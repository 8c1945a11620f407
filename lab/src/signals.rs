//! Being asked to stop: Ctrl-C, SIGTERM, or a terminal that was closed.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Signals this close together are one wish: `timeout`, for one, sends its signal twice.
const ONE_WISH: Duration = Duration::from_millis(300);

/// Counts the requests to stop. Clones share the count.
#[derive(Clone, Debug)]
pub struct Signals {
    count: watch::Receiver<u32>,
}

impl Signals {
    /// Takes over the signals of this process. Must be called inside a runtime.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a handler.
    pub fn install() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let (counter, count) = watch::channel(0);
        tokio::spawn(async move {
            let mut counted: Option<Instant> = None;
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                if counted.is_none_or(|counted| counted.elapsed() > ONE_WISH) {
                    counted = Some(Instant::now());
                    counter.send_modify(|count| *count += 1);
                }
            }
        });
        Ok(Self { count })
    }

    /// Resolves once there have been `times` of them.
    pub async fn received(mut self, times: u32) {
        if self.count.wait_for(|count| *count >= times).await.is_err() {
            // The counter lives as long as the runtime; without it there are no more signals.
            std::future::pending::<()>().await;
        }
    }
}
