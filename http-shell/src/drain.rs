//! The state of a shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the server is draining, and whether the server is aborting requests. All clones of a `Lifecycle`
/// share one shutdown state.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    is_draining: Arc<AtomicBool>,
    is_aborting: Arc<AtomicBool>,
}

impl Lifecycle {
    /// Returns true from the start of the drain to the end of the process.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    pub(crate) fn start_draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Returns true after the end of the grace period, when the server drops the requests in progress.
    pub(crate) fn is_aborting(&self) -> bool {
        self.is_aborting.load(Ordering::Relaxed)
    }

    pub(crate) fn start_aborting(&self) {
        self.is_aborting.store(true, Ordering::Relaxed);
    }
}
