//! Scaling policies, and what they did last.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::step::StepScaling;
use crate::tracking::{AlarmNames, TargetTracking};

/// A scaling policy of a target.
#[derive(Clone, Debug)]
pub struct Policy {
    pub name: String,
    pub arn: String,
    pub created_at: SystemTime,
    pub kind: Kind,
    /// The last change of the capacity that the policy caused. It starts the cool-down period.
    pub last_change: Option<Change>,
    /// The last action of the alarm for scaling in, of a target tracking policy.
    pub low: Option<LowAction>,
}

/// The type of a policy, with its configuration.
#[derive(Clone, Debug)]
pub enum Kind {
    Step(StepScaling),
    Tracking {
        configuration: TargetTracking,
        alarms: AlarmNames,
        /// Part of the ARN of the alarms' action.
        created_by: Uuid,
    },
}

/// A change of the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The capacity before the first change of the present cool-down period.
    pub from: u32,
    pub to: u32,
    /// When the tasks had started or stopped. The cool-down period begins at this time.
    pub settled_at: Option<SystemTime>,
}

/// An action of the alarm for scaling in.
#[derive(Clone, Debug)]
pub struct LowAction {
    pub at: SystemTime,
    pub datapoints: Vec<f64>,
}

impl Policy {
    /// Whether the action of an alarm names this policy.
    pub fn is_named_by(&self, action: &str) -> bool {
        let rest = action.strip_prefix(&self.arn);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(":createdBy/"))
    }

    /// The ARN of the action of the policy's own alarms.
    pub fn created_by_arn(arn: &str, created_by: Uuid) -> String {
        format!("{arn}:createdBy/{created_by}")
    }

    /// The last change, if its cool-down period has not ended and it is a scale-out or not, as asked.
    pub fn cooling(&self, is_scale_out: bool, now: SystemTime) -> Option<Change> {
        let change = self.last_change?;
        let cooldown = self.cooldown(is_scale_out);
        let is_cooling = change
            .settled_at
            .is_none_or(|settled| settled.checked_add(cooldown).is_none_or(|end| now < end));
        (change.is_scale_out() == is_scale_out && is_cooling).then_some(change)
    }

    fn cooldown(&self, is_scale_out: bool) -> Duration {
        match &self.kind {
            Kind::Step(step) => step.cooldown(),
            Kind::Tracking { configuration, .. } if is_scale_out => {
                configuration.scale_out_cooldown()
            }
            Kind::Tracking { configuration, .. } => configuration.scale_in_cooldown(),
        }
    }
}

impl Change {
    pub fn is_scale_out(self) -> bool {
        self.to > self.from
    }
}
