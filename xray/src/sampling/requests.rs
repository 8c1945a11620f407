//! What requests tell about sampling, as the service model has it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bounded::{Count, Integer, List, Map, Object, Share, Text, Unsupported};
use crate::tags::Tags;

/// `CreateSamplingRule`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateSamplingRule {
    /// What is to be made.
    pub sampling_rule: Object<NewRule>,
    #[expect(dead_code, reason = "tags are checked and not kept")]
    tags: Option<Tags>,
}

/// `UpdateSamplingRule`: which rule, or what of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: Deserialize<'de>")]
pub struct UpdateSamplingRule<T> {
    /// The rule, or the change.
    pub sampling_rule_update: Object<T>,
}

/// `GetSamplingTargets`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetSamplingTargets {
    /// What the services have done by the rules.
    pub sampling_statistics_documents: List<Object<Report>, 0, 25>,
    #[expect(dead_code, reason = "it is refused")]
    sampling_boost_statistics_documents: Option<List<Unsupported, 0, 25>>,
}

/// One rule, by name or ARN.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RuleSelector {
    pub(super) rule_name: Option<Text<1, 32>>,
    #[serde(rename = "RuleARN")]
    pub(super) rule_arn: Option<String>,
}

/// A rule to be made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewRule {
    pub(super) rule_name: Text<1, 32>,
    #[serde(rename = "RuleARN")]
    pub(super) rule_arn: Option<String>,
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Text<0, 500>,
    pub(super) priority: Priority,
    pub(super) fixed_rate: Share,
    pub(super) reservoir_size: Count,
    pub(super) service_name: Text<0, 64>,
    pub(super) service_type: Text<0, 64>,
    pub(super) host: Text<0, 64>,
    #[serde(rename = "HTTPMethod")]
    pub(super) http_method: Text<0, 10>,
    #[serde(rename = "URLPath")]
    pub(super) url_path: Text<0, 128>,
    /// Of the format, of which there is one.
    pub(super) version: Integer<1, 1>,
    pub(super) attributes: Option<Attributes>,
    #[expect(dead_code, reason = "it is refused")]
    sampling_rate_boost: Option<Unsupported>,
}

/// What of a rule is to be changed. The bounds are those of a new rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<Text<0, 500>>,
    pub(super) priority: Option<Priority>,
    pub(super) fixed_rate: Option<Share>,
    pub(super) reservoir_size: Option<Count>,
    pub(super) service_name: Option<Text<0, 64>>,
    pub(super) service_type: Option<Text<0, 64>>,
    pub(super) host: Option<Text<0, 64>>,
    #[serde(rename = "HTTPMethod")]
    pub(super) http_method: Option<Text<0, 10>>,
    #[serde(rename = "URLPath")]
    pub(super) url_path: Option<Text<0, 128>>,
    pub(super) attributes: Option<Attributes>,
    #[expect(dead_code, reason = "it is refused")]
    sampling_rate_boost: Option<Unsupported>,
}

/// The rule with the least is asked first.
pub(super) type Priority = Integer<1, 9999>;

/// What the attributes of a request must be.
pub(super) type Attributes = Map<Text<1, 32>, Text<1, 32>, 5>;

/// The texts of attributes.
pub(super) fn texts(attributes: Attributes) -> BTreeMap<String, String> {
    let pairs = attributes.0.into_iter();
    pairs.map(|(Text(key), Text(value))| (key, value)).collect()
}

/// What a service has done by one rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    pub(super) rule_name: Text<1, 32>,
    #[serde(rename = "ClientID")]
    pub(super) client_id: Text<24, 24>,
    /// Seconds since 1970, or milliseconds from OpenTelemetry's sampler for Java.
    #[expect(
        dead_code,
        reason = "required, and then read by nobody: the clock here is the one that counts"
    )]
    timestamp: f64,
    pub(super) request_count: Count,
    pub(super) sampled_count: Count,
    pub(super) borrow_count: Option<Count>,
}
