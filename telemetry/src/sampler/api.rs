//! Requests and responses of X-Ray's sampling API. The X-Ray daemon accepts requests of the sampling API on
//! its TCP port and forwards the requests to X-Ray.
//!
//! Response fields that the structs of this module do not declare are ignored. A list item that cannot be
//! deserialized is left out, and the remaining items of the list are used.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One page of the response to `GetSamplingRules`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingRulesPage {
    #[serde(deserialize_with = "deserialize_valid_items")]
    pub sampling_rule_records: Vec<SamplingRuleRecord>,
    #[serde(default)]
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingRuleRecord {
    pub sampling_rule: SamplingRule,
}

/// The definition of one sampling rule.
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

/// The body of a `GetSamplingTargets` request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingTargetsRequest<'a> {
    pub sampling_statistics_documents: &'a [SamplingStatisticsDocument],
}

/// The number of requests that one rule has matched since its last report.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingStatisticsDocument {
    pub rule_name: String,
    #[serde(rename = "ClientID")]
    pub client_id: String,
    /// Seconds since 1970.
    pub timestamp: u64,
    pub request_count: u64,
    /// The number of all sampled requests, including borrowed requests.
    pub sampled_count: u64,
    pub borrow_count: u64,
}

/// The response to `GetSamplingTargets`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SamplingTargetsResponse {
    #[serde(deserialize_with = "deserialize_valid_items")]
    pub sampling_target_documents: Vec<SamplingTargetDocument>,
    /// The time of the latest change of the sampling rules, in seconds since 1970 on X-Ray's clock.
    pub last_rule_modification: Option<f64>,
    #[serde(deserialize_with = "deserialize_valid_items")]
    pub unprocessed_statistics: Vec<UnprocessedStatistics>,
}

/// The values that X-Ray assigns to this process for one rule. If a field is missing, the corresponding value
/// of the rule stays unchanged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingTargetDocument {
    pub rule_name: String,
    pub fixed_rate: Option<f64>,
    /// Requests per second.
    pub reservoir_quota: Option<u64>,
    /// The time when the quota expires, in seconds since 1970.
    #[serde(rename = "ReservoirQuotaTTL")]
    pub reservoir_quota_ttl: Option<f64>,
    /// Seconds until the next report of this rule.
    pub interval: Option<f64>,
}

/// A statistics document that X-Ray did not process.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UnprocessedStatistics {
    pub rule_name: String,
    /// The reason why X-Ray did not process the document, as an HTTP status code.
    #[serde(default)]
    pub error_code: Option<String>,
}

fn deserialize_valid_items<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let items: Option<Vec<Value>> = Option::deserialize(deserializer)?;
    let items = items.unwrap_or_default().into_iter();
    Ok(items
        .filter_map(|item| serde_json::from_value(item).ok())
        .collect())
}
