//! Back to the start while everything runs: likes and adoptions, load balancer, traces, logs, metrics, alarms, scaling,
//! services.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use autoscaling::AutoScaling;
use ecs::Ecs;
use elb::LoadBalancer;
use tokio::runtime::Handle;
use xray::Xray;

use crate::database::Database;
use crate::error::Error;
use crate::logs::Logs;
use crate::stage::Monitoring;

/// What a reset changes.
pub struct Reset {
    pub database: Database,
    /// The directory of the database, if it is not only in memory.
    pub data_dir: Option<PathBuf>,
    pub load_balancer: Arc<LoadBalancer>,
    pub logs: Logs,
    pub xray: Arc<Xray>,
    pub monitoring: Monitoring,
    pub scaling: AutoScaling,
    pub ecs: Ecs,
    /// Held during a reset.
    pub running: Mutex<()>,
}

impl Reset {
    /// Resets everything, and returns how long this took. The tasks keep running and serve requests meanwhile.
    ///
    /// # Errors
    ///
    /// When the database cannot be reset. Then nothing else has changed.
    pub async fn run(self: Arc<Self>) -> Result<Duration, Error> {
        // A thread of its own: a lot of traces are not removed in a moment. If the client goes away, the reset still comes to its
        // end.
        tokio::task::spawn_blocking(move || {
            let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let start = Instant::now();
            self.database.reset()?;
            self.load_balancer.reset();
            self.xray.reset();
            self.logs.clear();
            // Without policies, nothing changes a desired count any more.
            Handle::current().block_on(self.scaling.reset());
            self.monitoring.reset();
            Handle::current().block_on(self.ecs.reset());
            Ok(start.elapsed())
        })
        .await?
    }
}
