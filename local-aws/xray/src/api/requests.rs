//! Requests about traces, with the types and bounds of the service model. Unknown members of a request are
//! ignored.

use serde::Deserialize;

use crate::bounded::{BoundedList, BoundedText, EnumText, Int32, Object, Unsupported};
use crate::store::TimeRangeType;
use crate::time::Time;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutTraceSegments {
    /// AWS accepts at most 50 documents in a request.
    pub trace_segment_documents: BoundedList<String, 1, 50>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "records are validated and then dropped")]
pub struct PutTelemetryRecords {
    telemetry_records: BoundedList<Object<TelemetryRecord>, 1, { usize::MAX }>,
    #[serde(rename = "EC2InstanceId")]
    ec2_instance_id: Option<BoundedText<0, 20>>,
    hostname: Option<BoundedText<0, 255>>,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<BoundedText<0, 500>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "records are validated and then dropped")]
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
#[expect(dead_code, reason = "records are validated and then dropped")]
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
    pub time_range_type: Option<EnumText<TimeRangeType>>,
    pub sampling: Option<bool>,
    pub sampling_strategy: Option<Object<SamplingStrategy>>,
    pub filter_expression: Option<String>,
    pub next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SamplingStrategy {
    pub name: Option<EnumText<SamplingStrategyName>>,
    pub value: Option<f64>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
pub enum SamplingStrategyName {
    PartialScan,
    FixedRate,
}

/// The text of a trace id before the text is parsed.
pub type UnparsedTraceId = BoundedText<1, 35>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BatchGetTraces {
    pub trace_ids: BoundedList<UnparsedTraceId, 0, 5>,
    #[expect(dead_code, reason = "any value is refused")]
    next_token: Option<Unsupported>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTraceGraph {
    pub trace_ids: Vec<UnparsedTraceId>,
    #[expect(dead_code, reason = "any value is refused")]
    next_token: Option<Unsupported>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetServiceGraph {
    pub start_time: Time,
    pub end_time: Time,
    #[expect(dead_code, reason = "any value is refused")]
    next_token: Option<Unsupported>,
}

/// `GetTimeSeriesServiceStatistics`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTimeSeries {
    pub start_time: Time,
    pub end_time: Time,
    pub entity_selector_expression: Option<BoundedText<1, 500>>,
    pub period: Option<Int32>,
    pub forecast_statistics: Option<bool>,
    #[expect(dead_code, reason = "any value is refused")]
    next_token: Option<Unsupported>,
}

/// A request whose only member is a page token. The operation ignores the page token.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IgnoredTokenRequest {
    #[expect(dead_code, reason = "AWS ignores the token, too")]
    next_token: Option<String>,
}

/// A request whose only member is a page token. The operation refuses any page token, because all results are
/// on one page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefusedTokenRequest {
    #[expect(dead_code, reason = "any value is refused")]
    next_token: Option<Unsupported>,
}
