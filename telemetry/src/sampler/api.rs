//! What the daemon's TCP port says and is told, in the JSON of X-Ray's API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to `GetSamplingRules`. A rule that makes no sense must not cost the others, so each is
/// read by itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RulesPage {
    pub sampling_rule_records: Vec<Record>,
    #[serde(default)]
    pub next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Record {
    pub sampling_rule: Value,
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
    pub attributes: BTreeMap<String, String>,
    pub version: i64,
}

/// What `GetSamplingTargets` is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statistics {
    pub sampling_statistics_documents: Vec<StatisticsDocument>,
}

/// How often one rule was asked since the last report.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatisticsDocument {
    pub rule_name: String,
    #[serde(rename = "ClientID")]
    pub client_id: String,
    pub timestamp: u64,
    pub request_count: u64,
    pub sampled_count: u64,
    pub borrow_count: u64,
}

/// The answer to it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Targets {
    pub sampling_target_documents: Vec<TargetDocument>,
    /// Seconds since 1970.
    pub last_rule_modification: f64,
}

/// What is granted to this process for one rule.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TargetDocument {
    pub rule_name: String,
    pub fixed_rate: Option<f64>,
    pub reservoir_quota: Option<u64>,
    /// Seconds since 1970.
    #[serde(rename = "ReservoirQuotaTTL")]
    pub reservoir_quota_ttl: Option<f64>,
}
