//! One sampling rule: its conditions for requests, and its state.

use std::time::Duration;

use wildmatch::WildMatch;

use super::api::{SamplingRule, SamplingStatisticsDocument};
use super::pattern::parse_pattern;
use super::request::{Request, Service};
use super::rule_state::SharedRuleState;

/// The only version of sampling rules in X-Ray's documentation.
const SUPPORTED_VERSION: i64 = 1;

/// A sampling rule whose definition is valid.
#[derive(Debug)]
pub(super) struct Rule {
    definition: SamplingRule,
    service_name: WildMatch,
    service_type: WildMatch,
    resource_arn: WildMatch,
    host: WildMatch,
    method: WildMatch,
    path: WildMatch,
    attributes: Vec<(String, WildMatch)>,
    pub state: SharedRuleState,
}

impl Rule {
    /// Creates a rule from `definition`. Returns `None` if the definition is invalid or has an unsupported
    /// version.
    ///
    /// `predecessor` is the earlier rule of the same name. The new rule keeps the counts and the quota of its
    /// predecessor.
    pub fn new(
        definition: SamplingRule,
        predecessor: Option<&Rule>,
        now: Duration,
    ) -> Option<Self> {
        let SamplingRule {
            fixed_rate,
            reservoir_size,
            version,
            ..
        } = definition;
        if !(0.0..=1.0).contains(&fixed_rate) || version != SUPPORTED_VERSION {
            return None;
        }
        let attributes = definition.attributes.iter().flatten();
        let attributes = attributes.map(|(key, value)| Some((key.clone(), parse_pattern(value)?)));
        let state = match predecessor {
            Some(rule) => rule.state.clone(),
            None => SharedRuleState::new(reservoir_size, fixed_rate, now),
        };
        let rule = Self {
            service_name: parse_pattern(&definition.service_name)?,
            service_type: parse_pattern(&definition.service_type)?,
            resource_arn: parse_pattern(&definition.resource_arn)?,
            host: parse_pattern(&definition.host)?,
            method: parse_pattern(&definition.http_method)?,
            path: parse_pattern(&definition.url_path)?,
            attributes: attributes.collect::<Option<_>>()?,
            definition,
            state,
        };
        // If the definition is unchanged, the fixed rate that X-Ray has assigned to the rule stays in force.
        if predecessor.is_some_and(|predecessor| predecessor.definition != rule.definition) {
            let mut state = rule.state.lock();
            state.reservoir.size = reservoir_size;
            state.fixed_rate = fixed_rate;
        }
        Some(rule)
    }

    pub fn name(&self) -> &str {
        &self.definition.rule_name
    }

    /// The sort key of rules. Rules are evaluated by ascending priority, then by name.
    pub fn sort_key(&self) -> (i64, &str) {
        (self.definition.priority, self.name())
    }

    /// Whether this rule matches the request and the service.
    pub fn matches(&self, service: &Service, request: &Request<'_>) -> bool {
        let service_types: &[&str] = match service.types {
            [] => &[""],
            types => types,
        };
        let matches_host_and_port = |port| self.host.matches(&format!("{}:{port}", request.host));
        let matches_attribute = |(key, pattern): &(String, WildMatch)| {
            let value = request.attribute(key);
            value.is_some_and(|value| pattern.matches(&value))
        };
        self.method.matches(request.method)
            && self.path.matches(request.path)
            && self.service_name.matches(&service.name)
            && service_types
                .iter()
                .any(|service_type| self.service_type.matches(service_type))
            && (self.resource_arn).matches(service.arn.as_deref().unwrap_or_default())
            // The host pattern of a rule can include a port, because the header `Host` can include a
            // port.
            && (self.host.matches(request.host) || request.port.is_some_and(matches_host_and_port))
            && self.attributes.iter().all(matches_attribute)
    }

    /// The request counts of the rule since its last report, or `None` if the rule has matched no request
    /// since its last report.
    pub fn statistics(&self, client_id: &str, unix_now: f64) -> Option<SamplingStatisticsDocument> {
        let counts = self.state.lock().counts;
        (counts.matched > 0).then(|| SamplingStatisticsDocument {
            rule_name: self.name().to_owned(),
            client_id: client_id.to_owned(),
            timestamp: unix_now as u64,
            request_count: counts.matched,
            sampled_count: counts.sampled,
            borrow_count: counts.borrowed,
        })
    }

    /// Subtracts the counts in `report` from the request counts of the rule. The remaining counts contain
    /// only the requests that arrived after the report was built.
    pub fn subtract_reported(&self, report: &SamplingStatisticsDocument) {
        let counts = &mut self.state.lock().counts;
        counts.matched = counts.matched.saturating_sub(report.request_count);
        counts.sampled = counts.sampled.saturating_sub(report.sampled_count);
        counts.borrowed = counts.borrowed.saturating_sub(report.borrow_count);
    }
}
