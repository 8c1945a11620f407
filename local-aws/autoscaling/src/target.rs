//! Scalable targets.

use std::collections::BTreeMap;
use std::time::SystemTime;

use uuid::Uuid;

use crate::policy::{Change, Policy};

/// A service that is registered for scaling.
#[derive(Clone, Debug)]
pub struct Target {
    /// The ARNs of the target and of its policies contain it.
    pub id: Uuid,
    pub min: u32,
    pub max: u32,
    pub suspended: Suspended,
    pub created_at: SystemTime,
    /// By name.
    pub policies: BTreeMap<String, Policy>,
}

/// `SuspendedState`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspended {
    pub scale_in: bool,
    pub scale_out: bool,
    /// Kept and described only: there are no scheduled actions.
    pub scheduled: bool,
}

impl Target {
    /// Records that a policy changed the capacity from `current` to `to`.
    pub fn record_change(&mut self, policy: &str, current: u32, to: u32, now: SystemTime) {
        let is_scale_out = to > current;
        if is_scale_out {
            // A scale-out ends the cool-down periods after scaling in.
            for policy in self.policies.values_mut() {
                policy.last_change = policy.last_change.filter(|change| change.is_scale_out());
            }
        }
        if let Some(policy) = self.policies.get_mut(policy) {
            let credit = policy.cooling(is_scale_out, now);
            let credit = credit.filter(|change| is_scale_out && change.to == current);
            policy.last_change = Some(Change {
                from: credit.map_or(current, |change| change.from),
                to,
                settled_at: None,
            });
        }
    }

    /// Starts the cool-down periods of changes whose tasks have started or stopped.
    pub fn settle(&mut self, now: SystemTime) {
        for policy in self.policies.values_mut() {
            if let Some(change) = &mut policy.last_change {
                change.settled_at.get_or_insert(now);
            }
        }
    }

    /// Whether a cool-down period has not yet begun.
    pub fn is_unsettled(&self) -> bool {
        let mut changes = self.policies.values().filter_map(|it| it.last_change);
        changes.any(|change| change.settled_at.is_none())
    }
}
