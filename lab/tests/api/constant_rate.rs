//! Likes at a constant rate, also while earlier likes wait for their answers. So a slow answer does not change how many likes are sent.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::client::{client, like};
use crate::found;

/// The number of likes that may wait for their answers. More wait only if the machine cannot keep the rate.
const MAX_WAITING: usize = 2_000;

/// A like that was answered.
#[derive(Clone, Debug)]
pub struct Like {
    pub sent: Instant,
    pub answered: Instant,
    pub status: u16,
}

/// The likes of a run.
#[derive(Debug)]
pub struct Likes(Vec<Like>);

impl Likes {
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    pub fn failed(&self) -> impl Iterator<Item = &Like> {
        self.0.iter().filter(|like| like.status != 200)
    }

    pub fn acknowledged(&self) -> impl Iterator<Item = &Like> {
        self.0.iter().filter(|like| like.status == 200)
    }
}

#[derive(Debug, Default)]
struct Shared {
    sent: AtomicUsize,
    answered: Mutex<Vec<Like>>,
    must_stop: AtomicBool,
}

impl Shared {
    fn waiting(&self) -> usize {
        let answered = self.answered.lock().unwrap().len();
        self.sent.load(Ordering::Relaxed).saturating_sub(answered)
    }
}

/// A running load.
pub struct Load {
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
}

impl Load {
    /// Sends `rate` likes per second until [`Self::stop`] is called.
    pub fn start(alb: &str, rate: u64) -> Self {
        let shared = Arc::<Shared>::default();
        let sender = send(alb.to_owned(), rate, Arc::clone(&shared));
        Self {
            shared,
            sender: tokio::spawn(sender),
        }
    }

    /// Fails if the load has failed.
    pub fn assert_running(&self) {
        assert!(!self.sender.is_finished(), "the load has failed");
    }

    /// Ends the load, and waits until all likes are answered.
    pub async fn stop(self) -> Likes {
        self.shared.must_stop.store(true, Ordering::Relaxed);
        self.sender.await.unwrap();
        found("all likes are answered", async || {
            (self.shared.waiting() == 0).then_some(())
        })
        .await;
        Likes(mem::take(&mut *self.shared.answered.lock().unwrap()))
    }
}

async fn send(alb: String, rate: u64, shared: Arc<Shared>) {
    let client = client();
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(rate).unwrap());
    while !shared.must_stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let waiting = shared.waiting();
        assert!(
            waiting < MAX_WAITING,
            "this machine cannot keep the rate: {waiting} likes wait"
        );
        shared.sent.fetch_add(1, Ordering::Relaxed);
        let (client, alb, shared) = (client.clone(), alb.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let sent = Instant::now();
            let status = like(&client, &alb).await;
            let answered = Instant::now();
            shared.answered.lock().unwrap().push(Like {
                sent,
                answered,
                status,
            });
        });
    }
}
