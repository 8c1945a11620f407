//! The forward action of a rule: target groups with weights.

use std::sync::Arc;

use crate::group::TargetGroup;
use crate::weights;

/// A target group of a forward action.
#[derive(Clone, Debug)]
pub struct WeightedGroup {
    /// The target group.
    pub group: Arc<TargetGroup>,
    /// Its share of the requests, in proportion to the other weights of the action. From 0 to 999.
    pub weight: u16,
}

/// A forward action.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The target groups, in the order in which they were specified.
    pub(crate) groups: Vec<WeightedGroup>,
    /// The position of the action among the actions of a rule. It has no effect, because a rule has only one action.
    pub(crate) order: Option<u32>,
}

impl Forward {
    /// Forwards all requests to `group`.
    pub fn to(group: Arc<TargetGroup>) -> Self {
        Self::weighted([(group, 1)])
    }

    /// Distributes requests among `groups` in proportion to the weights.
    pub fn weighted(groups: impl IntoIterator<Item = (Arc<TargetGroup>, u16)>) -> Self {
        let groups = groups.into_iter();
        Self {
            groups: groups
                .map(|(group, weight)| WeightedGroup { group, weight })
                .collect(),
            order: None,
        }
    }

    /// Draws the target group of a request. Returns `None` if all weights are 0.
    pub(crate) fn draw(&self) -> Option<&Arc<TargetGroup>> {
        let weights = || self.groups.iter().map(|it| it.weight);
        let total = weights::total(weights());
        let ticket = match total {
            0 => return None,
            total => rand::random_range(0..total),
        };
        let index = weights::choose(weights(), ticket)?;
        self.groups.get(index).map(|it| &it.group)
    }
}
