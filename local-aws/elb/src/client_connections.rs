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

    /// Adds a connection. At the limit, closes the hundredth of the connections, and at least one, that has waited longest for a request:
    /// first of those that never had one. So an attacker does not cause a search for each of its connections. A connection with a request
    /// stays open until the response was sent, so that busy connections can exceed the limit.
    pub fn add(&self, connection: &Arc<ConnectionState>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= self.max {
            open.retain(|connection| connection.strong_count() > 0);
        }
        if open.len() >= self.max {
            let connections = open.iter().filter_map(Weak::upgrade);
            let waiting = connections.filter_map(|it| Some((it.waiting_for_request()?, it)));
            let mut waiting: Vec<_> = waiting.collect();
            let count = (self.max / 100).max(1).min(waiting.len());
            if count > 0 {
                waiting.select_nth_unstable_by_key(count - 1, |(waiting, _)| *waiting);
            }
            for (_, connection) in &waiting[..count] {
                connection.close();
            }
        }
        open.push(Arc::downgrade(connection));
    }
}
