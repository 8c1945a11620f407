//! Which root cause of an answer is which cause.

use std::collections::BTreeMap;

use super::{Category, Cause, Truth};
use crate::exam::answer::{Answer, RootCause};

/// A cause whose component the answer names.
pub(super) struct Located<'a> {
    pub cause: &'a Cause,
    pub given: &'a RootCause,
    /// The position of `given` in the answer.
    pub index: usize,
}

pub(super) struct Matching<'a> {
    pub located: Vec<Located<'a>>,
    /// Number of causes.
    causes: usize,
    /// Number of root causes in the answer.
    given: usize,
}

impl<'a> Matching<'a> {
    /// Pairs causes and root causes with the same component. If an answer names a component more often than there are causes,
    /// only its first root causes with this component count: otherwise, an answer with each mechanism would be right.
    pub fn new(truth: &'a Truth, answer: &'a Answer) -> Self {
        let mut by_component: BTreeMap<&str, Vec<&Cause>> = BTreeMap::new();
        for cause in &truth.causes {
            by_component
                .entry(&cause.component)
                .or_default()
                .push(cause);
        }
        let located = by_component
            .into_iter()
            .flat_map(|(component, causes)| pairs(component, causes, answer))
            .collect();
        Self {
            located,
            causes: truth.causes.len(),
            given: answer.root_causes.len(),
        }
    }

    /// The share of right root causes; none if a cause is missed.
    pub fn localization(&self, maximum: u32) -> Category {
        let right = self.located.len();
        let (share, reason) = if right < self.causes {
            let reason = match right {
                0 => "No root cause has a right component.",
                _ => "A cause is missing: its component is not in the answer.",
            };
            (0.0, reason.to_owned())
        } else if right == self.given {
            let reason = "The answer has the right components and no others.";
            (1.0, reason.to_owned())
        } else {
            let (given, wrong) = (self.given, self.given - right);
            let reason = format!(
                "The right components are in the answer, and {wrong} of its {given} root causes are wrong."
            );
            (right as f64 / given as f64, reason)
        };
        Category::new("localization", maximum, share, reason)
    }
}

/// Pairs the causes of one component: first those with equal mechanisms, then the others in their order.
fn pairs<'a>(component: &str, mut causes: Vec<&'a Cause>, answer: &'a Answer) -> Vec<Located<'a>> {
    let mut given: Vec<_> = answer
        .root_causes
        .iter()
        .enumerate()
        .filter(|(_, given)| given.component == component)
        .take(causes.len())
        .collect();
    let mut located = Vec::new();
    let has_mechanism = |cause: &Cause, given: &RootCause| cause.mechanism == given.mechanism.name;
    given.retain(|(index, given)| {
        let equal = causes.iter().position(|cause| has_mechanism(cause, given));
        if let Some(position) = equal {
            let cause = causes.remove(position);
            let index = *index;
            located.push(Located {
                cause,
                given,
                index,
            });
        }
        equal.is_none()
    });
    let others = causes.into_iter().zip(given);
    located.extend(others.map(|(cause, (index, given))| Located {
        cause,
        given,
        index,
    }));
    located
}
