//! The two ways in which a process is asked to stop.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at the first SIGTERM (what ECS sends) or Ctrl-C. Must be called inside a runtime.
///
/// The handlers are in place when this returns, so that no signal falls into a gap.
///
/// # Errors
///
/// When the operating system refuses a handler.
pub fn stop_requested() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
