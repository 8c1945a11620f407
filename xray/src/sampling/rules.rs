//! The sampling rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::api::Error;
use crate::arn;
use crate::time::Time;

/// So many rules of one's own there may be: the real service's quota.
const MAX_RULES: usize = 25;

/// The rule for what no other rule matches.
const DEFAULT: &str = "Default";

/// A sampling rule, as the API has it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingRule {
    #[serde(default)]
    rule_name: String,
    #[serde(rename = "RuleARN", default)]
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
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

/// What of a rule is to be changed; what is not said stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Change {
    #[serde(flatten)]
    selector: RuleSelector,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    priority: Option<i64>,
    fixed_rate: Option<f64>,
    reservoir_size: Option<i64>,
    service_name: Option<String>,
    service_type: Option<String>,
    host: Option<String>,
    #[serde(rename = "HTTPMethod")]
    http_method: Option<String>,
    #[serde(rename = "URLPath")]
    url_path: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
}

/// One rule, by name or ARN.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RuleSelector {
    rule_name: Option<String>,
    #[serde(rename = "RuleARN")]
    rule_arn: Option<String>,
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
    pub fn create(&self, mut rule: SamplingRule) -> Result<SamplingRuleRecord, Error> {
        check(&rule)?;
        if !(1..=32).contains(&rule.rule_name.chars().count()) {
            return Err(Error::invalid("RuleName has 1 to 32 characters"));
        }
        if !rule.rule_arn.is_empty() {
            return Err(Error::invalid(
                "RuleARN is given by the service; say RuleName",
            ));
        }
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
        rule.rule_arn = arn::of("sampling-rule", &rule.rule_name);
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
    pub fn update(&self, change: Change) -> Result<SamplingRuleRecord, Error> {
        let mut state = self.lock();
        let name = change.selector.name(&state)?;
        let Some(record) = state.records.get_mut(&name) else {
            return Err(change.selector.not_found());
        };
        let mut rule = record.sampling_rule.clone();
        change.apply(&mut rule);
        if name != DEFAULT {
            check(&rule)?;
        } else if rule.matches_other_than(&record.sampling_rule) {
            let message = "Of the Default rule, only FixedRate and ReservoirSize can be changed";
            return Err(Error::invalid(message));
        } else {
            check_rates(&rule)?;
        }
        record.sampling_rule = rule;
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
            (Some(name), None) => state.records.get(name),
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
        let name = self.rule_name.as_deref().or(self.rule_arn.as_deref());
        let name = name.unwrap_or_default();
        Error::invalid(format!("There is no sampling rule {name:?}"))
    }
}

impl Change {
    fn apply(&self, rule: &mut SamplingRule) {
        let texts = [
            (&mut rule.resource_arn, &self.resource_arn),
            (&mut rule.service_name, &self.service_name),
            (&mut rule.service_type, &self.service_type),
            (&mut rule.host, &self.host),
            (&mut rule.http_method, &self.http_method),
            (&mut rule.url_path, &self.url_path),
        ];
        for (old, new) in texts {
            if let Some(new) = new {
                old.clone_from(new);
            }
        }
        rule.priority = self.priority.unwrap_or(rule.priority);
        rule.fixed_rate = self.fixed_rate.unwrap_or(rule.fixed_rate);
        rule.reservoir_size = self.reservoir_size.unwrap_or(rule.reservoir_size);
        if let Some(attributes) = &self.attributes {
            rule.attributes.clone_from(attributes);
        }
    }
}

impl SamplingRule {
    /// What it matches, and when it is asked.
    fn matches_other_than(&self, other: &Self) -> bool {
        fn all(rule: &SamplingRule) -> (i64, [&str; 6], &BTreeMap<String, String>) {
            let texts = [
                &*rule.resource_arn,
                &rule.service_name,
                &rule.service_type,
                &rule.host,
                &rule.http_method,
                &rule.url_path,
            ];
            (rule.priority, texts, &rule.attributes)
        }
        all(self) != all(other)
    }
}

fn check(rule: &SamplingRule) -> Result<(), Error> {
    check_rates(rule)?;
    if !(1..=9999).contains(&rule.priority) {
        return Err(Error::invalid("Priority is from 1 to 9999"));
    }
    if rule.version != 1 {
        return Err(Error::invalid("Version is 1"));
    }
    if rule.attributes.len() > 5 {
        return Err(Error::invalid("Attributes are at most 5"));
    }
    let longest = [
        ("ResourceARN", &rule.resource_arn, 500),
        ("ServiceName", &rule.service_name, 64),
        ("ServiceType", &rule.service_type, 64),
        ("Host", &rule.host, 64),
        ("HTTPMethod", &rule.http_method, 10),
        ("URLPath", &rule.url_path, 128),
    ];
    for (field, value, most) in longest {
        if value.chars().count() > most {
            return Err(Error::invalid(format!(
                "{field} has at most {most} characters"
            )));
        }
    }
    Ok(())
}

fn check_rates(rule: &SamplingRule) -> Result<(), Error> {
    if !(0.0..=1.0).contains(&rule.fixed_rate) {
        return Err(Error::invalid("FixedRate is from 0 to 1"));
    }
    match rule.reservoir_size {
        0..=1_000_000_000 => Ok(()),
        _ => Err(Error::invalid(
            "ReservoirSize is 0 or more, up to 1000000000",
        )),
    }
}
