//! What runs side by side in the lab, and the order in which it stops.

use std::convert::Infallible;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;

/// Work that stops together. Clones are the same part.
#[derive(Clone, Debug, Default)]
pub struct Part {
    stop: CancellationToken,
    running: TaskTracker,
}

/// All parts. Dropping them ends whatever still runs, and kills the tasks.
#[derive(Debug, Default)]
pub struct Parts {
    pub likes: Part,
    pub alb: Part,
    pub monoliths: Part,
    pub site: Part,
    pub aws: Part,
    pub xray: Part,
    pub database: Part,
    work: JoinSet<Result<(), Error>>,
}

impl Parts {
    /// Runs `work` as a piece of `part`; it is given what tells it to stop.
    pub fn run<W>(&mut self, part: Part, work: impl FnOnce(CancellationToken) -> W)
    where
        W: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.work
            .spawn(part.running.track_future(work(part.stop.clone())));
    }

    /// Resolves when a part fails.
    pub async fn failed(&mut self) -> Result<Infallible, Error> {
        while let Some(ended) = self.work.join_next().await {
            ended??;
        }
        std::future::pending().await
    }

    /// Stops everything in an order that leaves each part what it needs to finish its requests.
    ///
    /// The Like service calls the monolith through the load balancer, so it goes first; then nothing
    /// new may come in; then the monolith, which still has traces to tell; the database last.
    ///
    /// # Errors
    ///
    /// When a part did not end well.
    pub async fn stop(mut self) -> Result<(), Error> {
        let Self {
            likes,
            alb,
            monoliths,
            site,
            aws,
            xray,
            database,
            work,
        } = &mut self;
        for part in [likes, alb, monoliths, site, aws, xray, database] {
            part.stop.cancel();
            part.running.close();
            part.running.wait().await;
        }
        while let Some(ended) = work.join_next().await {
            ended??;
        }
        Ok(())
    }
}
