//! Makes the fault of an exam: by the operations of AWS that a person also has, by the channel to the tasks, and by the
//! faults of the database.

use ecs::Ecs;
use like_service::chaos::{InvalidOverrides, OverrideSettings, Overrides, WorkerSettings};
use serde_json::{Value, json};
use thiserror::Error;

use super::aws::{Aws, Failed};
use super::draw::DrawnFault;
use super::problem::{InnocentChange, Problem, Workers};
use crate::clock::unix_time;
use crate::database::faults::{DatabaseFaults, Effect, KeyFault, Settings};
use crate::faults::{Scope, TaskFaults};
use crate::ledger::{Entry, Kind, Ledger};

/// The short name of the Like service.
const LIKE: &str = "like-service";

/// The beginnings of the names of variables with which a person can change the services for the lab. No exam has them.
const REMOVED_PREFIXES: &[&str] = &[
    "ACCESS_LOG",
    "CHAOS",
    "DDB_TIMEOUT_MS",
    "LIKE_BATCHING",
    "LOG_FORMAT",
    "MONOLITH_TIMEOUT_MS",
    "OTEL_PROPAGATORS",
    "OTEL_SDK_DISABLED",
    "OTEL_TRACES_SAMPLER",
];

/// A fault that could not be made.
#[derive(Debug, Error)]
pub enum NotInjected {
    #[error(transparent)]
    Aws(#[from] Failed),
    #[error(transparent)]
    Overrides(#[from] InvalidOverrides),
    #[error("no task of the Like service is healthy")]
    NoTask,
}

/// What disturbs the system.
pub struct Injector {
    pub aws: Aws,
    pub ecs: Ecs,
    pub ledger: Ledger,
    pub task_faults: TaskFaults,
    pub database_faults: DatabaseFaults,
}

/// A fault that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Injected {
    /// Unix seconds.
    pub at: f64,
    /// The component in answers.
    pub component: String,
    /// The mechanism in answers.
    pub mechanism: &'static str,
    /// What the seed has drawn, and what was changed: an object.
    pub parameters: Value,
    /// The id of the faulty task.
    pub task: Option<String>,
    /// The tasks of the Like service that ran, if one of them is faulty.
    pub tasks: Vec<String>,
    /// The name of the service whose events show the change.
    pub service: Option<String>,
    /// The ARNs of what was changed; empty if the fault is not in the configuration.
    pub changed: Vec<String>,
}

impl Injector {
    /// Brings the system to what all exams of the problem begin with: likes without faults, the number of tasks, the workers, and
    /// the noise. The tasks are replaced after that.
    ///
    /// # Errors
    ///
    /// If an operation fails.
    pub async fn prepare(&self, problem: &Problem, seed: u64) -> Result<(), NotInjected> {
        let workload = &problem.workload;
        self.task_faults.set(
            Scope::Service(LIKE),
            overrides(0, 0, 0, [0, 0], workload.workers)?,
        );
        self.database_faults.set(Some(Settings {
            seed,
            delay_ms: problem.noise.database_ms,
        }));
        let (info, metrics) = (("LOGLEVEL", "INFO"), ("OTEL_METRICS_EXPORTER", "emf"));
        let in_monolith = ("LIKE_IN_MONOLITH", "off");
        let services = [
            ("LIKE_SERVICE", &[info, metrics][..], workload.like_tasks),
            ("MONOLITH_SERVICE", &[info, metrics, in_monolith], 1),
        ];
        for (service, variables, tasks) in services {
            // The tasks are replaced even if nothing changes for them: they have metrics of before that they will still export.
            self.aws
                .begin_again(self.aws.name(service), REMOVED_PREFIXES, variables, tasks)
                .await?;
        }
        self.aws.set_weights(0).await?;
        self.aws.scale(1, workload.like_tasks * 2).await?;
        Ok(())
    }

    /// Makes the change that harms nobody.
    ///
    /// # Errors
    ///
    /// If an operation fails.
    pub async fn make_harmless_change(&self, problem: &Problem) -> Result<(), NotInjected> {
        let longer_end = [("SHUTDOWN_GRACE_SECONDS", "25")];
        match problem.noise.innocent_change {
            InnocentChange::LikeRevision => {
                let service = self.aws.name("LIKE_SERVICE");
                self.aws.deploy_variables(service, &longer_end).await?;
            }
            InnocentChange::MonolithRevision => {
                let service = self.aws.name("MONOLITH_SERVICE");
                self.aws.deploy_variables(service, &longer_end).await?;
            }
            InnocentChange::Scaling => {
                let tasks = problem.workload.like_tasks;
                self.aws.scale(1, tasks * 2 + 1).await?;
            }
        }
        Ok(())
    }

    /// Makes the fault. `key` is the id of the mysfit with the fault of a key.
    ///
    /// # Errors
    ///
    /// If an operation fails.
    pub async fn inject(
        &self,
        fault: &DrawnFault,
        problem: &Problem,
        key: &str,
    ) -> Result<Injected, NotInjected> {
        let at = unix_time();
        let workers = problem.workload.workers;
        let mut injected = Injected {
            at,
            component: LIKE.to_owned(),
            mechanism: problem.fault.name(),
            parameters: Value::Null,
            task: None,
            tasks: Vec::new(),
            service: None,
            changed: Vec::new(),
        };
        let parameters = match fault {
            DrawnFault::CpuBurn {
                percent,
                cpu_ms,
                seed,
            } => {
                let overrides = overrides(*seed, *percent, 0, *cpu_ms, workers)?;
                self.task_faults.set(Scope::Service(LIKE), overrides);
                json!({ "percent": percent, "cpu_ms": cpu_ms })
            }
            DrawnFault::LostLikes { percent, seed } => {
                let overrides = overrides(*seed, 0, *percent, [0, 0], workers)?;
                self.task_faults.set(Scope::Service(LIKE), overrides);
                json!({ "percent": percent })
            }
            DrawnFault::FaultyTask {
                index,
                percent,
                cpu_ms,
                seed,
            } => {
                injected.tasks = self.tasks();
                let task = injected.tasks.get(index % injected.tasks.len().max(1));
                let task = task.ok_or(NotInjected::NoTask)?.clone();
                let overrides = overrides(*seed, *percent, 0, *cpu_ms, workers)?;
                self.task_faults.set(Scope::Task(task.clone()), overrides);
                injected.component = format!("{LIKE}/{task}");
                injected.task = Some(task);
                json!({ "percent": percent, "cpu_ms": cpu_ms })
            }
            DrawnFault::BadRevision { variable, value } => {
                "monolith".clone_into(&mut injected.component);
                let service = self.aws.name("MONOLITH_SERVICE");
                let revision = self
                    .aws
                    .deploy_variables(service, &[(variable, value)])
                    .await?;
                injected.changed.push(revision.clone());
                injected.service = Some(service.to_owned());
                json!({ "task_definition": revision, "variable": variable, "value": value })
            }
            DrawnFault::TimeoutTooShort { timeout_ms } => {
                let service = self.aws.name("LIKE_SERVICE");
                let value = timeout_ms.to_string();
                let variables = [("MONOLITH_TIMEOUT_MS", value.as_str())];
                let revision = self.aws.deploy_variables(service, &variables).await?;
                injected.changed.push(revision.clone());
                injected.service = Some(service.to_owned());
                json!({ "task_definition": revision, "timeout_ms": timeout_ms })
            }
            DrawnFault::Key { seed, effect } => {
                self.database_faults.disturb_key(KeyFault {
                    seed: *seed,
                    key: key.to_owned(),
                    effect: *effect,
                });
                injected.component = format!("dynamodb/{key}");
                match effect {
                    Effect::Slow { ms } => json!({ "key": key, "ms": ms }),
                    Effect::Throttled { percent } | Effect::Failing { percent } => {
                        json!({ "key": key, "percent": percent })
                    }
                }
            }
            DrawnFault::WrongWeights { monolith } => {
                "load-balancer".clone_into(&mut injected.component);
                let rule = self.aws.set_weights(*monolith).await?;
                injected.changed.push(rule.clone());
                json!({ "rule": rule, "monolith_weight": monolith })
            }
            DrawnFault::WrongPath { path } => {
                "load-balancer".clone_into(&mut injected.component);
                let rule = self.aws.set_path(path).await?;
                injected.changed.push(rule.clone());
                json!({ "rule": rule, "path": path })
            }
            DrawnFault::TooFewTasks { max_capacity } => {
                let target = self.aws.scale(1, *max_capacity).await?;
                let service = self.aws.name("LIKE_SERVICE");
                self.aws.set_desired_count(service, *max_capacity).await?;
                injected.changed.push(target.clone());
                injected.service = Some(service.to_owned());
                json!({ "scalable_target": target, "max_capacity": max_capacity })
            }
        };
        injected.parameters = parameters;
        self.note(&injected);
        Ok(injected)
    }

    /// Ends all faults that are not in the configuration.
    pub fn clear(&self) {
        self.task_faults.clear();
        self.database_faults.set(None);
    }

    fn note(&self, injected: &Injected) {
        let component = injected.component.split('/').next();
        self.ledger.push(Entry {
            time: injected.at,
            kind: Kind::Change,
            trace_id: None,
            task: injected.task.clone(),
            service: component.unwrap_or_default().to_owned(),
            mechanism: injected.mechanism.to_owned(),
            parameters: injected.parameters.clone(),
            status: None,
            milliseconds: None,
        });
    }

    /// The ids of the healthy tasks of the Like service, in their order.
    fn tasks(&self) -> Vec<String> {
        let overview = self.ecs.watch();
        let overview = overview.borrow();
        let service = overview.service(self.aws.name("LIKE_SERVICE"));
        let tasks = service.iter().flat_map(|service| &service.tasks);
        let healthy = tasks.filter(|task| task.is_healthy);
        let mut ids: Vec<_> = healthy.map(|task| task.id.clone()).collect();
        ids.sort();
        ids
    }
}

fn overrides(
    seed: u64,
    stress_percent: u32,
    not_found_percent: u32,
    cpu_ms: [u64; 2],
    workers: Option<Workers>,
) -> Result<Overrides, InvalidOverrides> {
    let settings = |workers: Workers| WorkerSettings {
        count: usize::try_from(workers.count).unwrap_or(usize::MAX),
        ms: workers.ms,
    };
    OverrideSettings {
        seed,
        stress_percent,
        not_found_percent,
        cpu_ms,
        workers: workers.map(settings),
    }
    .try_into()
}
