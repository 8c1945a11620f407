//! The tasks of one service that have not begun to stop, and how many tasks each of its deployments lacks.
//!
//! [`stops`] decides which tasks stop.

mod stops;

use std::cmp::Reverse;

use crate::limits::{IMPAIRED_AFTER, Limits};
use crate::model::{Deployment, DeploymentState, Service, Task, TaskStatus};
use crate::plan::{Health, health};
use crate::state::{Cause, State};
use crate::time::Timestamp;

/// A task that has not begun to stop, and its health.
struct PlannedTask<'a> {
    task: &'a Task,
    health: Health,
}

impl PlannedTask<'_> {
    fn is_of(&self, deployment: &str) -> bool {
        self.task.deployment == deployment
    }

    fn is_healthy(&self) -> bool {
        self.health == Health::Healthy
    }

    fn is_unhealthy(&self) -> bool {
        matches!(self.health, Health::Unhealthy(_))
    }

    fn is_pending(&self) -> bool {
        self.task.status < TaskStatus::Running
    }

    fn stop(&self) -> (String, Cause) {
        let cause = match &self.health {
            Health::Unhealthy(cause) => cause.clone(),
            Health::Healthy | Health::Unknown => Cause::Scaling,
        };
        (self.task.id.clone(), cause)
    }
}

/// A deployment whose tasks are replaced by tasks of the same deployment.
struct Maintained<'a> {
    deployment: &'a Deployment,
    /// How many tasks it needs that are not unhealthy.
    needed: usize,
    /// Whether its tasks may start now.
    may_start: bool,
}

impl<'a> Maintained<'a> {
    fn new(deployment: &'a Deployment, needed: usize, now: Timestamp) -> Self {
        let is_paused = deployment.paused_until.is_some_and(|until| now < until);
        Self {
            deployment,
            needed,
            may_start: deployment.state != DeploymentState::Failed && !is_paused,
        }
    }

    fn id(&self) -> &'a str {
        &self.deployment.id
    }
}

/// Tasks that start.
pub struct Starts {
    /// The id of their deployment.
    pub deployment: String,
    /// How many start.
    pub count: usize,
    /// How many of them replace unhealthy tasks.
    pub replaced: usize,
}

/// The kept tasks of a service, in the order in which they stop: those that do not run, those without a result of their
/// checks, healthy ones; of equal ones the highest ordinal first. Unhealthy ones have rules of their own: oldest first.
pub struct View<'a> {
    limits: Limits,
    tasks: Vec<PlannedTask<'a>>,
    primary: Maintained<'a>,
    /// The completed deployment that the PRIMARY one replaces.
    source: Option<Maintained<'a>>,
    /// How many tasks may start before `max_tasks` is reached. A task that stops counts until its containers have ended.
    unused_max_tasks: usize,
}

impl<'a> View<'a> {
    /// The tasks of a service at this time.
    pub fn new(
        state: &'a State,
        service: &'a Service,
        primary: &'a Deployment,
        now: Timestamp,
    ) -> Self {
        let kept = state.tasks_of(&service.name).filter(|task| task.is_kept());
        let mut tasks: Vec<_> = kept
            .map(|task| PlannedTask {
                task,
                health: health(task, service, now),
            })
            .collect();
        tasks.sort_by_key(|planned| {
            let task = planned.task;
            let running = (!planned.is_pending(), planned.is_healthy());
            match planned.is_unhealthy() {
                true => (running, task.created_at, Reverse(0)),
                false => (running, Timestamp::default(), Reverse(task.ordinal)),
            }
        });
        let max_tasks = state.config.max_tasks;
        let limits = Limits::new(service.desired_count, &service.deployment, max_tasks);
        let source = service.source().map(|source| {
            let is_other =
                |planned: &&PlannedTask| planned.is_healthy() && !planned.is_of(&source.id);
            let healthy_others = tasks.iter().filter(is_other).count();
            let needed = limits.lower.saturating_sub(healthy_others);
            Maintained::new(source, needed.min(source.desired_count as usize), now)
        });
        let not_ended = state.tasks_of(&service.name);
        let not_ended = not_ended.filter(|task| task.execution_stopped_at.is_none());
        let not_ended = not_ended.count();
        Self {
            primary: Maintained::new(primary, limits.desired, now),
            source,
            unused_max_tasks: (max_tasks as usize).saturating_sub(not_ended),
            limits,
            tasks,
        }
    }

    /// Whether tasks of the PRIMARY deployment may start now.
    pub fn may_start_primary(&self) -> bool {
        self.primary.may_start
    }

    /// Whether a deployment has a task, or needs one.
    pub fn is_in_use(&self, deployment: &str) -> bool {
        let source = self.source.as_ref();
        let needs_task = source.is_some_and(|it| it.id() == deployment && it.needed > 0);
        needs_task || self.tasks.iter().any(|planned| planned.is_of(deployment))
    }

    fn count(&self, f: impl Fn(&PlannedTask<'a>) -> bool) -> usize {
        self.tasks.iter().filter(|planned| f(planned)).count()
    }

    fn is_primary(&self, planned: &PlannedTask) -> bool {
        planned.is_of(self.primary.id())
    }

    fn is_source(&self, planned: &PlannedTask) -> bool {
        let source = self.source.as_ref();
        source.is_some_and(|source| planned.is_of(source.id()))
    }

    /// Tasks of a deployment that are not unhealthy.
    fn not_unhealthy(&self, of: &Maintained) -> usize {
        self.count(|planned| planned.is_of(of.id()) && !planned.is_unhealthy())
    }

    /// Tasks that a deployment lacks.
    fn missing(&self, of: &Maintained) -> usize {
        of.needed.saturating_sub(self.not_unhealthy(of))
    }

    /// Tasks that may start before the upper limit is reached.
    fn below_upper_limit(&self) -> usize {
        self.limits.upper.saturating_sub(self.tasks.len())
    }

    /// The deployments whose tasks are replaced, in the order in which their tasks start.
    ///
    /// The source revision is first, so that a target revision whose tasks fail cannot use up the upper limit. If the
    /// source revision's own tasks fail again and again, it is last: a deployment that mends it must be able to start tasks.
    fn maintained(&self) -> impl Iterator<Item = &Maintained<'a>> {
        let fails = |it: &Maintained| it.deployment.failed_tasks >= IMPAIRED_AFTER;
        let (first, last) = match &self.source {
            Some(source) if fails(source) => (None, Some(source)),
            source => (source.as_ref(), None),
        };
        first.into_iter().chain([&self.primary]).chain(last)
    }

    /// The tasks that start next. They are of one deployment.
    pub fn starts(&self) -> Option<Starts> {
        let mut startable = self.below_upper_limit().min(self.unused_max_tasks);
        self.maintained().find_map(|it| {
            let count = self.missing(it).min(startable);
            let kept = self.count(|planned| planned.is_of(it.id()));
            let not_replacing = it.needed.saturating_sub(kept);
            if it.id() != self.primary.id() {
                // While the source revision waits after a failure, the PRIMARY deployment leaves it what it needs.
                startable -= count;
            }
            (it.may_start && count > 0).then(|| Starts {
                deployment: it.id().to_owned(),
                count,
                replaced: count.saturating_sub(not_replacing),
            })
        })
    }

    /// Whether the limits allow neither a start nor a stop, and nothing will change that: all tasks are healthy.
    pub fn is_blocked(&self) -> bool {
        self.missing(&self.primary) > 0
            && self.below_upper_limit() == 0
            && self.tasks.iter().all(PlannedTask::is_healthy)
    }
}
