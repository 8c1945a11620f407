//! Helpers for the tests of rules: rule definitions, a service and a request.

use std::time::Duration;

use opentelemetry::KeyValue;
use serde_json::{Value, json};

use super::Rules;
use crate::sampler::Service;
use crate::sampler::api::{SamplingRulesPage, SamplingTargetsResponse};
use crate::sampler::request::Request;
use crate::sampler::rule::Rule;
use crate::sampler::rule_state::RequestCounts;

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Creates the definition of a rule that matches every request. The fields in `fields` are added to the
/// definition or replace fields of the definition.
pub(super) fn rule_definition(name: &str, priority: i64, fields: Value) -> Value {
    let mut definition = json!({
        "RuleName": name, "Priority": priority, "FixedRate": 1.0, "ReservoirSize": 0,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
        "URLPath": "*", "ResourceARN": "*", "Version": 1,
    });
    for (key, value) in fields.as_object().unwrap() {
        definition[key] = value.clone();
    }
    definition
}

/// Refreshes `rules` with a response that contains `definitions`.
pub(super) fn refresh_rules(
    rules: &Rules,
    definitions: impl IntoIterator<Item = Value>,
    now: u64,
) -> Option<Rules> {
    let records = definitions.into_iter();
    let records: Vec<_> = records
        .map(|definition| json!({"SamplingRule": definition}))
        .collect();
    let page = json!({"SamplingRuleRecords": records});
    let page: SamplingRulesPage = serde_json::from_value(page).unwrap();
    let records = page.sampling_rule_records.into_iter();
    let definitions = records.map(|record| record.sampling_rule).collect();
    rules.with_definitions(definitions, seconds(now))
}

/// Creates rules from `definitions` at second 100. At least one definition must be valid.
pub(super) fn create_rules(definitions: impl IntoIterator<Item = Value>) -> Rules {
    refresh_rules(&Rules::default(), definitions, 100).unwrap()
}

pub(super) fn parse_targets(response: Value) -> SamplingTargetsResponse {
    serde_json::from_value(response).unwrap()
}

pub(super) fn fargate_service() -> Service {
    let arn = "arn:aws:ecs:eu-west-1:111122223333:container/mysfits/1f/2e";
    Service {
        name: "like service".to_owned(),
        types: &["AWS::ECS::Container", "AWS::ECS::Fargate"],
        arn: Some(arn.to_owned()),
    }
}

/// The attributes of the server span for a like request.
pub(super) fn like_attributes() -> Vec<KeyValue> {
    vec![
        KeyValue::new("server.address", "shop.example"),
        KeyValue::new("server.port", 8080),
        KeyValue::new("http.request.method", "POST"),
        KeyValue::new("url.path", "/mysfits/1/like"),
        KeyValue::new("url.scheme", "https"),
        KeyValue::new("http.route", "/mysfits/{id}/like"),
        KeyValue::new("user_agent.original", "ELB-HealthChecker/2.0"),
        KeyValue::new("client.address", "203.0.113.9"),
    ]
}

/// Decides whether to sample a like request at `second`.
pub(super) fn sample_like(rules: &Rules, second: u64, random: f64) -> bool {
    let attributes = like_attributes();
    rules.decide(
        &fargate_service(),
        || Request::from_attributes(&attributes),
        seconds(second),
        random,
    )
}

pub(super) fn rule_names(rules: &Rules) -> Vec<&str> {
    rules.rules.iter().map(Rule::name).collect()
}

pub(super) fn request_counts(rule: &Rule) -> RequestCounts {
    rule.state.lock().counts
}
