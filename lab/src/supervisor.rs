//! Keeps each slot filled with a running task, as ECS keeps a service's desired count.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use elb::{Registration, TargetGroup};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::report::{Event, Report};
use crate::service::Service;
use crate::tasks::{Slot, TaskInfo, Tasks};

mod environment;
mod pause;
mod process;

pub use environment::{Environment, Tracing, XrayPlaces};
use pause::Pause;
pub use process::Program;
use process::{Started, TaskProcess};

/// Everything that a slot's tasks have in common.
pub struct Supervisor {
    pub program: Program,
    pub environment: Environment,
    pub tasks: Tasks,
    pub report: Report,
}

/// Why a task no longer runs.
enum End {
    /// By itself; the text says how.
    Died(String),
    /// Asked for it, by a person.
    Stopped,
    /// The whole lab stops.
    LabStops,
}

impl Supervisor {
    /// Keeps one slot filled until `stop`; then its task is stopped and this returns.
    ///
    /// # Errors
    ///
    /// When not even the first task can be started, or the environment makes no sense.
    pub async fn keep(
        self: Arc<Self>,
        slot: Slot,
        group: Arc<TargetGroup>,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let mut pause = Pause::default();
        let mut first = true;
        loop {
            let start = Instant::now();
            let end = match self.run_one(slot, &group, &stop).await {
                // What could be started once can be again, as soon as the system has room for it.
                Err(Error::Spawn { source, .. }) if !first => End::Died(source.to_string()),
                end => end?,
            };
            first = false;
            match end {
                End::LabStops => return Ok(()),
                End::Stopped => self.report.say(Event::Replaced { slot }),
                End::Died(how) => {
                    let pause = pause.after(start.elapsed());
                    self.report.say(Event::Died { slot, how, pause });
                    if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The same for a task that needs a monolith: its health check asks one through the load
    /// balancer, and would log errors while there is none yet.
    ///
    /// # Errors
    ///
    /// As [`keep`](Self::keep).
    pub async fn keep_beside_monolith(
        self: Arc<Self>,
        slot: Slot,
        group: Arc<TargetGroup>,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let monolith = self.tasks.one_healthy(Service::Monolith);
        if stop.run_until_cancelled(monolith).await.is_none() {
            return Ok(());
        }
        self.keep(slot, group, stop).await
    }

    async fn run_one(
        &self,
        slot: Slot,
        group: &Arc<TargetGroup>,
        stop: &CancellationToken,
    ) -> Result<End, Error> {
        let start = Instant::now();
        let variables = self.environment.variables(slot);
        let starting = TaskProcess::start(&self.program, slot, variables);
        let Some(started) = stop.run_until_cancelled(starting).await else {
            return Ok(End::LabStops);
        };
        let mut task = match started? {
            Started::Listening(task) => task,
            Started::Ended(how) => return Ok(End::Died(how)),
        };
        let registration = group.register(task.address);
        let info = TaskInfo {
            id: format!("{:032x}", rand::random::<u128>()),
            service: slot.service,
            url: format!("http://{}", task.address),
            pid: task.pid,
        };
        let asked = self.tasks.add(slot, info);
        let end = tokio::select! {
            how = task.ended() => End::Died(how),
            never = self.announce(slot, &registration, start) => match never {},
            () = asked.notified() => End::Stopped,
            () = stop.cancelled() => End::LabStops,
        };
        self.tasks.remove(slot);
        if let End::Stopped = end {
            self.report.say(Event::Stopping { slot });
        }
        if !matches!(end, End::Died(_)) {
            registration.deregister().await;
            task.stop().await;
        }
        Ok(end)
    }

    /// Tells of the first time that the task is healthy; never returns.
    async fn announce(
        &self,
        slot: Slot,
        registration: &Registration,
        start: Instant,
    ) -> Infallible {
        registration.healthy().await;
        let time = start.elapsed();
        self.report.say(Event::Healthy { slot, time });
        self.tasks.set_healthy(slot);
        std::future::pending().await
    }
}
