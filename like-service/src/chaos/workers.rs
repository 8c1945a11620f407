//! A process with too few workers: each like occupies a worker for a time, and further likes wait.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::burner::{MAX_WAITING_LIKES, Overloaded};
use super::overrides::WorkerSettings;

/// The workers of one process. They use no CPU time.
#[derive(Debug)]
pub struct Workers {
    /// Likes get their permits in the order of their arrival.
    permits: Semaphore,
    /// Each like that occupies a worker or waits for one has a permit of this semaphore.
    admission_permits: Semaphore,
    time: Duration,
}

impl Workers {
    pub fn new(settings: WorkerSettings) -> Self {
        Self {
            permits: Semaphore::new(settings.count),
            admission_permits: Semaphore::new(settings.count + MAX_WAITING_LIKES),
            time: Duration::from_millis(settings.ms),
        }
    }

    /// Waits for a worker, and occupies the worker for its time.
    ///
    /// # Errors
    ///
    /// Returns an error when too many likes are already waiting.
    pub async fn occupy(&self) -> Result<(), Overloaded> {
        let _admission = self
            .admission_permits
            .try_acquire()
            .map_err(|_| Overloaded)?;
        let _permit = self.permits.acquire().await.map_err(|_| Overloaded)?;
        sleep(self.time).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use tokio::time::Instant;

    /// The clock of tokio advances only when all tasks wait.
    #[tokio::test(start_paused = true)]
    async fn likes_get_workers_in_order_and_those_beyond_the_waiting_limit_are_rejected() {
        let workers = Workers::new(WorkerSettings { count: 2, ms: 10 });
        let start = Instant::now();
        let likes = (0..MAX_WAITING_LIKES + 5).map(|_| async {
            let outcome = workers.occupy().await;
            (outcome.is_ok(), start.elapsed().as_millis())
        });
        let outcomes = join_all(likes).await;
        let (served, rejected) = outcomes.split_at(MAX_WAITING_LIKES + 2);
        assert_eq!(rejected, [(false, 0); 3]);
        for (index, outcome) in (0..).zip(served) {
            assert_eq!(*outcome, (true, (index / 2 + 1) * 10));
        }
    }
}
