//! The rules that are in force.

use std::collections::HashSet;
use std::time::Duration;

use super::api::{SamplingRule, StatisticsDocument, Targets};
use super::request::{Request, Service};
use super::rule::{REPORT_INTERVAL, Rule};

#[cfg(test)]
mod tests;

/// Rules expire this long after the last successful refresh, as in X-Ray's own SDKs.
const RULES_LIFETIME: Duration = Duration::from_secs(3600);

/// Most rules that are kept. An account has some dozens.
const MAX_RULES: usize = 1000;

/// Reports that are due within this time of the first one wait for each other.
const REPORT_WINDOW: Duration = Duration::from_secs(1);

/// Rules in their order, and the one that decides without them. Clones share counts and quotas.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// When they were asked for.
    since: Duration,
    local: Rule,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            since: Duration::ZERO,
            local: Rule::local_default(),
        }
    }
}

impl Rules {
    /// Whether the request at `now` is sampled, by the first rule that matches it. `request` is not
    /// called if there are no rules.
    pub fn decide<'r>(
        &self,
        service: &Service,
        request: impl FnOnce() -> Request<'r>,
        now: Duration,
        chance: f64,
    ) -> bool {
        let live = !self.rules.is_empty() && now < self.since.saturating_add(RULES_LIFETIME);
        let rule = live.then(request).and_then(|request| {
            let mut rules = self.rules.iter();
            rules.find(|rule| rule.matches(service, &request))
        });
        rule.unwrap_or(&self.local).decide(now, chance)
    }

    /// The rules that were asked for at `now`, in place of these. A rule that keeps its name keeps its
    /// counts and its quota. None if no definition is valid.
    pub fn renewed(&self, definitions: Vec<SamplingRule>, now: Duration) -> Option<Self> {
        let valid = |definition: SamplingRule| {
            let known = self.rule(&definition.rule_name);
            Rule::new(definition, known, now)
        };
        let mut rules: Vec<_> = definitions.into_iter().filter_map(valid).collect();
        rules.sort_by(|one, other| one.order().cmp(&other.order()));
        let mut names = HashSet::new();
        rules.retain(|rule| names.insert(rule.name().to_owned()));
        rules.truncate(MAX_RULES);
        (!rules.is_empty()).then(|| Self {
            rules,
            since: now,
            local: self.local.clone(),
        })
    }

    /// The report that is due at `now`: empty if no request has matched since the last one, and none if
    /// X-Ray wants no report yet.
    pub fn report(
        &self,
        client_id: &str,
        now: Duration,
        unix_now: f64,
    ) -> Option<Vec<StatisticsDocument>> {
        let mut due = self.due(now).peekable();
        due.peek()?;
        Some(
            due.filter_map(|rule| rule.statistics(client_id, unix_now))
                .collect(),
        )
    }

    /// Takes over the answer to a report, or to a part of one.
    pub fn answered(
        &self,
        reported: &[StatisticsDocument],
        targets: &Targets,
        now: Duration,
        unix_now: f64,
    ) {
        for target in &targets.sampling_target_documents {
            if let Some(rule) = self.rule(&target.rule_name) {
                rule.assign(target, now, unix_now);
            }
        }
        let unprocessed = &targets.unprocessed_statistics;
        for document in reported {
            let Some(rule) = self.rule(&document.rule_name) else {
                continue;
            };
            if !unprocessed
                .iter()
                .any(|it| it.rule_name == document.rule_name)
            {
                rule.reported(document);
            }
            rule.postpone_report(now);
        }
    }

    /// Lets all rules that are due at `now` wait their interval, whether they were reported or had
    /// nothing to report.
    pub fn postpone_reports(&self, now: Duration) {
        self.due(now).for_each(|rule| rule.postpone_report(now));
    }

    /// How long after `now` the next report is due.
    pub fn next_report_in(&self, now: Duration) -> Duration {
        let waits = || {
            self.rules
                .iter()
                .map(|rule| rule.next_report().saturating_sub(now))
        };
        let first = waits().min().unwrap_or(REPORT_INTERVAL);
        let together = waits().filter(|wait| *wait <= first.saturating_add(REPORT_WINDOW));
        together.max().unwrap_or(first).min(REPORT_INTERVAL)
    }

    /// The longest interval that X-Ray has assigned to a rule.
    pub fn longest_interval(&self) -> Duration {
        let intervals = self.rules.iter().map(Rule::interval);
        intervals.max().unwrap_or(REPORT_INTERVAL)
    }

    fn due(&self, now: Duration) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(move |rule| rule.next_report() <= now)
    }

    fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name() == name)
    }
}
