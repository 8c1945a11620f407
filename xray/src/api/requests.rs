//! What clients ask, as far as it is read. What an operation does not know is left out.

use serde::Deserialize;

use crate::groups::Selector;
use crate::sampling::{Change, Report, SamplingRule};
use crate::store::TimeRangeType;
use crate::time::Time;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutTraceSegments {
    pub trace_segment_documents: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutTelemetryRecords {
    pub telemetry_records: Vec<TelemetryRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(
    dead_code,
    reason = "that a record has a time is all that is asked of it"
)]
pub struct TelemetryRecord {
    timestamp: Time,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTraceSummaries {
    pub start_time: Time,
    pub end_time: Time,
    pub time_range_type: Option<TimeRangeType>,
    pub sampling: Option<bool>,
    pub sampling_strategy: Option<SamplingStrategy>,
    pub filter_expression: Option<String>,
    pub next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingStrategy {
    pub name: SamplingStrategyName,
    pub value: Option<f64>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
pub enum SamplingStrategyName {
    PartialScan,
    FixedRate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TraceIds {
    pub trace_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetServiceGraph {
    pub start_time: Time,
    pub end_time: Time,
    #[serde(flatten)]
    pub group: Selector,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTimeSeries {
    pub start_time: Time,
    pub end_time: Time,
    #[serde(flatten)]
    pub group: Selector,
    pub entity_selector_expression: Option<String>,
    pub period: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateSamplingRule {
    pub sampling_rule: SamplingRule,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateSamplingRule {
    pub sampling_rule_update: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetSamplingTargets {
    pub sampling_statistics_documents: Vec<Report>,
}
