//! Decides the capacity of a target after the actions of alarms. Pure: the time and the present capacity are parameters.

use std::time::{Duration, SystemTime};

use crate::activity::Reason;
use crate::alarms::{AlarmAction, AlarmState};
use crate::capacity::Capacity;
use crate::policy::{Kind, Policy};
use crate::target::Target;
use crate::tracking::{Flapping, TargetTracking};

/// An action of the alarm for scaling in counts for this time. CloudWatch repeats the action each minute while the alarm is
/// on.
const LOW_ACTION_LIFETIME: Duration = Duration::from_secs(90);

/// What a target does after the actions of alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The name of the policy that decided.
    pub policy: String,
    /// Which alarm triggered which policy, in the words of AWS.
    pub cause: String,
    pub outcome: Outcome,
}

/// A new capacity, or why the capacity stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Set(u32),
    NotScaled(Reason),
}

/// Decides on actions that arrived at the same time. The policy with the largest capacity decides, both for scaling out and
/// for scaling in. Returns `None` if nothing happens, for example during a cool-down period.
pub fn decide(
    target: &Target,
    actions: &[AlarmAction],
    capacity: &Capacity,
    now: SystemTime,
) -> Option<Decision> {
    let decisions = actions.iter().filter_map(|action| {
        let policies = &mut target.policies.values();
        let policy = policies.find(|policy| policy.is_named_by(&action.action))?;
        let context = Context {
            target,
            policy,
            capacity,
            now,
        };
        Some(Decision {
            policy: policy.name.clone(),
            cause: format!(
                "monitor alarm {} in state {} triggered policy {}",
                action.alarm, action.state, policy.name
            ),
            outcome: context.outcome(action)?,
        })
    });
    decisions.max_by_key(|decision| rank(decision.outcome, capacity))
}

/// The capacity that an outcome asks for. A policy that scales out at the maximum asks for the present capacity. The other
/// reasons ask for nothing.
fn rank(outcome: Outcome, capacity: &Capacity) -> Option<u32> {
    match outcome {
        Outcome::Set(desired) => Some(desired),
        Outcome::NotScaled(Reason::AlreadyAtMaxCapacity(_)) => Some(capacity.desired),
        Outcome::NotScaled(_) => None,
    }
}

struct Context<'a> {
    target: &'a Target,
    policy: &'a Policy,
    capacity: &'a Capacity,
    now: SystemTime,
}

impl Context<'_> {
    fn outcome(&self, action: &AlarmAction) -> Option<Outcome> {
        let current = self.capacity.desired;
        match &self.policy.kind {
            Kind::Step(step_scaling) => {
                let step = step_scaling.step(action)?;
                let adjust = |from| step_scaling.adjust(from, step);
                match adjust(current).cmp(&i64::from(current)) {
                    std::cmp::Ordering::Greater => self.scale_out(|from| Some(adjust(from))),
                    std::cmp::Ordering::Less => self.scale_in(|| Some(Ok(adjust(current)))),
                    std::cmp::Ordering::Equal => Some(Outcome::NotScaled(
                        Reason::AlreadyAtDesiredCapacity(current),
                    )),
                }
            }
            Kind::Tracking { .. } if action.state != AlarmState::Alarm => None,
            Kind::Tracking {
                configuration,
                alarms,
                ..
            } => {
                let datapoints = &action.datapoints;
                if action.alarm == alarms.high {
                    self.scale_out(|from| configuration.scale_out(from, datapoints))
                } else if alarms.low.as_ref() == Some(&action.alarm) {
                    self.scale_in(|| self.tracked_scale_in(configuration, datapoints))
                } else {
                    // Another alarm has the ARN of this policy as an action.
                    None
                }
            }
        }
    }

    /// Scales out. `capacity_after` computes the new capacity from a present one. During the cool-down period, the tasks that
    /// the policy added count as part of the new ones, so that only a larger scale-out adds tasks.
    fn scale_out(&self, capacity_after: impl Fn(u32) -> Option<i64>) -> Option<Outcome> {
        let Target { min, max, .. } = *self.target;
        let current = self.capacity.desired;
        if self.target.suspended.scale_out {
            return None;
        }
        if current >= max {
            return Some(Outcome::NotScaled(Reason::AlreadyAtMaxCapacity(max)));
        }
        let cooling = self.policy.cooling(true, self.now);
        let cooling = cooling.filter(|change| change.to == current);
        let from = cooling.map_or(current, |change| change.from);
        let desired = within(capacity_after(from)?, min, max);
        (desired > current).then_some(Outcome::Set(desired))
    }

    fn scale_in(
        &self,
        capacity_after: impl FnOnce() -> Option<Result<i64, Flapping>>,
    ) -> Option<Outcome> {
        let Target { min, max, .. } = *self.target;
        let current = self.capacity.desired;
        if self.target.suspended.scale_in || self.policy.cooling(false, self.now).is_some() {
            return None;
        }
        let reason = if current <= min {
            Reason::AlreadyAtMinCapacity(min)
        } else if self.capacity.is_deploying {
            Reason::TargetServicePutResourceAsUnscalable
        } else {
            match capacity_after()? {
                Ok(desired) => return Some(Outcome::Set(within(desired, min, max))),
                Err(Flapping) => Reason::AutoScalingAnticipatedFlapping(current),
            }
        };
        Some(Outcome::NotScaled(reason))
    }

    /// The capacity after scaling in by target tracking. All target tracking policies that scale in must be ready for it.
    fn tracked_scale_in(
        &self,
        configuration: &TargetTracking,
        datapoints: &[f64],
    ) -> Option<Result<i64, Flapping>> {
        let current = self.capacity.desired;
        let mut largest = configuration.scale_in(current, datapoints)?;
        for other in self.target.policies.values() {
            let Kind::Tracking { configuration, .. } = &other.kind else {
                continue;
            };
            if other.name == self.policy.name || !configuration.scales_in() {
                continue;
            }
            let low = other.low.as_ref()?;
            let age = self.now.duration_since(low.at).unwrap_or_default();
            if age > LOW_ACTION_LIFETIME || other.cooling(false, self.now).is_some() {
                return None;
            }
            largest = match (largest, configuration.scale_in(current, &low.datapoints)?) {
                (Ok(a), Ok(b)) => Ok(a.max(b)),
                _ => Err(Flapping),
            };
        }
        Some(largest)
    }
}

fn within(desired: i64, min: u32, max: u32) -> u32 {
    let desired = desired.clamp(i64::from(min), i64::from(max));
    u32::try_from(desired).unwrap_or(max)
}

#[cfg(test)]
mod tests;
