//! The timeline of an exam: waits for its times, sends the requests of customers, and makes the fault.

use std::sync::Arc;
use std::time::Duration;

use ecs::Overview;
use http_shell::format_error;
use tokio::time::{sleep, timeout};

use super::fingerprint::{fingerprint, id};
use super::inject::{Injector, NotInjected};
use super::run::{FaultStart, Run};
use super::touched::note;
use super::workload::{self, Plan, Sample};
use crate::clock::unix_time;
use crate::reset::Reset;

/// Maximum time until the tasks of an exam are healthy.
const PREPARATION_TIMEOUT: Duration = Duration::from_secs(120);

/// A like that takes more than this many times the 95th percentile from before the fault has waited for a task.
const SLOW_FACTOR: f64 = 2.0;

impl Injector {
    /// Runs the exam until it is dropped. Returns why it cannot go on.
    pub async fn run(&self, run: &Arc<Run>, alb: &str, reset: &Arc<Reset>) -> String {
        if timeout(PREPARATION_TIMEOUT, self.steady()).await.is_err() {
            return "the tasks of the exam did not become healthy".to_owned();
        }
        // The tasks of before have exported what they had when they ended.
        if let Err(failed) = Arc::clone(reset).forget_past().await {
            return format_error(&failed);
        }
        let problem = run.variant.problem;
        let mysfits: Vec<_> = run.items.iter().map(|item| id(item).to_owned()).collect();
        let key = mysfits.get(run.drawn.key).cloned().unwrap_or_default();
        let plan = Plan::new(
            run.drawn.workload_seed,
            mysfits,
            run.drawn.favourites,
            &problem.workload,
            &problem.noise,
        );
        let seen = {
            let run = Arc::downgrade(run);
            move |sample: &Sample| {
                if let Some(run) = run.upgrade() {
                    note(&run, sample);
                }
            }
        };
        let (rate, alb, samples) = (problem.workload.rate, alb.to_owned(), run.samples.clone());
        tokio::select! {
            () = workload::run(plan, rate, alb, samples, seen) => {
                "the requests of the customers ended".to_owned()
            }
            failed = self.disturb(run, &key) => failed,
        }
    }

    /// Waits for the times of the exam, and makes the fault. Returns why it cannot go on.
    async fn disturb(&self, run: &Run, key: &str) -> String {
        let schedule = run.schedule;
        sleep(schedule.warm_up).await;
        let from = unix_time();
        run.progress().answers_from =
            Some(from + (schedule.baseline + schedule.observation).as_secs_f64());
        sleep(schedule.baseline).await;
        run.progress().baseline = Some((from, unix_time()));
        match fingerprint(&self.aws).await {
            Ok(fingerprint) => run.progress().fingerprint = Some(fingerprint),
            Err(failed) => return format_error(&failed),
        }
        let innocent = async {
            sleep(schedule.innocent_delay).await;
            self.make_harmless_change(run.variant.problem).await
        };
        let fault = async {
            sleep(schedule.delay).await;
            match run.variant.is_healthy {
                true => Ok(()),
                false => self.start_fault(run, key, (from, unix_time())).await,
            }
        };
        let answers = async {
            sleep(schedule.observation).await;
            run.progress().accepts_answers = true;
            Ok(())
        };
        match tokio::try_join!(innocent, fault, answers) {
            Ok(_) => std::future::pending().await,
            Err(failed) => format_error(&failed),
        }
    }

    /// Makes the fault. `baseline` is the time before.
    async fn start_fault(
        &self,
        run: &Run,
        key: &str,
        baseline: (f64, f64),
    ) -> Result<(), NotInjected> {
        let (ledger_before, lost_before) = run.ledger.counts();
        let (from, to) = baseline;
        let slow_ms = SLOW_FACTOR * run.seen(from, to).p95_ms;
        let problem = run.variant.problem;
        let injected = self.inject(&run.drawn.fault, problem, key).await?;
        run.progress().fault = Some(Arc::new(FaultStart {
            injected,
            ledger_before,
            lost_before,
            slow_ms,
        }));
        Ok(())
    }

    /// Waits until the services have their healthy tasks, and no others.
    async fn steady(&self) {
        let mut overview = self.ecs.watch();
        let services = ["LIKE_SERVICE", "MONOLITH_SERVICE"].map(|name| self.aws.name(name));
        let is_reached = |overview: &Arc<Overview>| {
            services.iter().all(|name| {
                let service = overview.service(name);
                service.is_some_and(|it| it.is_steady && it.tasks.len() == it.desired as usize)
            })
        };
        // An error means that the cluster has ended, and the lab with it.
        if overview.wait_for(is_reached).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
