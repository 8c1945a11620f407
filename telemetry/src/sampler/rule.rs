//! One sampling rule: what it matches, and what it decides.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::api::{SamplingRule, StatisticsDocument, TargetDocument};
use super::pattern::Pattern;
use super::request::{Request, Service};
use super::reservoir::{Reservoir, Taken};

/// How often a rule is reported unless X-Ray assigns another interval.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// The bounds of an interval that X-Ray may assign. After an hour without an answer, rules expire.
const INTERVAL_BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3600));

/// Most characters of a pattern: the most that the service model allows in any field.
const MAX_PATTERN_LENGTH: usize = 500;

/// A rule. Clones share the counts and the quota.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    definition: SamplingRule,
    service_name: Pattern,
    service_type: Pattern,
    resource_arn: Pattern,
    host: Pattern,
    method: Pattern,
    path: Pattern,
    attributes: Vec<(String, Pattern)>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    reservoir: Reservoir,
    rate: f64,
    counts: Counts,
    interval: Duration,
    next_report: Duration,
}

/// How many requests a rule has matched since they were last reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub requests: u64,
    /// All that were sampled, the borrowed ones included.
    pub sampled: u64,
    pub borrowed: u64,
}

impl Rule {
    /// The rule of this definition, or none if the definition is invalid or of an unknown version.
    /// `known` is the earlier rule of that name: the new one keeps its counts and its quota.
    pub fn new(definition: SamplingRule, known: Option<&Rule>, now: Duration) -> Option<Self> {
        if !(0.0..=1.0).contains(&definition.fixed_rate) || definition.version != 1 {
            return None;
        }
        let attributes = definition.attributes.iter().flatten();
        let attributes = attributes.map(|(key, value)| Some((key.clone(), pattern(value)?)));
        let state = known.map(|rule| Arc::clone(&rule.state));
        let rule = Self {
            service_name: pattern(&definition.service_name)?,
            service_type: pattern(&definition.service_type)?,
            resource_arn: pattern(&definition.resource_arn)?,
            host: pattern(&definition.host)?,
            method: pattern(&definition.http_method)?,
            path: pattern(&definition.url_path)?,
            attributes: attributes.collect::<Option<_>>()?,
            state: state.unwrap_or_else(|| State::new(&definition, now)),
            definition,
        };
        if known.is_some_and(|known| known.definition != rule.definition) {
            let mut state = rule.state();
            state.reservoir.size = rule.definition.reservoir_size;
            state.rate = rule.definition.fixed_rate;
            drop(state);
        }
        Some(rule)
    }

    /// The local default: the first request each second, and 5 % of the others.
    pub fn local_default() -> Self {
        let any = || "*".to_owned();
        let definition = SamplingRule {
            rule_name: "local".to_owned(),
            priority: 10_000,
            fixed_rate: 0.05,
            reservoir_size: 1,
            service_name: any(),
            service_type: any(),
            host: any(),
            http_method: any(),
            url_path: any(),
            resource_arn: any(),
            attributes: None,
            version: 1,
        };
        let any = Pattern::new("*");
        Self {
            state: State::new(&definition, Duration::ZERO),
            definition,
            service_name: any.clone(),
            service_type: any.clone(),
            resource_arn: any.clone(),
            host: any.clone(),
            method: any.clone(),
            path: any,
            attributes: Vec::new(),
        }
    }

    pub fn name(&self) -> &str {
        &self.definition.rule_name
    }

    /// Rules are tried in this order: by priority, then by name.
    pub fn order(&self) -> (i64, &str) {
        (self.definition.priority, self.name())
    }

    /// Whether the rule matches this request to this service.
    pub fn matches(&self, service: &Service, request: &Request<'_>) -> bool {
        let types: &[&str] = match service.types {
            [] => &[""],
            types => types,
        };
        // A rule may name a host with its port or without it, as the header `Host` does.
        let with_port = |port| self.host.matches(&format!("{}:{port}", request.host));
        let attribute = |(key, pattern): &(String, Pattern)| {
            let value = request.attribute(key);
            value.is_some_and(|value| pattern.matches(&value))
        };
        self.method.matches(request.method)
            && self.path.matches(request.path)
            && self.service_name.matches(&service.name)
            && types.iter().any(|name| self.service_type.matches(name))
            && (self.resource_arn).matches(service.arn.as_deref().unwrap_or_default())
            && (self.host.matches(request.host) || request.port.is_some_and(with_port))
            && self.attributes.iter().all(attribute)
    }

    /// Whether the request at `now` is sampled: out of the reservoir, or else by `chance`, a random
    /// number from 0 to below 1.
    pub fn decide(&self, now: Duration, chance: f64) -> bool {
        let mut state = self.state();
        let taken = state.reservoir.take(now);
        let sampled = taken.is_some() || chance < state.rate;
        state.counts.requests += 1;
        state.counts.sampled += u64::from(sampled);
        state.counts.borrowed += u64::from(taken == Some(Taken::Borrowed));
        sampled
    }

    /// Takes over what X-Ray assigns. `unix_now` is the time of day in seconds since 1970.
    pub fn assign(&self, target: &TargetDocument, now: Duration, unix_now: f64) {
        let mut state = self.state();
        if let Some(rate) = target.fixed_rate.filter(|rate| (0.0..=1.0).contains(rate)) {
            state.rate = rate;
        }
        let left = |end: f64| Duration::try_from_secs_f64(end - unix_now).unwrap_or_default();
        let end = target
            .reservoir_quota_ttl
            .map(|end| now.saturating_add(left(end)));
        state.reservoir.assign(target.reservoir_quota, end);
        if let Some(seconds) = target.interval.filter(|seconds| *seconds > 0.0) {
            let (least, most) = INTERVAL_BOUNDS;
            let interval = Duration::try_from_secs_f64(seconds).unwrap_or(most);
            state.interval = interval.clamp(least, most);
        }
    }

    /// The counts since the last report, if anything was counted.
    pub fn statistics(&self, client_id: &str, unix_now: f64) -> Option<StatisticsDocument> {
        let counts = self.state().counts;
        (counts.requests > 0).then(|| StatisticsDocument {
            rule_name: self.name().to_owned(),
            client_id: client_id.to_owned(),
            timestamp: unix_now as u64,
            request_count: counts.requests,
            sampled_count: counts.sampled,
            borrow_count: counts.borrowed,
        })
    }

    /// Subtracts what has been reported, and leaves what was counted since then.
    pub fn reported(&self, document: &StatisticsDocument) {
        let counts = &mut self.state().counts;
        counts.requests = counts.requests.saturating_sub(document.request_count);
        counts.sampled = counts.sampled.saturating_sub(document.sampled_count);
        counts.borrowed = counts.borrowed.saturating_sub(document.borrow_count);
    }

    /// How long to wait from one report to the next.
    pub fn interval(&self) -> Duration {
        self.state().interval
    }

    /// When the rule may be reported next.
    pub fn next_report(&self) -> Duration {
        self.state().next_report
    }

    /// Waits the rule's interval from `now` on.
    pub fn postpone_report(&self, now: Duration) {
        let mut state = self.state();
        state.next_report = now.saturating_add(state.interval);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pattern of `text`, or none if it is longer than any that X-Ray allows.
fn pattern(text: &str) -> Option<Pattern> {
    let fits = text.chars().nth(MAX_PATTERN_LENGTH).is_none();
    fits.then(|| Pattern::new(text))
}

impl State {
    fn new(definition: &SamplingRule, now: Duration) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            reservoir: Reservoir::new(definition.reservoir_size),
            rate: definition.fixed_rate,
            counts: Counts::default(),
            interval: REPORT_INTERVAL,
            next_report: now.saturating_add(REPORT_INTERVAL),
        }))
    }
}

#[cfg(test)]
impl Rule {
    pub fn counts(&self) -> Counts {
        self.state().counts
    }
}
