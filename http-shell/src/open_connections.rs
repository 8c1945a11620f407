//! Limits the open connections of a server.
//!
//! If the limit is reached, the server closes connections that wait for a request: first those that never had one, and of these first those
//! that have waited longest. Otherwise clients that send nothing could occupy all connections, and no health check would be answered until the idle timeout.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// Time until the server again looks for a connection to close, because a request may have ended meanwhile.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// The value of [`Activity::waits_since`] while a request is in progress.
const BUSY: u64 = u64::MAX;

/// Added to [`Activity::waits_since`] after the first request. A load balancer may send the next request on such a connection at any
/// time, so connections without a request are closed first.
const HAD_REQUEST: u64 = 1 << 63;

type Activities = Arc<Mutex<HashMap<u64, Arc<Activity>>>>;

/// The open connections of a server.
#[derive(Debug)]
pub struct OpenConnections {
    permits: Arc<Semaphore>,
    activities: Activities,
    next_number: u64,
    started_at: Instant,
}

impl OpenConnections {
    /// Permits `limit` connections at the same time.
    pub fn new(limit: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            activities: Activities::default(),
            next_number: 0,
            started_at: Instant::now(),
        }
    }

    /// Adds a connection. Returns `None` if the limit is reached.
    pub fn try_add(&mut self) -> Option<OpenConnection> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(self.open(Some(permit)))
    }

    /// Waits until another connection is permitted. If the limit is reached, closes connections that wait for a request, so that the next
    /// client is accepted at once. If all connections have a request in progress, waits until a request has ended.
    pub async fn add(&mut self) -> OpenConnection {
        loop {
            if let Some(connection) = self.try_add() {
                return connection;
            }
            self.close_waiting();
            let permit = Arc::clone(&self.permits).acquire_owned();
            if let Ok(Ok(permit)) = timeout(RETRY_INTERVAL, permit).await {
                return self.open(Some(permit));
            }
        }
    }

    /// Adds a connection that was made before the listener is closed, also above the limit.
    pub fn add_last(&mut self) -> OpenConnection {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok();
        if permit.is_none() {
            self.close_waiting();
        }
        self.open(permit)
    }

    fn open(&mut self, permit: Option<OwnedSemaphorePermit>) -> OpenConnection {
        let number = self.next_number;
        self.next_number += 1;
        let activity = Arc::new(Activity {
            started_at: self.started_at,
            waits_since: AtomicU64::default(),
            must_close: Notify::new(),
        });
        activity
            .waits_since
            .store(activity.now(), Ordering::Relaxed);
        lock(&self.activities).insert(number, Arc::clone(&activity));
        OpenConnection {
            number,
            activity,
            activities: Arc::clone(&self.activities),
            _permit: permit,
        }
    }

    /// Closes the hundredth of the connections that has waited longest, and at least one, so that an attacker does not cause a search for
    /// each of its connections.
    fn close_waiting(&self) {
        let activities = lock(&self.activities);
        let waiting = activities.values().filter_map(|activity| {
            let since = activity.waits_since.load(Ordering::Relaxed);
            (since != BUSY).then_some((since, activity))
        });
        let mut waiting: Vec<_> = waiting.collect();
        let count = (activities.len() / 100).max(1).min(waiting.len());
        if count > 0 {
            waiting.select_nth_unstable_by_key(count - 1, |(since, _)| *since);
        }
        for (_, activity) in &waiting[..count] {
            activity.must_close.notify_one();
        }
    }
}

fn lock(activities: &Activities) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
    activities.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open connection. It counts towards the limit until it is dropped.
#[derive(Debug)]
pub struct OpenConnection {
    number: u64,
    /// Whether the connection has a request in progress.
    pub activity: Arc<Activity>,
    activities: Activities,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        lock(&self.activities).remove(&self.number);
    }
}

/// Whether a connection has a request in progress. The worker of the connection writes it, and the acceptor reads it.
#[derive(Debug)]
pub struct Activity {
    started_at: Instant,
    /// Milliseconds from `started_at` to the moment at which the connection was opened or its last request ended, or [`BUSY`].
    waits_since: AtomicU64,
    must_close: Notify,
}

impl Activity {
    /// Records that a request has started.
    pub fn start_request(&self) {
        self.waits_since.store(BUSY, Ordering::Relaxed);
    }

    /// Records that a response was sent.
    pub fn end_request(&self) {
        let since = self.now() | HAD_REQUEST;
        self.waits_since.store(since, Ordering::Relaxed);
    }

    fn is_busy(&self) -> bool {
        self.waits_since.load(Ordering::Relaxed) == BUSY
    }

    fn now(&self) -> u64 {
        self.started_at.elapsed().as_millis() as u64
    }

    /// Resolves when the connection has to be closed because the limit is reached. Never resolves from the start of a request until its
    /// response was sent.
    pub async fn must_close(&self) {
        loop {
            self.must_close.notified().await;
            // A request may have started after the acceptor had selected this connection.
            if !self.is_busy() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use tokio::time::advance;

    /// Opens `count` connections, one each second.
    async fn open(connections: &mut OpenConnections, count: usize) -> Vec<OpenConnection> {
        let mut opened = Vec::new();
        for _ in 0..count {
            opened.push(connections.try_add().unwrap());
            advance(Duration::from_secs(1)).await;
        }
        opened
    }

    async fn is_selected(connection: &OpenConnection) -> bool {
        let must_close = connection.activity.must_close();
        timeout(Duration::ZERO, must_close).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn connections_without_a_request_are_closed_first_and_those_with_a_request_in_progress_never()
     {
        let mut connections = OpenConnections::new(4);
        let opened = open(&mut connections, 4).await;
        opened[0].activity.start_request();
        opened[1].activity.start_request();
        opened[1].activity.end_request();
        assert!(connections.try_add().is_none());
        for (closed, remaining) in [(2, vec![0, 1, 3]), (3, vec![0, 1]), (1, vec![0])] {
            assert!(
                timeout(RETRY_INTERVAL / 2, connections.add())
                    .await
                    .is_err()
            );
            assert!(is_selected(&opened[closed]).await, "{closed}");
            for other in remaining {
                assert!(!is_selected(&opened[other]).await, "{other}");
            }
            opened[closed].activity.start_request();
        }
        assert!(
            timeout(RETRY_INTERVAL * 100, connections.add())
                .await
                .is_err()
        );
        for connection in &opened {
            assert!(!is_selected(connection).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_added_when_another_one_is_closed_or_its_request_ends() {
        let mut connections = OpenConnections::new(1);
        let first = connections.try_add().unwrap();
        first.activity.start_request();
        {
            let mut add = pin!(connections.add());
            assert!(timeout(RETRY_INTERVAL * 3, &mut add).await.is_err());
            first.activity.end_request();
            assert!(timeout(RETRY_INTERVAL * 2, &mut add).await.is_err());
            first.activity.must_close().await;
            drop(first);
            drop(add.await);
        }
        assert!(lock(&connections.activities).is_empty());
        assert!(connections.try_add().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_connections_are_added_above_the_limit() {
        let mut connections = OpenConnections::new(1);
        let idle = connections.try_add().unwrap();
        let _last = connections.add_last();
        assert!(is_selected(&idle).await);
        idle.activity.start_request();
        let _last_of_all = connections.add_last();
        assert!(connections.try_add().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_connections_the_hundredth_that_has_waited_longest_is_closed_at_once() {
        let mut connections = OpenConnections::new(1_000);
        let opened = open(&mut connections, 1_000).await;
        assert!(
            timeout(RETRY_INTERVAL / 2, connections.add())
                .await
                .is_err()
        );
        for (number, connection) in opened.iter().enumerate() {
            assert_eq!(is_selected(connection).await, number < 10, "{number}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_starts_after_the_selection_keeps_its_connection() {
        let mut connections = OpenConnections::new(1);
        let connection = connections.try_add().unwrap();
        assert!(
            timeout(RETRY_INTERVAL / 2, connections.add())
                .await
                .is_err()
        );
        connection.activity.start_request();
        assert!(!is_selected(&connection).await);
    }
}
