//! What clients ask about traces, as the service model has it. Members that the model does not know are
//! ignored.

use serde::Deserialize;

use crate::bounded::{Int32, List, Object, Text, Unsupported, Word};
use crate::store::TimeRangeType;
use crate::time::Time;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutTraceSegments {
    /// The real service's quota.
    pub trace_segment_documents: List<String, 1, 50>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "records are checked and then dropped")]
pub struct PutTelemetryRecords {
    telemetry_records: List<Object<TelemetryRecord>, 1, { usize::MAX }>,
    #[serde(rename = "EC2InstanceId")]
    ec2_instance_id: Option<Text<0, 20>>,
    hostname: Option<Text<0, 255>>,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<Text<0, 500>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "records are checked and then dropped")]
struct TelemetryRecord {
    timestamp: f64,
    segments_received_count: Option<Int32>,
    segments_sent_count: Option<Int32>,
    segments_spillover_count: Option<Int32>,
    segments_rejected_count: Option<Int32>,
    backend_connection_errors: Option<Object<BackendConnectionErrors>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "records are checked and then dropped")]
struct BackendConnectionErrors {
    timeout_count: Option<Int32>,
    connection_refused_count: Option<Int32>,
    #[serde(rename = "HTTPCode4XXCount")]
    http_code_4xx_count: Option<Int32>,
    #[serde(rename = "HTTPCode5XXCount")]
    http_code_5xx_count: Option<Int32>,
    unknown_host_count: Option<Int32>,
    other_count: Option<Int32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTraceSummaries {
    pub start_time: Time,
    pub end_time: Time,
    pub time_range_type: Option<Word<TimeRangeType>>,
    pub sampling: Option<bool>,
    pub sampling_strategy: Option<Object<SamplingStrategy>>,
    pub filter_expression: Option<String>,
    pub next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingStrategy {
    pub name: Option<Word<SamplingStrategyName>>,
    pub value: Option<f64>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
pub enum SamplingStrategyName {
    PartialScan,
    FixedRate,
}

/// The id of a trace, which may still be none.
pub type TraceIdText = Text<1, 35>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BatchGetTraces {
    pub trace_ids: List<TraceIdText, 0, 5>,
    #[expect(dead_code, reason = "it is refused")]
    next_token: Option<Unsupported>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTraceGraph {
    pub trace_ids: Vec<TraceIdText>,
    #[expect(dead_code, reason = "it is refused")]
    next_token: Option<Unsupported>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetServiceGraph {
    pub start_time: Time,
    pub end_time: Time,
    #[expect(dead_code, reason = "it is refused")]
    next_token: Option<Unsupported>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTimeSeries {
    pub start_time: Time,
    pub end_time: Time,
    pub entity_selector_expression: Option<Text<1, 500>>,
    pub period: Option<Int32>,
    pub forecast_statistics: Option<bool>,
    #[expect(dead_code, reason = "it is refused")]
    next_token: Option<Unsupported>,
}

/// A request without anything but a page token, which is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IgnoresToken {
    #[expect(dead_code, reason = "the real service ignores it")]
    next_token: Option<String>,
}

/// A request without anything but a page token, which is refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefusesToken {
    #[expect(dead_code, reason = "it is refused")]
    next_token: Option<Unsupported>,
}
