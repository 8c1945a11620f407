//! Tests of the reset.

use serde_json::{Value, json};

use crate::local_xray::LocalXray;

/// What the API shows, without times.
fn description(xray: &LocalXray) -> Value {
    let mut rules = xray.call("/GetSamplingRules", json!({}));
    for record in rules["SamplingRuleRecords"].as_array_mut().unwrap() {
        record["ModifiedAt"].take();
    }
    json!({
        "Groups": xray.call("/Groups", json!({})),
        "Rules": rules,
        "Statistics": xray.call("/SamplingStatisticSummaries", json!({})),
        "Status": xray.0.status(),
        "Summaries": xray.summaries("responsetime >= 0"),
    })
}

#[test]
fn after_a_reset_everything_is_as_at_the_start() {
    let xray = LocalXray::new();
    let start = description(&xray);
    let document = json!({
        "trace_id": "1-6b00df00-000000000000000000000001", "id": "0000000000000001", "name": "a",
        "start_time": 1_795_219_200, "end_time": 1_795_219_201,
    });
    xray.put_documents(std::slice::from_ref(&document));
    xray.0.put_document("{");
    xray.call("/CreateGroup", json!({ "GroupName": "slow" }));
    let rule = json!({
        "RuleName": "own", "ResourceARN": "*", "Priority": 1, "FixedRate": 1, "ReservoirSize": 1,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    });
    xray.call("/CreateSamplingRule", json!({ "SamplingRule": rule }));
    let rates = json!({ "RuleName": "Default", "FixedRate": 0.5 });
    xray.call(
        "/UpdateSamplingRule",
        json!({ "SamplingRuleUpdate": rates }),
    );
    let report = json!({
        "RuleName": "Default", "ClientID": "0123456789abcdef01234567", "Timestamp": 1_795_219_200,
        "RequestCount": 1, "SampledCount": 1,
    });
    let reports = json!({ "SamplingStatisticsDocuments": [report] });
    xray.call("/SamplingTargets", reports);
    let changed = description(&xray);
    for (name, value) in start.as_object().unwrap() {
        assert_ne!(&changed[name], value, "{name}");
    }
    xray.0.reset();
    assert_eq!(description(&xray), start);
    // The store still accepts documents.
    xray.put_documents(&[document]);
    assert_eq!(xray.summaries("responsetime >= 0").len(), 1);
}
