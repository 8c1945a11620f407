//! Storage of the sampling rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::requests::{NewSamplingRule, RuleSelector, SamplingRuleUpdate, attributes_to_texts};
use crate::arn::resource_arn;
use crate::bounded::BoundedText;
use crate::error::Error;
use crate::time::Time;

/// Maximum number of rules besides `Default`. AWS has the same quota of rules.
const MAX_CUSTOM_RULES: usize = 25;

/// Name of the rule for requests that match no other rule.
const DEFAULT_RULE_NAME: &str = "Default";

/// A sampling rule in the API's format.
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

/// A sampling rule, including the times of creation and modification, in the API's format.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingRuleRecord {
    sampling_rule: SamplingRule,
    created_at: Time,
    modified_at: Time,
}

/// All sampling rules.
#[derive(Debug)]
pub struct SamplingRules(Mutex<RuleTable>);

#[derive(Debug)]
struct RuleTable {
    /// The keys of the map are rule names. `GetSamplingRules` lists rules in the order of their names, as AWS
    /// does.
    records: BTreeMap<String, SamplingRuleRecord>,
    last_modification: Time,
}

/// Rates at which the requests that match a rule are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplingRates {
    /// Fraction of the requests that are sampled after the reservoir is exhausted, from 0 to 1.
    pub fixed_rate: f64,
    /// Number of requests per second that are sampled before the fixed rate applies.
    pub reservoir_size: u64,
}

impl SamplingRules {
    /// Creates a storage that contains only the rule `Default` with the given rates.
    pub fn new(default: SamplingRates) -> Self {
        Self(Mutex::new(RuleTable::new(default)))
    }

    /// Removes all rules except `Default`, which gets the given rates.
    pub fn reset(&self, default: SamplingRates) {
        *self.lock() = RuleTable::new(default);
    }

    /// Returns all sampling rules, sorted by name.
    pub fn list(&self) -> Vec<SamplingRuleRecord> {
        self.lock().records.values().cloned().collect()
    }

    /// Returns the fixed rate and the reservoir of the rule with the given name.
    pub fn rates(&self, name: &str) -> Option<SamplingRates> {
        let table = self.lock();
        let rule = &table.records.get(name)?.sampling_rule;
        Some(SamplingRates {
            fixed_rate: rule.fixed_rate,
            reservoir_size: rule.reservoir_size as u64,
        })
    }

    /// Returns the time of the last change to any sampling rule.
    pub fn last_modification(&self) -> Time {
        self.lock().last_modification
    }

    /// Adds a rule. Fails if a rule with the same name exists, or if the maximum number of rules exists.
    pub fn create(&self, new: NewSamplingRule) -> Result<SamplingRuleRecord, Error> {
        if new.rule_arn.is_some() {
            return Err(Error::invalid(
                "RuleARN is assigned by the service; set RuleName instead",
            ));
        }
        let rule = SamplingRule::from(new);
        let mut table = self.lock();
        if table.records.contains_key(&rule.rule_name) {
            let name = &rule.rule_name;
            return Err(Error::invalid(format!(
                "Sampling rule {name:?} exists already"
            )));
        }
        if table.records.len() > MAX_CUSTOM_RULES {
            return Err(Error::TooManyRules(MAX_CUSTOM_RULES));
        }
        let now = Time::now();
        let record = SamplingRuleRecord {
            sampling_rule: rule,
            created_at: now,
            modified_at: now,
        };
        table.last_modification = now;
        let name = record.sampling_rule.rule_name.clone();
        table.records.insert(name, record.clone());
        Ok(record)
    }

    /// Changes a rule. For the rule `Default`, a request can change only the fixed rate and the reservoir.
    pub fn update(
        &self,
        selector: &RuleSelector,
        update: SamplingRuleUpdate,
    ) -> Result<SamplingRuleRecord, Error> {
        let mut table = self.lock();
        let name = selector.find_rule_name(&table)?;
        let Some(record) = table.records.get_mut(&name) else {
            return Err(selector.not_found_error());
        };
        if name == DEFAULT_RULE_NAME && !update.has_only_rates() {
            let message = "Only FixedRate and ReservoirSize of the Default rule can be changed";
            return Err(Error::invalid(message));
        }
        update.apply_to(&mut record.sampling_rule);
        record.modified_at = Time::now();
        let record = record.clone();
        table.last_modification = record.modified_at;
        Ok(record)
    }

    /// Removes a rule. A request cannot remove the rule `Default`.
    pub fn delete(&self, selector: &RuleSelector) -> Result<SamplingRuleRecord, Error> {
        let mut table = self.lock();
        let name = selector.find_rule_name(&table)?;
        if name == DEFAULT_RULE_NAME {
            return Err(Error::invalid("The Default rule cannot be deleted"));
        }
        let removed_record = table.records.remove(&name);
        table.last_modification = Time::now();
        removed_record.ok_or_else(|| selector.not_found_error())
    }

    fn lock(&self) -> MutexGuard<'_, RuleTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RuleTable {
    /// A table that contains only the rule `Default` with the given rates.
    fn new(default: SamplingRates) -> Self {
        let wildcard = || "*".to_owned();
        let rule = SamplingRule {
            rule_name: DEFAULT_RULE_NAME.to_owned(),
            rule_arn: resource_arn("sampling-rule", DEFAULT_RULE_NAME),
            resource_arn: wildcard(),
            priority: 10_000,
            fixed_rate: default.fixed_rate,
            reservoir_size: default.reservoir_size as i64,
            service_name: wildcard(),
            service_type: wildcard(),
            host: wildcard(),
            http_method: wildcard(),
            url_path: wildcard(),
            version: 1,
            attributes: BTreeMap::new(),
        };
        let now = Time::now();
        let record = SamplingRuleRecord {
            sampling_rule: rule,
            created_at: Time::default(),
            modified_at: now,
        };
        Self {
            records: [(DEFAULT_RULE_NAME.to_owned(), record)].into(),
            last_modification: now,
        }
    }
}

impl RuleSelector {
    fn find_rule_name(&self, table: &RuleTable) -> Result<String, Error> {
        let record = match (&self.rule_name, &self.rule_arn) {
            (Some(name), None) => table.records.get(&name.0),
            (None, Some(arn)) => {
                let mut records = table.records.values();
                records.find(|record| record.sampling_rule.rule_arn == *arn)
            }
            _ => {
                return Err(Error::invalid(
                    "Either RuleName or RuleARN is required, not both",
                ));
            }
        };
        let name = record.map(|record| record.sampling_rule.rule_name.clone());
        name.ok_or_else(|| self.not_found_error())
    }

    fn not_found_error(&self) -> Error {
        let name = self.rule_name.as_ref().map(|BoundedText(name)| name);
        let name = name.or(self.rule_arn.as_ref());
        let name = name.map_or("", String::as_str);
        Error::invalid(format!("There is no sampling rule {name:?}"))
    }
}

impl From<NewSamplingRule> for SamplingRule {
    fn from(new: NewSamplingRule) -> Self {
        Self {
            rule_arn: resource_arn("sampling-rule", &new.rule_name.0),
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
            attributes: new.attributes.map(attributes_to_texts).unwrap_or_default(),
        }
    }
}

impl SamplingRuleUpdate {
    /// Whether the update changes only the fixed rate and the reservoir of the rule.
    fn has_only_rates(&self) -> bool {
        self.resource_arn.is_none()
            && self.priority.is_none()
            && self.service_name.is_none()
            && self.service_type.is_none()
            && self.host.is_none()
            && self.http_method.is_none()
            && self.url_path.is_none()
            && self.attributes.is_none()
    }

    fn apply_to(self, rule: &mut SamplingRule) {
        fn replace_if_some<T>(old: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *old = new;
            }
        }
        replace_if_some(&mut rule.resource_arn, self.resource_arn.map(|it| it.0));
        replace_if_some(&mut rule.priority, self.priority.map(|it| it.0));
        replace_if_some(&mut rule.fixed_rate, self.fixed_rate.map(|it| it.0));
        replace_if_some(&mut rule.reservoir_size, self.reservoir_size.map(|it| it.0));
        replace_if_some(&mut rule.service_name, self.service_name.map(|it| it.0));
        replace_if_some(&mut rule.service_type, self.service_type.map(|it| it.0));
        replace_if_some(&mut rule.host, self.host.map(|it| it.0));
        replace_if_some(&mut rule.http_method, self.http_method.map(|it| it.0));
        replace_if_some(&mut rule.url_path, self.url_path.map(|it| it.0));
        replace_if_some(
            &mut rule.attributes,
            self.attributes.map(attributes_to_texts),
        );
    }
}
