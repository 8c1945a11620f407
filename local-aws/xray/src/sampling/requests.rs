//! Requests about sampling, with the types and bounds of the service model.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bounded::{
    BoundedInteger, BoundedList, BoundedMap, BoundedText, Count, Fraction, Object, Unsupported,
};
use crate::tags::Tags;

/// `CreateSamplingRule`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateSamplingRule {
    pub sampling_rule: Object<NewSamplingRule>,
    #[expect(dead_code, reason = "tags are validated and then dropped")]
    tags: Option<Tags>,
}

/// `UpdateSamplingRule`. The only member of the request selects the rule and contains the new settings. The
/// request body is therefore parsed twice: with [`RuleSelector`] as `T`, and with [`SamplingRuleUpdate`] as
/// `T`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: Deserialize<'de>")]
pub struct UpdateSamplingRule<T> {
    pub sampling_rule_update: Object<T>,
}

/// `GetSamplingTargets`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetSamplingTargets {
    pub sampling_statistics_documents: BoundedList<Object<SamplingStatistics>, 0, 25>,
    #[expect(dead_code, reason = "any value is refused")]
    sampling_boost_statistics_documents: Option<BoundedList<Unsupported, 0, 25>>,
}

/// Selects a rule by the name or the ARN of the rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RuleSelector {
    pub(super) rule_name: Option<BoundedText<1, 32>>,
    #[serde(rename = "RuleARN")]
    pub(super) rule_arn: Option<String>,
}

/// The rule of a `CreateSamplingRule` request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewSamplingRule {
    pub(super) rule_name: BoundedText<1, 32>,
    #[serde(rename = "RuleARN")]
    pub(super) rule_arn: Option<String>,
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: BoundedText<0, 500>,
    pub(super) priority: Priority,
    pub(super) fixed_rate: Fraction,
    pub(super) reservoir_size: Count,
    pub(super) service_name: BoundedText<0, 64>,
    pub(super) service_type: BoundedText<0, 64>,
    pub(super) host: BoundedText<0, 64>,
    #[serde(rename = "HTTPMethod")]
    pub(super) http_method: BoundedText<0, 10>,
    #[serde(rename = "URLPath")]
    pub(super) url_path: BoundedText<0, 128>,
    /// Version of the rule format. The only supported version is 1.
    pub(super) version: BoundedInteger<1, 1>,
    pub(super) attributes: Option<Attributes>,
    #[expect(dead_code, reason = "any value is refused")]
    sampling_rate_boost: Option<Unsupported>,
}

/// The new settings in an `UpdateSamplingRule` request. If a member of the request is absent, the setting
/// stays unchanged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingRuleUpdate {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<BoundedText<0, 500>>,
    pub(super) priority: Option<Priority>,
    pub(super) fixed_rate: Option<Fraction>,
    pub(super) reservoir_size: Option<Count>,
    pub(super) service_name: Option<BoundedText<0, 64>>,
    pub(super) service_type: Option<BoundedText<0, 64>>,
    pub(super) host: Option<BoundedText<0, 64>>,
    #[serde(rename = "HTTPMethod")]
    pub(super) http_method: Option<BoundedText<0, 10>>,
    #[serde(rename = "URLPath")]
    pub(super) url_path: Option<BoundedText<0, 128>>,
    pub(super) attributes: Option<Attributes>,
    #[expect(dead_code, reason = "any value is refused")]
    sampling_rate_boost: Option<Unsupported>,
}

/// Priority of a sampling rule. If several rules match a request, clients apply the rule with the lowest
/// number.
pub(super) type Priority = BoundedInteger<1, 9999>;

/// The attributes of a sampling rule: the values that the segment attributes of a matching request must have.
pub(super) type Attributes = BoundedMap<BoundedText<1, 32>, BoundedText<1, 32>, 5>;

/// Converts attributes to a map of texts, without the types that limit the lengths of keys and values.
pub(super) fn attributes_to_texts(attributes: Attributes) -> BTreeMap<String, String> {
    let pairs = attributes.0.into_iter();
    pairs
        .map(|(BoundedText(key), BoundedText(value))| (key, value))
        .collect()
}

/// Counts that a client reports for one rule (`SamplingStatisticsDocument`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingStatistics {
    pub(super) rule_name: BoundedText<1, 32>,
    #[serde(rename = "ClientID")]
    pub(super) client_id: BoundedText<24, 24>,
    /// Time of the report in seconds since 1970. OpenTelemetry's sampler for Java sends milliseconds instead.
    #[expect(
        dead_code,
        reason = "the member is required, but reports are counted at their time of arrival"
    )]
    timestamp: f64,
    pub(super) request_count: Count,
    pub(super) sampled_count: Count,
    pub(super) borrow_count: Option<Count>,
}
