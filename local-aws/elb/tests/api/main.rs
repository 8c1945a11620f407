//! The load balancer with simple targets, with real sockets.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

mod client;
mod target;

mod access_log;
mod balancing;
mod connection_limit;
mod elbv2;
mod failing_targets;
mod forwarding;
mod health_checks;
mod metering;
mod time_limits;

/// Maximum time for which a test waits for a condition.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two checks of the condition for which a test waits.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// Polls `look` until it returns a value.
async fn found<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Polls `happened` until it returns true. Blocks the thread.
fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(POLL_INTERVAL);
    }
}
