//! Handlers of the signals SIGTERM and SIGINT, which stop a process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Handlers of SIGTERM, which ECS sends, and of SIGINT, which Ctrl-C sends.
#[derive(Debug)]
pub struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Installs the signal handlers. A signal that arrives before [`StopSignal::wait`] is called is not lost.
    /// The caller must be inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns an error when the operating system does not install a signal handler.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the first signal.
    pub async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
