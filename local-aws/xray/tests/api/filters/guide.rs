//! Tests with filter expressions from the developer guide.

use serde_json::json;

use super::ten_traces::xray_with_ten_traces;
use crate::local_xray::{Merge, longest_range};

/// Expressions from the developer guide that are in no other test. Most of the expressions from the guide
/// match no test trace.
#[test]
fn every_example_of_the_guide_is_a_valid_filter() {
    let xray = xray_with_ten_traces();
    for filter in [
        r#"rootcause.fault.entity { last and name = "deserialize" }"#,
        r#"rootcause.responsetime.entity { remote and coverage > 0.7 and name = "traces" }"#,
        r#"rootcause.fault.service { inferred and name = traces and type = "AWS::DynamoDB" }"#,
        r#"service("data-plane") {root = true and fault = true}"#,
        "rootcause.fault.service { index > 5 }",
        "rootcause.responsetime.entity { last and coverage > 0.8 }",
        r#"http.url CONTAINS "/api/game/""#,
        r#"rootcause.responsetime.service { last and type = "AWS::DynamoDB" }"#,
        r#"rootcause.fault.exception { last and message = "Access Denied for account_id: 1234567890" }"#,
        r#"service("api.example.com") { fault }"#,
        r#"edge("api.example.com", "backend.example.com") { error }"#,
        "http.url AND responseTime > 2",
        r#"annotation.gameid = "817DL6VO""#,
        "annotation.age > 29",
        r#"rootcause.json = #[{ "Services": [ { "Name": "GetWeatherData", "EntityPath": [{ "Name": "GetWeatherData" }, { "Name": "get_temperature" } ] }, { "Name": "GetTemperature", "EntityPath": [ { "Name": "GetTemperature" } ] } ] }]"#,
        r#"service(id(name: "service-name", type:"service::type")) { error }"#,
        r#"edge(id(name: "service-one", type:"service::type"), id(name: "service-two", type:"service::type")) { error }"#,
        r#"edge(id(name: "www", type: "client::Synthetics"), id(name: "www", type: "AWS::ElasticBeanstalk::Environment"))"#,
    ] {
        xray.summaries(filter);
    }
}

#[test]
fn an_id_without_a_function_is_not_a_filter() {
    let request = longest_range().merge(json!({ "FilterExpression": r#"id(name: "n")"# }));
    let error = xray_with_ten_traces().call_error("/TraceSummaries", request);
    assert!(error.ends_with("at position 1"), "{error}");
}
