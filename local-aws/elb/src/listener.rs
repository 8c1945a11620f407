//! The rules of a listener: which rule decides about a request, and changes of the rules. Pure.
//!
//! A listener is a value. A change makes a new value, so that a request sees either all of a change or nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::forward::Forward;
use crate::group::TargetGroup;
use crate::pattern::PathPattern;

/// Maximum number of rules of a load balancer without the default rule: the default quota of AWS.
const MAX_RULES: usize = 100;

/// A rule with a path condition and a forward action.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The last part of the rule's ARN: 16 hexadecimal digits.
    pub id: String,
    /// From 1 to 50,000. The matching rule with the lowest priority decides.
    pub priority: u16,
    /// The rule matches a path that one of these patterns matches.
    pub patterns: Vec<PathPattern>,
    /// The target groups of matching requests.
    pub forward: Forward,
}

impl Rule {
    /// A rule that the load balancer has from its start. Its ARN contains the priority.
    pub fn new(priority: u16, pattern: PathPattern, forward: Forward) -> Self {
        Self {
            id: format!("{priority:016x}"),
            priority,
            patterns: vec![pattern],
            forward,
        }
    }

    fn matches(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(path))
    }
}

/// Why a change of the rules is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// No rule has the id.
    UnknownRule,
    /// Another rule has this priority.
    PriorityInUse(u16),
    /// The listener already has this number of rules, the maximum.
    TooManyRules(usize),
    /// A change contains a rule several times.
    RepeatedRule,
    /// A change contains this priority several times.
    RepeatedPriority(u16),
}

/// The rules of a listener.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Sorted by priority.
    rules: Vec<Rule>,
    default: Forward,
}

impl Listener {
    /// The listener with these rules. `default` is the action for requests that no rule matches.
    pub fn new(mut rules: Vec<Rule>, default: Forward) -> Self {
        rules.sort_by_key(|rule| rule.priority);
        Self { rules, default }
    }

    /// All rules without the default rule, in the order of their priorities.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The action of the default rule.
    pub fn default_action(&self) -> &Forward {
        &self.default
    }

    /// Returns the priority and the action of the rule that decides about `path`. The priority of the default rule is 0.
    pub fn route(&self, path: &str) -> (usize, &Forward) {
        let rule = self.rules.iter().find(|rule| rule.matches(path));
        rule.map_or((0, &self.default), |rule| {
            (rule.priority.into(), &rule.forward)
        })
    }

    /// The target groups of all actions. A group can occur several times.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<TargetGroup>> {
        let actions = self.rules.iter().map(|rule| &rule.forward);
        let actions = actions.chain([&self.default]);
        actions.flat_map(|action| action.groups.iter().map(|it| &it.group))
    }

    /// Whether an action contains `group`, with whatever weight.
    pub fn uses(&self, group: &Arc<TargetGroup>) -> bool {
        self.groups().any(|used| Arc::ptr_eq(used, group))
    }

    /// Adds a rule.
    ///
    /// # Errors
    ///
    /// Fails if another rule has the priority, or if the listener already has the maximum number of rules.
    pub fn add(&mut self, rule: Rule) -> Result<(), RuleError> {
        if self.rules.len() >= MAX_RULES {
            return Err(RuleError::TooManyRules(MAX_RULES));
        }
        if self.rules.iter().any(|it| it.priority == rule.priority) {
            return Err(RuleError::PriorityInUse(rule.priority));
        }
        self.rules.push(rule);
        self.sort();
        Ok(())
    }

    /// Removes the rule with this id.
    ///
    /// # Errors
    ///
    /// Fails if there is no such rule.
    pub fn remove(&mut self, id: &str) -> Result<(), RuleError> {
        let count = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        if self.rules.len() == count {
            return Err(RuleError::UnknownRule);
        }
        Ok(())
    }

    /// Replaces the patterns and the action of the rule with this id, if given. Returns the changed rule.
    ///
    /// # Errors
    ///
    /// Fails if there is no such rule.
    pub fn replace(
        &mut self,
        id: &str,
        patterns: Option<Vec<PathPattern>>,
        forward: Option<Forward>,
    ) -> Result<&Rule, RuleError> {
        let rule = self.rules.iter_mut().find(|rule| rule.id == id);
        let rule = rule.ok_or(RuleError::UnknownRule)?;
        if let Some(patterns) = patterns {
            rule.patterns = patterns;
        }
        if let Some(forward) = forward {
            rule.forward = forward;
        }
        Ok(rule)
    }

    /// Replaces the default action.
    pub fn set_default_action(&mut self, forward: Forward) {
        self.default = forward;
    }

    /// Sets the priorities of several rules at once, so that two rules can exchange their priorities.
    ///
    /// # Errors
    ///
    /// Fails if a rule does not exist, or if two rules would have the same priority.
    pub fn set_priorities(&mut self, priorities: &[(&str, u16)]) -> Result<(), RuleError> {
        // Unknown and repeated rules are refused first. So a list of any length costs no more than a list of all rules.
        let mut listed = BTreeMap::new();
        for (id, priority) in priorities {
            if self.rules.iter().all(|rule| rule.id != *id) {
                return Err(RuleError::UnknownRule);
            }
            if listed.insert(*id, *priority).is_some() {
                return Err(RuleError::RepeatedRule);
            }
        }
        let mut set = BTreeSet::new();
        for priority in listed.values() {
            if !set.insert(*priority) {
                return Err(RuleError::RepeatedPriority(*priority));
            }
        }
        let mut others = self
            .rules
            .iter()
            .filter(|rule| !listed.contains_key(&*rule.id));
        if let Some(other) = others.find(|rule| set.contains(&rule.priority)) {
            return Err(RuleError::PriorityInUse(other.priority));
        }
        for rule in &mut self.rules {
            if let Some(priority) = listed.get(&*rule.id) {
                rule.priority = *priority;
            }
        }
        self.sort();
        Ok(())
    }

    fn sort(&mut self) {
        self.rules.sort_by_key(|rule| rule.priority);
    }
}

#[cfg(test)]
mod tests;
