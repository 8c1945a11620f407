//! The tasks of one service that have not begun to stop, and which of them stop by the rules.

use std::cmp::Reverse;

use crate::limits::Limits;
use crate::model::{Service, Task, TaskStatus};
use crate::plan::{Health, health};
use crate::state::{Cause, State};
use crate::time::Timestamp;

/// A kept task and what the decisions need of it.
struct Seen<'a> {
    task: &'a Task,
    health: Health,
    is_primary: bool,
}

impl Seen<'_> {
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

/// The kept tasks of a service, in the order in which they stop: those that do not run, those without a result of their
/// checks, healthy ones; of equal ones the highest ordinal first. Unhealthy ones have rules of their own: oldest first.
pub struct View<'a> {
    limits: Limits,
    tasks: Vec<Seen<'a>>,
}

impl<'a> View<'a> {
    /// The tasks of a service at this time.
    pub fn new(state: &'a State, service: &'a Service, now: Timestamp) -> Self {
        let primary = service.primary().map(|primary| primary.id.as_str());
        let see = |task: &'a Task| Seen {
            task,
            health: health(task, service, now),
            is_primary: Some(task.deployment.as_str()) == primary,
        };
        let kept = state.tasks_of(&service.name).filter(|task| task.is_kept());
        let mut tasks: Vec<_> = kept.map(see).collect();
        tasks.sort_by_key(|seen| {
            let Seen { task, .. } = seen;
            let running = (!seen.is_pending(), seen.is_healthy());
            match seen.is_unhealthy() {
                true => (running, task.created_at, Reverse(0)),
                false => (running, Timestamp::default(), Reverse(task.ordinal)),
            }
        });
        let max_tasks = state.config.max_tasks;
        let limits = Limits::new(service.desired_count, &service.deployment, max_tasks);
        Self { limits, tasks }
    }

    /// Whether a deployment has a task.
    pub fn has_task_of(&self, deployment: &str) -> bool {
        self.tasks
            .iter()
            .any(|seen| seen.task.deployment == deployment)
    }

    fn count(&self, f: impl Fn(&Seen<'a>) -> bool) -> usize {
        self.tasks.iter().filter(|seen| f(seen)).count()
    }

    /// PRIMARY tasks that count towards the desired count.
    fn good(&self) -> usize {
        self.count(|seen| seen.is_primary && !seen.is_unhealthy())
    }

    /// Tasks that the PRIMARY deployment lacks.
    fn wanted(&self) -> usize {
        self.limits.desired.saturating_sub(self.good())
    }

    /// Tasks that may start before the upper limit is reached.
    fn room(&self) -> usize {
        self.limits.upper.saturating_sub(self.tasks.len())
    }

    /// Healthy tasks that may stop before the lower limit is reached.
    fn spare(&self) -> usize {
        let healthy = self.count(Seen::is_healthy);
        healthy.saturating_sub(self.limits.lower)
    }

    fn has_enough_healthy(&self) -> bool {
        self.count(Seen::is_healthy) >= self.limits.lower
    }

    /// How many tasks start, and how many of these replace unhealthy ones.
    pub fn starts(&self) -> (usize, usize) {
        let count = self.wanted().min(self.room());
        let primary = self.count(|seen| seen.is_primary);
        let missing = self.limits.desired.saturating_sub(primary);
        (count, count.saturating_sub(missing))
    }

    /// All tasks.
    pub fn drained(&self) -> Vec<(String, Cause)> {
        let tasks = self.tasks.iter();
        tasks
            .map(|seen| (seen.task.id.clone(), Cause::Scaling))
            .collect()
    }

    /// The tasks that stop now.
    pub fn stops(&self, may_start: bool) -> Vec<(String, Cause)> {
        let mut spare = self.spare();
        let mut stops = self.old(&mut spare);
        stops.extend(self.surplus(&mut spare));
        stops.extend(self.replaced());
        if stops.is_empty() && may_start {
            stops.extend(self.unhealthy_for_room());
        }
        stops
    }

    /// The tasks of a failed deployment and of those before it, beyond the desired count. Healthy ones stop last.
    pub fn beyond_desired(&self) -> Vec<(String, Cause)> {
        let mut spare = self.spare();
        let beyond = self.tasks.len().saturating_sub(self.limits.desired);
        let tasks = self.tasks.iter();
        tasks
            .filter(|seen| !seen.is_healthy() || take_one(&mut spare))
            .take(beyond)
            .map(Seen::stop)
            .collect()
    }

    /// Tasks of older deployments. Healthy ones stop while enough remain; those that are not healthy stop if others are.
    fn old(&self, spare: &mut usize) -> Vec<(String, Cause)> {
        let tasks = self.tasks.iter().filter(|seen| !seen.is_primary);
        tasks
            .filter(|seen| match seen.is_healthy() {
                true => take_one(spare),
                false => seen.is_pending() || self.has_enough_healthy(),
            })
            .map(Seen::stop)
            .collect()
    }

    /// PRIMARY tasks beyond the desired count.
    fn surplus(&self, spare: &mut usize) -> Vec<(String, Cause)> {
        let surplus = self.good().saturating_sub(self.limits.desired);
        let tasks = self.tasks.iter();
        tasks
            .filter(|seen| seen.is_primary && !seen.is_unhealthy())
            .filter(|seen| !seen.is_healthy() || take_one(spare))
            .take(surplus)
            .map(Seen::stop)
            .collect()
    }

    /// Unhealthy PRIMARY tasks that have a replacement. While too few tasks are healthy, the replacement must have a result of
    /// its checks; if that is bad, too, the older task stops.
    ///
    /// Source: Amazon ECS developer guide, "Amazon ECS services", about unhealthy tasks.
    fn replaced(&self) -> Vec<(String, Cause)> {
        let has_enough_healthy = self.has_enough_healthy();
        let counted = self.count(|seen| {
            seen.is_primary && (has_enough_healthy || seen.health != Health::Unknown)
        });
        let surplus = counted.saturating_sub(self.limits.desired);
        self.unhealthy().take(surplus).map(Seen::stop).collect()
    }

    /// One unhealthy task, if the upper limit leaves no room for a replacement, and no replacement waits for its checks.
    fn unhealthy_for_room(&self) -> Option<(String, Cause)> {
        let is_waiting = self
            .tasks
            .iter()
            .any(|seen| seen.is_primary && seen.health == Health::Unknown);
        let needs_room = self.wanted() > 0 && self.room() == 0 && !is_waiting;
        let mut unhealthy = self.tasks.iter().filter(|seen| seen.is_unhealthy());
        unhealthy.next().filter(|_| needs_room).map(Seen::stop)
    }

    fn unhealthy(&self) -> impl Iterator<Item = &Seen<'a>> {
        self.tasks
            .iter()
            .filter(|seen| seen.is_primary && seen.is_unhealthy())
    }

    /// Whether the limits allow neither a start nor a stop, and nothing will change that: all tasks are healthy.
    pub fn is_blocked(&self) -> bool {
        self.wanted() > 0 && self.room() == 0 && self.tasks.iter().all(Seen::is_healthy)
    }
}

fn take_one(spare: &mut usize) -> bool {
    let is_some = *spare > 0;
    *spare = spare.saturating_sub(1);
    is_some
}
