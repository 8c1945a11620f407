//! Which tasks of a service the scheduler stops.

use super::{Maintained, PlannedTask, View};
use crate::plan::Health;
use crate::state::Cause;

type Stops = Vec<(String, Cause)>;

impl View<'_> {
    /// All tasks.
    pub fn drained(&self) -> Stops {
        let tasks = self.tasks.iter();
        tasks
            .map(|planned| (planned.task.id.clone(), Cause::Scaling))
            .collect()
    }

    /// The tasks that stop now, unless the PRIMARY deployment has failed.
    pub fn stops(&self) -> Stops {
        let mut stoppable = self.stoppable_healthy();
        let mut stops = self.old(&mut stoppable);
        stops.extend(self.surplus(&mut stoppable));
        stops.extend(self.maintained().flat_map(|it| self.replaced(it)));
        self.or_unhealthy_for_replacement(stops)
    }

    /// The tasks that stop now if the PRIMARY deployment has failed: tasks beyond the desired count, healthy ones last, and
    /// unhealthy ones of the source revision that have a replacement.
    pub fn stops_after_failure(&self) -> Stops {
        let mut stoppable = self.stoppable_healthy();
        let mut source_surplus = self.source_surplus();
        let counts = |planned: &PlannedTask| !self.is_source(planned) || !planned.is_unhealthy();
        let beyond = self.count(counts).saturating_sub(self.limits.desired);
        let tasks = self.tasks.iter().filter(|planned| counts(planned));
        let beyond = tasks
            .filter(|planned| match planned.is_healthy() {
                true => take_one(&mut stoppable),
                false => !self.is_source(planned) || take_one(&mut source_surplus),
            })
            .take(beyond)
            .map(PlannedTask::stop);
        let mut stops: Vec<_> = beyond.collect();
        stops.extend(self.source.iter().flat_map(|it| self.replaced(it)));
        self.or_unhealthy_for_replacement(stops)
    }

    /// Healthy tasks that may stop before the lower limit is reached.
    fn stoppable_healthy(&self) -> usize {
        let healthy = self.count(PlannedTask::is_healthy);
        healthy.saturating_sub(self.limits.lower)
    }

    /// Tasks of the source revision that it no longer needs. Unhealthy ones do not count.
    fn source_surplus(&self) -> usize {
        let source = self.source.iter();
        source
            .map(|it| self.not_unhealthy(it).saturating_sub(it.needed))
            .sum()
    }

    /// Tasks of older deployments. Healthy ones stop while enough remain. Of the others, those of the source revision stop if
    /// it does not need them, and those of other deployments if enough tasks are healthy.
    fn old(&self, stoppable: &mut usize) -> Stops {
        let has_enough_healthy = self.count(PlannedTask::is_healthy) >= self.limits.lower;
        let mut source_surplus = self.source_surplus();
        let tasks = self.tasks.iter();
        tasks
            .filter(|planned| !self.is_primary(planned))
            .filter(|planned| match (self.is_source(planned), &planned.health) {
                (_, Health::Healthy) => take_one(stoppable),
                (true, Health::Unhealthy(_)) => false,
                (true, Health::Unknown) => take_one(&mut source_surplus),
                (false, _) => planned.is_pending() || has_enough_healthy,
            })
            .map(PlannedTask::stop)
            .collect()
    }

    /// PRIMARY tasks beyond the desired count.
    fn surplus(&self, stoppable: &mut usize) -> Stops {
        let primary = &self.primary;
        let surplus = self.not_unhealthy(primary).saturating_sub(primary.needed);
        let tasks = self.tasks.iter();
        tasks
            .filter(|planned| self.is_primary(planned) && !planned.is_unhealthy())
            .filter(|planned| !planned.is_healthy() || take_one(stoppable))
            .take(surplus)
            .map(PlannedTask::stop)
            .collect()
    }

    /// Unhealthy tasks that have a replacement whose checks have a result. If the replacement is unhealthy, too, the older task
    /// stops.
    ///
    /// Source: Amazon ECS developer guide, "Amazon ECS services", about unhealthy tasks.
    fn replaced(&self, of: &Maintained) -> Stops {
        let is_checked =
            |planned: &PlannedTask| planned.is_of(of.id()) && planned.health != Health::Unknown;
        let surplus = self.count(is_checked).saturating_sub(of.needed);
        let unhealthy = self.tasks.iter();
        unhealthy
            .filter(|planned| planned.is_of(of.id()) && planned.is_unhealthy())
            .take(surplus)
            .map(PlannedTask::stop)
            .collect()
    }

    /// If nothing else stops: one unhealthy task, if the upper limit leaves no room for a replacement, and no replacement waits
    /// for its checks.
    fn or_unhealthy_for_replacement(&self, stops: Stops) -> Stops {
        if !stops.is_empty() || self.below_upper_limit() > 0 {
            return stops;
        }
        let stop = self.maintained().find_map(|it| {
            let is_waiting =
                |planned: &PlannedTask| planned.is_of(it.id()) && planned.health == Health::Unknown;
            let needs_room =
                it.may_start && self.missing(it) > 0 && !self.tasks.iter().any(is_waiting);
            let is_own = |planned: &&PlannedTask| planned.is_of(it.id());
            let mut unhealthy = self.tasks.iter().filter(|planned| planned.is_unhealthy());
            let own = unhealthy.clone().find(is_own);
            needs_room.then(|| own.or_else(|| unhealthy.next()))?
        });
        stop.map(PlannedTask::stop).into_iter().collect()
    }
}

fn take_one(count: &mut usize) -> bool {
    let is_some = *count > 0;
    *count = count.saturating_sub(1);
    is_some
}
