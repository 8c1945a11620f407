//! The number of connections, and how many of them are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts connections.
#[derive(Debug, Default)]
pub struct Connections {
    opened: AtomicU64,
    active: AtomicU64,
}

impl Connections {
    /// Counts a connection, which is active until the value is dropped.
    pub fn open(self: &Arc<Self>) -> OpenConnection {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.active.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }

    /// The number of connections since the start.
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// The number of connections now.
    pub fn active(&self) -> u64 {
        self.active.load(Ordering::Relaxed)
    }
}

/// A connection that is counted as active.
#[derive(Debug)]
pub struct OpenConnection(Arc<Connections>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_active_until_it_is_dropped() {
        let connections = Arc::new(Connections::default());
        let (first, second) = (connections.open(), connections.open());
        drop(first);
        assert_eq!((connections.opened(), connections.active()), (2, 1));
        drop(second);
        assert_eq!((connections.opened(), connections.active()), (2, 0));
    }
}
