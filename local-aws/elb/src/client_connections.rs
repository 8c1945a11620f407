//! The limit of client connections.
//!
//! Idle clients must not use up the files of the process, because each request needs a connection to a target too. An ALB has no such
//! limit; it adds nodes.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::connection::ConnectionState;

/// The open connections of clients.
#[derive(Debug)]
pub struct ClientConnections {
    max: usize,
    /// Also has closed connections, until there are `max`.
    open: Mutex<Vec<Weak<ConnectionState>>>,
}

impl ClientConnections {
    pub fn new(max: usize) -> Self {
        Self {
            max,
            open: Mutex::default(),
        }
    }

    /// Adds a connection. At the limit, closes the connection that has waited longest for a request, first among those that never had
    /// one. A connection with a request in progress stays open, so that the limit can be exceeded by busy connections.
    pub fn add(&self, connection: &Arc<ConnectionState>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= self.max {
            open.retain(|connection| connection.strong_count() > 0);
        }
        if open.len() >= self.max {
            let connections = open.iter().filter_map(Weak::upgrade);
            let waiting = connections.filter_map(|it| Some((it.waits_since()?, it)));
            if let Some((_, longest)) = waiting.min_by_key(|(since, _)| *since) {
                longest.close();
            }
        }
        open.push(Arc::downgrade(connection));
    }
}
