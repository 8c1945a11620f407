//! Back to the start while everything runs: likes and adoptions, load balancer, traces, logs, metrics, alarms, scaling,
//! services, the faults that the lab has set, the ledger.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use autoscaling::AutoScaling;
use ecs::Ecs;
use elb::LoadBalancer;
use tokio::runtime::Handle;
use xray::Xray;

use crate::database::Database;
use crate::database::faults::DatabaseFaults;
use crate::error::Error;
use crate::faults::TaskFaults;
use crate::ledger::Ledger;
use crate::logs::Logs;
use crate::stage::{Counted, Monitoring};

/// What a reset changes.
pub struct Reset {
    pub database: Database,
    /// The directory of the database, if it is not only in memory.
    pub data_dir: Option<PathBuf>,
    pub load_balancer: Arc<LoadBalancer>,
    pub logs: Logs,
    pub xray: Arc<Xray>,
    pub monitoring: Monitoring,
    pub counted: Counted,
    pub scaling: AutoScaling,
    pub ecs: Ecs,
    pub ledger: Ledger,
    pub faults: TaskFaults,
    pub database_faults: DatabaseFaults,
    /// Held during a reset.
    pub running: Mutex<()>,
    /// The number of resets so far.
    pub resets: AtomicU64,
}

/// What a reset leaves of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptLedger {
    Nothing,
    /// All records, for people who look at an exam that has ended.
    Everything,
}

impl Reset {
    /// Resets everything, and returns how long this took. The tasks keep running and serve requests meanwhile.
    ///
    /// # Errors
    ///
    /// When the database cannot be reset. Then nothing else has changed.
    pub async fn run(self: Arc<Self>, ledger: KeptLedger) -> Result<Duration, Error> {
        // A thread of its own: a lot of traces are not removed in a moment. If the client goes away, the reset still comes to its
        // end.
        tokio::task::spawn_blocking(move || {
            let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let start = Instant::now();
            self.resets.fetch_add(1, Ordering::Relaxed);
            self.database.reset()?;
            self.load_balancer.reset();
            self.faults.clear();
            self.database_faults.set(None);
            if ledger == KeptLedger::Nothing {
                self.ledger.clear();
            }
            // Without policies, nothing changes a desired count any more.
            Handle::current().block_on(self.scaling.reset());
            self.forget_telemetry();
            Handle::current().block_on(self.ecs.reset());
            Ok(start.elapsed())
        })
        .await?
    }

    /// The number of resets so far.
    pub fn count(&self) -> u64 {
        self.resets.load(Ordering::Relaxed)
    }

    /// Removes traces, log lines and metrics, and what ECS tells of the past. Sampling rules, alarms and dashboards are those of the
    /// start after that.
    ///
    /// # Errors
    ///
    /// When the system has no thread for that.
    pub async fn forget_past(self: Arc<Self>) -> Result<(), Error> {
        self.ecs.forget_past().await;
        tokio::task::spawn_blocking(move || self.forget_telemetry()).await?;
        Ok(())
    }

    fn forget_telemetry(&self) {
        self.xray.reset();
        self.logs.clear();
        self.counted.restart();
        self.monitoring.reset();
    }
}
