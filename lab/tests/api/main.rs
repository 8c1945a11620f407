//! The lab as people start it: its own binary, real tasks, real sockets.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

mod client;
mod constant_rate;
mod process;

mod aws;
mod chaos;
mod ecs;
mod elbv2;
mod endpoints_file;
mod env;
mod exam;
mod goto;
mod guard;
mod hostile_bodies;
mod hostile_clients;
mod ledger;
mod likes;
mod load;
mod logs;
mod reset;
mod rules;
mod sampling;
mod site;
#[cfg(target_os = "linux")]
mod soak;
mod start;
mod stop;
mod tasks;
mod traces;
mod trouble_at_start;
mod xray;

/// How long a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two looks at what a test waits for.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// Some mysfit of the seed data.
const MYSFIT: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";

/// Looks again and again until there is something, without holding up other work.
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

/// Looks again and again until `happened`.
fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(POLL_INTERVAL);
    }
}
