//! What runs side by side in the lab, and the order in which it stops.

use std::convert::Infallible;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::stage::Stage;

/// Work that stops together. Clones are the same part.
#[derive(Clone, Debug, Default)]
pub struct Part {
    stop: CancellationToken,
    running: TaskTracker,
}

impl Part {
    async fn stop(&self) {
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

/// All listeners. Dropping them ends whatever still runs.
#[derive(Debug, Default)]
pub struct Parts {
    pub alb: Part,
    pub site: Part,
    pub aws: Part,
    pub xray: Part,
    pub metadata: Part,
    pub database: Part,
    work: JoinSet<Result<(), Error>>,
}

impl Parts {
    /// Runs `work` as a piece of `part`. It gets what tells it to stop.
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
    /// Services that call others do so through the load balancer, so they stop first. Then nothing new may come in. Then the
    /// other services stop, which still send traces, and the database last.
    ///
    /// # Errors
    ///
    /// When a part ended with an error.
    pub async fn stop(mut self, stage: &Stage) -> Result<(), Error> {
        stage.stop_callers().await;
        self.alb.stop().await;
        stage.stop_others().await;
        let last = [
            &self.site,
            &self.aws,
            &self.metadata,
            &self.xray,
            &self.database,
        ];
        for part in last {
            part.stop().await;
        }
        while let Some(ended) = self.work.join_next().await {
            ended??;
        }
        Ok(())
    }
}
