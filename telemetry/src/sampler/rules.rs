//! The sampling rules that are in force.

use std::collections::HashSet;
use std::time::Duration;

use super::api::{SamplingRule, SamplingStatisticsDocument, SamplingTargetsResponse};
use super::request::{Request, Service};
use super::rule::Rule;
use super::rule_state::{DEFAULT_REPORT_INTERVAL, SharedRuleState};

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod matching_tests;
#[cfg(test)]
mod report_tests;

/// Time between the last successful refresh of the rules and their expiry. X-Ray's own SDKs use the same
/// lifetime.
const RULES_LIFETIME: Duration = Duration::from_secs(3600);

/// Maximum number of rules that are used. An AWS account has only a few dozen rules.
const MAX_RULES: usize = 1000;

/// A report is delayed by at most `REPORT_WINDOW`, so that reports of several rules share one call.
const REPORT_WINDOW: Duration = Duration::from_secs(1);

/// Requests per second that the local default rule samples before its fixed rate applies.
const DEFAULT_RESERVOIR_SIZE: u64 = 1;

/// Fraction of requests that the local default rule samples after its reservoir is used up.
const DEFAULT_FIXED_RATE: f64 = 0.05;

/// The current rules, sorted by priority and name.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// The time when the refresh that returned these rules began.
    refreshed_at: Duration,
    /// The state of the local default rule. The local default rule decides if no rule in `rules` matches or
    /// if the rules have expired.
    local_default: SharedRuleState,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            refreshed_at: Duration::ZERO,
            local_default: SharedRuleState::new(
                DEFAULT_RESERVOIR_SIZE,
                DEFAULT_FIXED_RATE,
                Duration::ZERO,
            ),
        }
    }
}

impl Rules {
    /// Decides whether to sample the request at `now`. The first matching rule makes the decision. `random` is a
    /// random number in `0.0..1.0`.
    ///
    /// `read_request` is called only if there are rules that have not expired, because reading the properties
    /// of a request takes time.
    pub fn decide<'r>(
        &self,
        service: &Service,
        read_request: impl FnOnce() -> Request<'r>,
        now: Duration,
        random: f64,
    ) -> bool {
        let are_rules_valid = now < self.refreshed_at.saturating_add(RULES_LIFETIME);
        let matching_rule = if are_rules_valid && !self.rules.is_empty() {
            let request = read_request();
            let mut rules = self.rules.iter();
            rules.find(|rule| rule.matches(service, &request))
        } else {
            None
        };
        let state = matching_rule.map_or(&self.local_default, |rule| &rule.state);
        state.lock().decide(now, random)
    }

    /// Creates the rules of a refresh that began at `now`. A rule with the name of an earlier rule keeps its
    /// counts and its quota. Returns `None` if no definition is valid.
    pub fn with_definitions(&self, definitions: Vec<SamplingRule>, now: Duration) -> Option<Self> {
        let create_rule = |definition: SamplingRule| {
            let predecessor = self.find_rule(&definition.rule_name);
            Rule::new(definition, predecessor, now)
        };
        let mut rules: Vec<_> = definitions.into_iter().filter_map(create_rule).collect();
        rules.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
        let mut seen_names = HashSet::new();
        rules.retain(|rule| seen_names.insert(rule.name().to_owned()));
        rules.truncate(MAX_RULES);
        (!rules.is_empty()).then(|| Self {
            rules,
            refreshed_at: now,
            local_default: self.local_default.clone(),
        })
    }

    /// Builds the report that is due at `now`, or returns `None` if no report of a rule is due. The report is
    /// empty if the rules whose reports are due have matched no request since their last report.
    pub fn build_report(
        &self,
        client_id: &str,
        now: Duration,
        unix_now: f64,
    ) -> Option<Vec<SamplingStatisticsDocument>> {
        let mut due_rules = self.due_rules(now).peekable();
        due_rules.peek()?;
        Some(
            due_rules
                .filter_map(|rule| rule.statistics(client_id, unix_now))
                .collect(),
        )
    }

    /// Applies the response to a report that consists of the documents in `reported`. Documents that X-Ray did not
    /// process are reported again.
    pub fn apply_targets(
        &self,
        reported: &[SamplingStatisticsDocument],
        response: &SamplingTargetsResponse,
        now: Duration,
        unix_now: f64,
    ) {
        for target in &response.sampling_target_documents {
            if let Some(rule) = self.find_rule(&target.rule_name) {
                rule.state.lock().apply_target(target, now, unix_now);
            }
        }
        let unprocessed_statistics = &response.unprocessed_statistics;
        for document in reported {
            let Some(rule) = self.find_rule(&document.rule_name) else {
                continue;
            };
            if !unprocessed_statistics
                .iter()
                .any(|statistics| statistics.rule_name == document.rule_name)
            {
                rule.subtract_reported(document);
            }
            rule.state.lock().postpone_report(now);
        }
    }

    /// Postpones the reports of all rules that are due at `now` by the report interval of each rule.
    pub fn postpone_reports(&self, now: Duration) {
        for rule in self.due_rules(now) {
            rule.state.lock().postpone_report(now);
        }
    }

    /// Time from `now` until the next report is due, at most [`DEFAULT_REPORT_INTERVAL`].
    pub fn time_until_report(&self, now: Duration) -> Duration {
        let waits = || {
            self.rules
                .iter()
                .map(|rule| rule.state.lock().next_report.saturating_sub(now))
        };
        let shortest_wait = waits().min().unwrap_or(DEFAULT_REPORT_INTERVAL);
        let window_end = shortest_wait.saturating_add(REPORT_WINDOW);
        let longest_wait_in_window = waits().filter(|wait| *wait <= window_end).max();
        longest_wait_in_window
            .unwrap_or(shortest_wait)
            .min(DEFAULT_REPORT_INTERVAL)
    }

    /// The longest report interval of any rule.
    pub fn longest_report_interval(&self) -> Duration {
        let states = self.rules.iter().map(|rule| rule.state.lock());
        let intervals = states.map(|state| state.report_interval);
        intervals.max().unwrap_or(DEFAULT_REPORT_INTERVAL)
    }

    fn due_rules(&self, now: Duration) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(move |rule| rule.state.lock().next_report <= now)
    }

    fn find_rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name() == name)
    }
}
