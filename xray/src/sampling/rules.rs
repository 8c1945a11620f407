//! The sampling rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::requests::{self, Change, NewRule, RuleSelector};
use crate::api::Error;
use crate::arn;
use crate::bounded::Text;
use crate::time::Time;

/// So many rules of one's own there may be: the real service's quota.
const MAX_RULES: usize = 25;

/// The rule for what no other rule matches.
const DEFAULT: &str = "Default";

/// A sampling rule, as the API has it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingRule {
    rule_name: String,
    #[serde(rename = "RuleARN")]
    rule_arn: String,
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    priority: i64,
    fixed_rate: f64,
    reservoir_size: i64,
    service_name: String,
    service_type: String,
    host: String,
    #[serde(rename = "HTTPMethod")]
    http_method: String,
    #[serde(rename = "URLPath")]
    url_path: String,
    version: i64,
    attributes: BTreeMap<String, String>,
}

/// A rule and its times, as the API has it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingRuleRecord {
    sampling_rule: SamplingRule,
    created_at: Time,
    modified_at: Time,
}

/// All rules.
#[derive(Debug)]
pub struct Rules(Mutex<State>);

#[derive(Debug)]
struct State {
    /// By name, as the real service lists them.
    records: BTreeMap<String, SamplingRuleRecord>,
    modified: Time,
}

/// What decides about a rule's requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of the requests that are sampled, 0 to 1.
    pub fixed: f64,
    /// Requests each second that are sampled before that.
    pub reservoir: u64,
}

impl Rules {
    /// The default rule alone, with this rate and reservoir.
    pub fn new(default: Rates) -> Self {
        let any = || "*".to_owned();
        let rule = SamplingRule {
            rule_name: DEFAULT.to_owned(),
            rule_arn: arn::of("sampling-rule", DEFAULT),
            resource_arn: any(),
            priority: 10_000,
            fixed_rate: default.fixed,
            reservoir_size: default.reservoir as i64,
            service_name: any(),
            service_type: any(),
            host: any(),
            http_method: any(),
            url_path: any(),
            version: 1,
            attributes: BTreeMap::new(),
        };
        let modified = Time::now();
        let record = SamplingRuleRecord {
            sampling_rule: rule,
            created_at: Time::default(),
            modified_at: modified,
        };
        Self(Mutex::new(State {
            records: [(DEFAULT.to_owned(), record)].into(),
            modified,
        }))
    }

    /// All rules.
    pub fn all(&self) -> Vec<SamplingRuleRecord> {
        self.lock().records.values().cloned().collect()
    }

    /// Rate and reservoir of a rule.
    pub fn rates(&self, name: &str) -> Option<Rates> {
        let state = self.lock();
        let rule = &state.records.get(name)?.sampling_rule;
        Some(Rates {
            fixed: rule.fixed_rate,
            reservoir: rule.reservoir_size as u64,
        })
    }

    /// When somebody last changed a rule.
    pub fn modified(&self) -> Time {
        self.lock().modified
    }

    /// Adds a rule.
    pub fn create(&self, new: NewRule) -> Result<SamplingRuleRecord, Error> {
        if new.rule_arn.is_some() {
            return Err(Error::invalid(
                "RuleARN is given by the service; say RuleName",
            ));
        }
        let rule = SamplingRule::from(new);
        let mut state = self.lock();
        if state.records.contains_key(&rule.rule_name) {
            let name = &rule.rule_name;
            return Err(Error::invalid(format!(
                "There is a sampling rule {name:?} already"
            )));
        }
        if state.records.len() > MAX_RULES {
            return Err(Error::TooManyRules(MAX_RULES));
        }
        let now = Time::now();
        let record = SamplingRuleRecord {
            sampling_rule: rule,
            created_at: now,
            modified_at: now,
        };
        state.modified = now;
        let name = record.sampling_rule.rule_name.clone();
        state.records.insert(name, record.clone());
        Ok(record)
    }

    /// Changes a rule; of the default one, rate and reservoir.
    pub fn update(
        &self,
        selector: &RuleSelector,
        change: Change,
    ) -> Result<SamplingRuleRecord, Error> {
        let mut state = self.lock();
        let name = selector.name(&state)?;
        let Some(record) = state.records.get_mut(&name) else {
            return Err(selector.not_found());
        };
        if name == DEFAULT && !change.is_of_rates() {
            let message = "Of the Default rule, only FixedRate and ReservoirSize can be changed";
            return Err(Error::invalid(message));
        }
        change.apply(&mut record.sampling_rule);
        record.modified_at = Time::now();
        let record = record.clone();
        state.modified = record.modified_at;
        Ok(record)
    }

    /// Removes a rule, except the default one.
    pub fn delete(&self, selector: &RuleSelector) -> Result<SamplingRuleRecord, Error> {
        let mut state = self.lock();
        let name = selector.name(&state)?;
        if name == DEFAULT {
            return Err(Error::invalid("The Default rule cannot be deleted"));
        }
        let removed = state.records.remove(&name);
        state.modified = Time::now();
        removed.ok_or_else(|| selector.not_found())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RuleSelector {
    fn name(&self, state: &State) -> Result<String, Error> {
        let found = match (&self.rule_name, &self.rule_arn) {
            (Some(name), None) => state.records.get(&name.0),
            (None, Some(arn)) => {
                let mut records = state.records.values();
                records.find(|record| record.sampling_rule.rule_arn == *arn)
            }
            _ => {
                return Err(Error::invalid(
                    "Either RuleName or RuleARN is required, not both",
                ));
            }
        };
        let name = found.map(|record| record.sampling_rule.rule_name.clone());
        name.ok_or_else(|| self.not_found())
    }

    fn not_found(&self) -> Error {
        let name = self.rule_name.as_ref().map(|Text(name)| name);
        let name = name.or(self.rule_arn.as_ref());
        let name = name.map_or("", String::as_str);
        Error::invalid(format!("There is no sampling rule {name:?}"))
    }
}

impl From<NewRule> for SamplingRule {
    fn from(new: NewRule) -> Self {
        Self {
            rule_arn: arn::of("sampling-rule", &new.rule_name.0),
            rule_name: new.rule_name.0,
            resource_arn: new.resource_arn.0,
            priority: new.priority.0,
            fixed_rate: new.fixed_rate.0,
            reservoir_size: new.reservoir_size.0,
            service_name: new.service_name.0,
            service_type: new.service_type.0,
            host: new.host.0,
            http_method: new.http_method.0,
            url_path: new.url_path.0,
            version: new.version.0,
            attributes: new.attributes.map(requests::texts).unwrap_or_default(),
        }
    }
}

impl Change {
    /// Whether it names nothing but the rate and the reservoir.
    fn is_of_rates(&self) -> bool {
        self.resource_arn.is_none()
            && self.priority.is_none()
            && self.service_name.is_none()
            && self.service_type.is_none()
            && self.host.is_none()
            && self.http_method.is_none()
            && self.url_path.is_none()
            && self.attributes.is_none()
    }

    fn apply(self, rule: &mut SamplingRule) {
        fn set<T>(old: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *old = new;
            }
        }
        set(&mut rule.resource_arn, self.resource_arn.map(|it| it.0));
        set(&mut rule.priority, self.priority.map(|it| it.0));
        set(&mut rule.fixed_rate, self.fixed_rate.map(|it| it.0));
        set(&mut rule.reservoir_size, self.reservoir_size.map(|it| it.0));
        set(&mut rule.service_name, self.service_name.map(|it| it.0));
        set(&mut rule.service_type, self.service_type.map(|it| it.0));
        set(&mut rule.host, self.host.map(|it| it.0));
        set(&mut rule.http_method, self.http_method.map(|it| it.0));
        set(&mut rule.url_path, self.url_path.map(|it| it.0));
        set(&mut rule.attributes, self.attributes.map(requests::texts));
    }
}
