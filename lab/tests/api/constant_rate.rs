//! Likes at a constant rate, also while earlier likes wait for their answers. So a slow answer does not change how many likes are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::client::{client, like};
use crate::found;

/// The number of likes that may wait for their answers. More wait only if the machine cannot keep the rate.
const MAX_WAITING: u64 = 2_000;

/// The likes of a run.
#[derive(Debug)]
pub struct Counts {
    pub sent: u64,
    pub acknowledged: u64,
    /// Likes with another status than 200.
    pub failed: u64,
}

impl Counts {
    fn waiting(&self) -> u64 {
        self.sent.saturating_sub(self.acknowledged + self.failed)
    }
}

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    acknowledged: AtomicU64,
    failed: AtomicU64,
    must_stop: AtomicBool,
}

impl Counters {
    fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            sent: read(&self.sent),
            acknowledged: read(&self.acknowledged),
            failed: read(&self.failed),
        }
    }
}

/// A running load.
pub struct Load {
    counters: Arc<Counters>,
    sender: JoinHandle<()>,
}

impl Load {
    /// Sends `rate` likes per second until [`Self::stop`] is called.
    pub fn start(alb: &str, rate: u64) -> Self {
        let counters = Arc::<Counters>::default();
        let sender = send(alb.to_owned(), rate, Arc::clone(&counters));
        Self {
            counters,
            sender: tokio::spawn(sender),
        }
    }

    /// Ends the load, and waits until all likes are answered.
    pub async fn stop(self) -> Counts {
        self.counters.must_stop.store(true, Ordering::Relaxed);
        self.sender.await.unwrap();
        found("all likes are answered", async || {
            let counts = self.counters.read();
            (counts.waiting() == 0).then_some(counts)
        })
        .await
    }
}

async fn send(alb: String, rate: u64, counters: Arc<Counters>) {
    let client = client();
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(rate).unwrap());
    while !counters.must_stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let waiting = counters.read().waiting();
        assert!(
            waiting < MAX_WAITING,
            "this machine cannot keep the rate: {waiting} likes wait"
        );
        counters.sent.fetch_add(1, Ordering::Relaxed);
        let (client, alb, counters) = (client.clone(), alb.clone(), Arc::clone(&counters));
        tokio::spawn(async move {
            let counter = match like(&client, &alb).await {
                200 => &counters.acknowledged,
                _ => &counters.failed,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        });
    }
}
