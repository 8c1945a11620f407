//! A valid request for each operation.

use serde_json::{Value, json};

use crate::local_xray::START;

/// A request member with the value `null` counts as absent.
pub const ABSENT: Value = Value::Null;

/// Returns a valid request with every supported member. Returns `None` if the operation is not implemented.
pub fn complete_request(operation: &str) -> Option<Value> {
    let rule = |name: &str| {
        json!({
            "RuleName": name, "ResourceARN": "*", "Priority": 9, "FixedRate": 0.5, "ReservoirSize": 1,
            "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*",
            "Attributes": { "colour": "red" },
        })
    };
    let range = json!({ "StartTime": START, "EndTime": START + 60 });
    let group = json!({ "GroupName": "known", "GroupARN": null });
    let insights = json!({ "InsightsEnabled": true, "NotificationsEnabled": false });
    let tags = json!([{ "Key": "stage", "Value": "test" }]);
    let ids = json!([format!("1-{START:08x}-{:024x}", 1)]);
    let parts = match operation {
        "BatchGetTraces" | "GetTraceGraph" => vec![json!({ "TraceIds": ids })],
        "CreateGroup" => vec![json!({
            "GroupName": "new", "FilterExpression": "ok", "InsightsConfiguration": insights, "Tags": tags,
        })],
        "CreateSamplingRule" => {
            let mut rule = rule("new");
            rule["Version"] = json!(1);
            vec![json!({ "SamplingRule": rule, "Tags": tags })]
        }
        "DeleteGroup" | "GetGroup" => vec![group],
        "DeleteSamplingRule" => vec![json!({ "RuleName": "known", "RuleARN": null })],
        "GetEncryptionConfig" | "GetGroups" => vec![json!({})],
        "GetSamplingRules" | "GetSamplingStatisticSummaries" => vec![json!({ "NextToken": "x" })],
        "GetSamplingTargets" => vec![json!({
            "SamplingStatisticsDocuments": [{
                "RuleName": "Default", "ClientID": "ABCDEF1234567890ABCDEF10", "Timestamp": START,
                "RequestCount": 2, "SampledCount": 1, "BorrowCount": 0,
            }],
            "SamplingBoostStatisticsDocuments": [],
        })],
        "GetServiceGraph" => vec![range, group],
        "GetTimeSeriesServiceStatistics" => vec![
            range,
            group,
            json!({ "EntitySelectorExpression": "service()", "Period": 60, "ForecastStatistics": false }),
        ],
        "GetTraceSummaries" => vec![
            range,
            json!({
                "TimeRangeType": "Event", "Sampling": false, "FilterExpression": "ok",
                "SamplingStrategy": { "Name": "FixedRate", "Value": 0.5 },
            }),
        ],
        "PutTelemetryRecords" => vec![json!({
            "TelemetryRecords": [{
                "Timestamp": START, "SegmentsReceivedCount": 1, "SegmentsSentCount": 1,
                "SegmentsSpilloverCount": 0, "SegmentsRejectedCount": 0,
                "BackendConnectionErrors": {
                    "TimeoutCount": 0, "ConnectionRefusedCount": 0, "HTTPCode4XXCount": 0,
                    "HTTPCode5XXCount": 0, "UnknownHostCount": 0, "OtherCount": 0,
                },
            }],
            "EC2InstanceId": "i-1", "Hostname": "host", "ResourceARN": "arn",
        })],
        "PutTraceSegments" => vec![json!({ "TraceSegmentDocuments": ["{}"] })],
        "UpdateGroup" => vec![
            group,
            json!({ "FilterExpression": "ok", "InsightsConfiguration": insights }),
        ],
        "UpdateSamplingRule" => {
            let mut rule = rule("known");
            rule["RuleARN"] = ABSENT;
            vec![json!({ "SamplingRuleUpdate": rule })]
        }
        _ => return None,
    };
    let members = parts.into_iter().flat_map(|part| part.as_object().cloned());
    Some(members.flatten().collect())
}
