//! The requests and answers of X-Ray's sampling API, as the daemon's TCP port passes them on.
//!
//! Fields that are not listed here are ignored. An item of a list that cannot be read is left out, so
//! that it does not cost the others.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The answer to `GetSamplingRules`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RulesPage {
    #[serde(deserialize_with = "readable")]
    pub sampling_rule_records: Vec<Record>,
    #[serde(default)]
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Record {
    pub sampling_rule: SamplingRule,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingRule {
    pub rule_name: String,
    pub priority: i64,
    pub fixed_rate: f64,
    pub reservoir_size: u64,
    pub service_name: String,
    pub service_type: String,
    pub host: String,
    #[serde(rename = "HTTPMethod")]
    pub http_method: String,
    #[serde(rename = "URLPath")]
    pub url_path: String,
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    #[serde(default)]
    pub attributes: Option<BTreeMap<String, String>>,
    pub version: i64,
}

/// The body of `GetSamplingTargets`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statistics<'a> {
    pub sampling_statistics_documents: &'a [StatisticsDocument],
}

/// How often one rule matched since its last report.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatisticsDocument {
    pub rule_name: String,
    #[serde(rename = "ClientID")]
    pub client_id: String,
    /// Seconds since 1970.
    pub timestamp: u64,
    pub request_count: u64,
    /// All requests that were sampled, the borrowed ones included.
    pub sampled_count: u64,
    pub borrow_count: u64,
}

/// The answer to `GetSamplingTargets`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Targets {
    #[serde(deserialize_with = "readable")]
    pub sampling_target_documents: Vec<TargetDocument>,
    /// Seconds since 1970, by X-Ray's clock.
    pub last_rule_modification: Option<f64>,
    #[serde(deserialize_with = "readable")]
    pub unprocessed_statistics: Vec<Unprocessed>,
}

/// What X-Ray assigns to this process for one rule. A field that is missing changes nothing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TargetDocument {
    pub rule_name: String,
    pub fixed_rate: Option<f64>,
    pub reservoir_quota: Option<u64>,
    /// Seconds since 1970.
    #[serde(rename = "ReservoirQuotaTTL")]
    pub reservoir_quota_ttl: Option<f64>,
    /// Seconds until the next report of this rule.
    pub interval: Option<f64>,
}

/// A statistics document that X-Ray did not count.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unprocessed {
    pub rule_name: String,
    /// An HTTP status.
    #[serde(default)]
    pub error_code: Option<String>,
}

fn readable<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let list: Option<Vec<Value>> = Option::deserialize(deserializer)?;
    let items = list.unwrap_or_default().into_iter();
    Ok(items
        .filter_map(|item| serde_json::from_value(item).ok())
        .collect())
}
