//! Tests of the selection of a rule for a request, and of the validation of definitions.

use opentelemetry::KeyValue;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixtures::{
    create_rules, fargate_service, like_attributes, parse_targets, refresh_rules, request_counts,
    rule_definition, rule_names, sample_like, seconds,
};
use super::*;
use crate::sampler::rule_state::RequestCounts;

/// Whether a rule with the fields in `conditions` matches `service` and a request with the attributes in
/// `attributes`.
fn matches(conditions: Value, service: &Service, attributes: &[KeyValue]) -> bool {
    let rules = create_rules([rule_definition("r", 1, conditions)]);
    let read_request = || Request::from_attributes(attributes);
    rules.decide(service, read_request, seconds(100), 0.99);
    request_counts(&rules.rules[0]).matched == 1
}

#[test]
fn a_rule_matches_if_all_of_its_conditions_match() {
    for (conditions, expected) in [
        (json!({}), true),
        (json!({"ServiceName": "like*"}), true),
        (json!({"ServiceName": "monolith"}), false),
        (json!({"ServiceType": "AWS::ECS::Container"}), true),
        (json!({"ServiceType": "AWS::ECS::Fargate"}), true),
        (json!({"ServiceType": "AWS::ECS::*"}), true),
        (json!({"ServiceType": "AWS::EC2::Instance"}), false),
        (json!({"Host": "shop.example"}), true),
        (json!({"Host": "SHOP.*"}), true),
        (json!({"Host": "shop.example:8080"}), true),
        (json!({"Host": "shop.example:80"}), false),
        (json!({"HTTPMethod": "post"}), true),
        (json!({"HTTPMethod": "GET"}), false),
        (json!({"URLPath": "/mysfits/*/like"}), true),
        (json!({"URLPath": "/mysfits/?/like"}), true),
        (json!({"URLPath": "/mysfits"}), false),
        (json!({"ResourceARN": "arn:aws:ecs:*:container/*"}), true),
        (json!({"ResourceARN": "arn:aws:lambda:*"}), false),
        (json!({"Attributes": {}}), true),
        (json!({"Attributes": null}), true),
        (json!({"Attributes": {"http.request.method": "P*"}}), true),
        (
            json!({"Attributes": {"user_agent.original": "elb-*/?.?"}}),
            true,
        ),
        (
            json!({"Attributes": {"user_agent.original": "curl/*"}}),
            false,
        ),
        (
            json!({"Attributes": {"client.address": "203.0.113.9"}}),
            true,
        ),
        (
            json!({"Attributes": {"client.address": "203.0.113.10"}}),
            false,
        ),
        (
            json!({"Attributes": {"http.route": "/mysfits/{id}/like"}}),
            true,
        ),
        (json!({"Attributes": {"server.port": "8080"}}), true),
        (
            json!({"Attributes": {"client.address": "203.*", "url.scheme": "https"}}),
            true,
        ),
        (
            json!({"Attributes": {"http.request.method": "P*", "user": "*"}}),
            false,
        ),
        (
            json!({"URLPath": "/mysfits", "Attributes": {"http.request.method": "P*"}}),
            false,
        ),
    ] {
        let actual = matches(conditions.clone(), &fargate_service(), &like_attributes());
        assert_eq!(actual, expected, "{conditions}");
    }
}

#[test]
fn a_missing_property_matches_only_the_pattern_star() {
    let service_without_properties = Service::default();
    for condition in [
        "ServiceType",
        "ResourceARN",
        "Host",
        "HTTPMethod",
        "URLPath",
    ] {
        assert!(matches(
            json!({condition: "*"}),
            &service_without_properties,
            &[]
        ));
        assert!(
            !matches(json!({condition: "?*"}), &service_without_properties, &[]),
            "{condition}"
        );
    }
    // Even the pattern `*` does not match a missing attribute.
    assert!(!matches(
        json!({"Attributes": {"url.path": "*"}}),
        &service_without_properties,
        &[]
    ));
}

#[test]
fn a_method_that_http_does_not_define_is_matched_by_its_name() {
    let purge_attributes = [
        KeyValue::new("http.request.method", "_OTHER"),
        KeyValue::new("http.request.method_original", "PURGE"),
    ];
    assert!(matches(
        json!({"HTTPMethod": "PURGE"}),
        &fargate_service(),
        &purge_attributes
    ));
    assert!(!matches(
        json!({"HTTPMethod": "GET"}),
        &fargate_service(),
        &purge_attributes
    ));
}

#[test]
fn an_invalid_rule_is_left_out_and_the_other_rules_are_used() {
    let definitions = [
        json!({"RuleName": "incomplete"}),
        json!(7),
        rule_definition("rate", 1, json!({"FixedRate": 1.5})),
        rule_definition("version", 1, json!({"Version": 2})),
        rule_definition("size", 1, json!({"ReservoirSize": -1})),
        rule_definition("attributes", 1, json!({"Attributes": {"url.path": 1}})),
        rule_definition("pattern", 1, json!({"URLPath": "*a".repeat(251)})),
        rule_definition(
            "valid",
            9,
            json!({"RuleARN": "arn", "SamplingRateBoost": {"MaxRate": 1}}),
        ),
    ];
    assert_eq!(rule_names(&create_rules(definitions)), ["valid"]);
}

#[test]
fn a_response_without_a_valid_rule_creates_no_rules() {
    let rules = create_rules([rule_definition("r", 1, json!({}))]);
    assert!(refresh_rules(&rules, [], 200).is_none());
    let invalid_definition = rule_definition("r", 1, json!({"Version": 2}));
    assert!(refresh_rules(&rules, [invalid_definition], 200).is_none());
}

#[test]
fn the_first_of_two_rules_with_the_same_name_is_kept() {
    let definitions = [
        rule_definition("r", 2, json!({"FixedRate": 0.0})),
        rule_definition("r", 1, json!({"FixedRate": 1.0})),
        rule_definition("s", 3, json!({})),
    ];
    let rules = create_rules(definitions);
    assert_eq!(rule_names(&rules), ["r", "s"]);
    assert!(sample_like(&rules, 100, 0.99));
}

#[test]
fn the_first_1000_rules_by_priority_are_kept() {
    let definitions = (0..1100)
        .rev()
        .map(|number| rule_definition(&number.to_string(), number, json!({})));
    let rules = create_rules(definitions);
    assert_eq!((rules.rules.len(), rule_names(&rules)[0]), (1000, "0"));
}

#[test]
fn without_rules_the_first_request_each_second_and_five_percent_of_the_others_are_sampled() {
    let rules = Rules::default();
    assert!(sample_like(&rules, 100, 0.99));
    assert!(!sample_like(&rules, 100, 0.05));
    assert!(sample_like(&rules, 100, 0.049));
    assert!(sample_like(&rules, 101, 0.99));
    assert!(!sample_like(&rules, 101, 0.99));
}

#[test]
fn with_a_reservoir_of_size_0_the_rate_decides() {
    let never_sampling_rules = create_rules([rule_definition("r", 1, json!({"FixedRate": 0.0}))]);
    assert!(!sample_like(&never_sampling_rules, 100, 0.0));
    let always_sampling_rules = create_rules([rule_definition("r", 1, json!({"FixedRate": 1.0}))]);
    assert!(sample_like(&always_sampling_rules, 100, 0.999_999));
    let expected = RequestCounts {
        matched: 1,
        sampled: 1,
        borrowed: 0,
    };
    assert_eq!(request_counts(&always_sampling_rules.rules[0]), expected);
}

#[test]
fn rules_that_are_not_refreshed_expire_after_an_hour() {
    let rules = create_rules([rule_definition("all", 1, json!({}))]);
    assert!(sample_like(&rules, 3699, 0.99) && sample_like(&rules, 3699, 0.99));
    // From second 3700 on, the local default rule decides.
    assert!(sample_like(&rules, 3700, 0.99) && !sample_like(&rules, 3700, 0.99));
}

proptest! {
    #[test]
    fn the_first_matching_rule_by_priority_and_name_decides(
        mut candidates in proptest::collection::vec(("[a-c]{1,3}", 0..4_i64, any::<bool>()), 1..8)
    ) {
        candidates.sort();
        candidates.dedup_by(|one, other| one.0 == other.0);
        let definitions = candidates.iter().map(|(name, priority, is_matching)| {
            let path = if *is_matching { "/mysfits/*" } else { "/other" };
            rule_definition(name, *priority, json!({"URLPath": path}))
        });
        let rules = create_rules(definitions.collect::<Vec<_>>());
        sample_like(&rules, 100, 0.5);
        let expected = candidates.iter().filter(|(.., is_matching)| *is_matching)
            .map(|(name, priority, _)| (*priority, name.as_str())).min();
        let deciding_rule = rules.rules.iter().find(|rule| request_counts(rule).matched > 0);
        prop_assert_eq!(deciding_rule.map(Rule::sort_key), expected);
    }

    #[test]
    fn creating_rules_and_applying_targets_never_panics(
        text in "\\PC{0,20}|[*?a]{0,20}", number: i64, rate: f64, size: u64, time: f64
    ) {
        let definition = json!({
            "RuleName": text, "Priority": number, "FixedRate": rate, "ReservoirSize": size,
            "ServiceName": text, "ServiceType": text, "Host": text, "HTTPMethod": text,
            "URLPath": text, "ResourceARN": "*", "Version": 1, "Attributes": {(text.clone()): text},
        });
        let rules = refresh_rules(&Rules::default(), [definition], size).unwrap_or_default();
        let target = json!({
            "RuleName": text, "FixedRate": rate, "ReservoirQuota": size,
            "ReservoirQuotaTTL": time, "Interval": time,
        });
        let target = parse_targets(json!({"SamplingTargetDocuments": [target]}));
        rules.apply_targets(&[], &target, seconds(size), time);
        sample_like(&rules, size, 0.5);
        rules.postpone_reports(seconds(size));
        prop_assert!(rules.time_until_report(seconds(size)) <= DEFAULT_REPORT_INTERVAL);
    }
}
