//! One sampling rule: whom it speaks of, and what it decides.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::{KeyValue, Value};

use super::Service;
use super::api::{SamplingRule, StatisticsDocument, TargetDocument};
use super::pattern::Pattern;
use super::reservoir::{Reservoir, Taken};

/// What rules can see of a request.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    host: &'a str,
    port: Option<i64>,
    method: &'a str,
    path: &'a str,
    attributes: &'a [KeyValue],
}

impl<'a> Request<'a> {
    /// The request that the attributes of a new span tell of.
    pub fn of(attributes: &'a [KeyValue]) -> Self {
        let mut request = Self {
            attributes,
            ..Self::default()
        };
        for attribute in attributes {
            match (attribute.key.as_str(), &attribute.value) {
                ("server.address", Value::String(host)) => request.host = host.as_str(),
                ("server.port", Value::I64(port)) => request.port = Some(*port),
                ("http.request.method", Value::String(method)) => request.method = method.as_str(),
                ("url.path", Value::String(path)) => request.path = path.as_str(),
                _ => {}
            }
        }
        request
    }

    fn attribute(&self, key: &str) -> Option<&Value> {
        let found = |attribute: &&KeyValue| attribute.key.as_str() == key;
        self.attributes.iter().find(found).map(|found| &found.value)
    }
}

/// A rule. Clones share what was counted.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    definition: SamplingRule,
    service_name: Pattern,
    service_type: Pattern,
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
}

/// How often a rule was asked, and what it said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub requests: u64,
    pub sampled: u64,
    pub borrowed: u64,
}

impl Rule {
    /// The rule of this definition; none, if it makes no sense or is of another version. `known` is
    /// the rule that had its name before: it keeps its counts and its quota.
    pub fn new(definition: SamplingRule, known: Option<&Rule>) -> Option<Self> {
        let rate_is_right = (0.0..=1.0).contains(&definition.fixed_rate);
        if !rate_is_right || definition.version != 1 {
            return None;
        }
        let pattern = |text: &String| Pattern::new(text);
        // None of our requests is for a resource with a name of that kind.
        if !Pattern::new(&definition.resource_arn).is_any() {
            return None;
        }
        let state = known.map(|rule| Arc::clone(&rule.state));
        let rule = Self {
            service_name: pattern(&definition.service_name),
            service_type: pattern(&definition.service_type),
            host: pattern(&definition.host),
            method: pattern(&definition.http_method),
            path: pattern(&definition.url_path),
            attributes: definition
                .attributes
                .iter()
                .map(|(key, value)| (key.clone(), pattern(value)))
                .collect(),
            state: state.unwrap_or_else(|| State::shared(&definition)),
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

    /// What decides where no rule does: the first request each second, and 5 % of the others.
    pub fn local_default() -> Self {
        let any = || "*".to_owned();
        let definition = SamplingRule {
            rule_name: String::new(),
            priority: i64::MAX,
            fixed_rate: 0.05,
            reservoir_size: 1,
            service_name: any(),
            service_type: any(),
            host: any(),
            http_method: any(),
            url_path: any(),
            resource_arn: any(),
            attributes: Default::default(),
            version: 1,
        };
        let pattern = Pattern::new("*");
        Self {
            state: State::shared(&definition),
            definition,
            service_name: pattern.clone(),
            service_type: pattern.clone(),
            host: pattern.clone(),
            method: pattern.clone(),
            path: pattern,
            attributes: Vec::new(),
        }
    }

    pub fn name(&self) -> &str {
        &self.definition.rule_name
    }

    /// Rules are asked in this order: by priority, then by name.
    pub fn order(&self) -> (i64, &str) {
        (self.definition.priority, self.name())
    }

    /// Whether it speaks of this request to this service.
    pub fn matches(&self, service: &Service, request: &Request<'_>) -> bool {
        let fits = |pattern: &Pattern, text: &str| pattern.is_any() || pattern.matches(text);
        // A host is written with its port or without it, as the header `Host` is.
        let host = || {
            let with_port = |port| self.host.matches(&format!("{}:{port}", request.host));
            fits(&self.host, request.host) || request.port.is_some_and(with_port)
        };
        let attribute = |(key, pattern): &(String, Pattern)| {
            let value = request.attribute(key);
            value.is_some_and(|value| pattern.matches(&value.as_str()))
        };
        fits(&self.method, request.method)
            && fits(&self.path, request.path)
            && fits(&self.service_name, &service.name)
            && fits(
                &self.service_type,
                service.origin.as_deref().unwrap_or_default(),
            )
            && host()
            && self.attributes.iter().all(attribute)
    }

    /// Whether the request of the second `now` is kept: out of the reservoir, or else by `chance`,
    /// which lies between 0 and 1.
    pub fn decide(&self, now: u64, chance: f64) -> bool {
        let mut state = self.state();
        state.counts.requests += 1;
        let taken = state.reservoir.take(now);
        let by_rate = chance < state.rate;
        match taken {
            // X-Ray counts what was borrowed apart from what was granted.
            Some(Taken::Borrowed) => state.counts.borrowed += 1,
            Some(Taken::Quota) => state.counts.sampled += 1,
            None if by_rate => state.counts.sampled += 1,
            None => return false,
        }
        true
    }

    /// Takes over what X-Ray grants.
    pub fn grant(&self, target: &TargetDocument) {
        let mut state = self.state();
        if let Some(rate) = target.fixed_rate.filter(|rate| (0.0..=1.0).contains(rate)) {
            state.rate = rate;
        }
        if let (Some(quota), Some(end)) = (target.reservoir_quota, target.reservoir_quota_ttl) {
            state.reservoir.grant(quota, end.max(0.0) as u64);
        }
    }

    /// The counts since the last report, if anything was counted.
    pub fn statistics(&self, client_id: &str, now: u64) -> Option<StatisticsDocument> {
        let counts = self.state().counts;
        (counts.requests > 0).then(|| StatisticsDocument {
            rule_name: self.name().to_owned(),
            client_id: client_id.to_owned(),
            timestamp: now,
            request_count: counts.requests,
            sampled_count: counts.sampled,
            borrow_count: counts.borrowed,
        })
    }

    /// Takes off what has been reported; what came meanwhile stays.
    pub fn reported(&self, document: &StatisticsDocument) {
        let counts = &mut self.state().counts;
        counts.requests = counts.requests.saturating_sub(document.request_count);
        counts.sampled = counts.sampled.saturating_sub(document.sampled_count);
        counts.borrowed = counts.borrowed.saturating_sub(document.borrow_count);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn shared(definition: &SamplingRule) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            reservoir: Reservoir::new(definition.reservoir_size),
            rate: definition.fixed_rate,
            counts: Counts::default(),
        }))
    }
}

#[cfg(test)]
impl Rule {
    pub fn counts(&self) -> Counts {
        self.state().counts
    }
}
