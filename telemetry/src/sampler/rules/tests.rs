use opentelemetry::KeyValue;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::rule::Counts;
use super::*;

mod reports;

fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

fn rule(name: &str, priority: i64, more: Value) -> Value {
    let mut rule = json!({
        "RuleName": name, "Priority": priority, "FixedRate": 1.0, "ReservoirSize": 0,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
        "URLPath": "*", "ResourceARN": "*", "Version": 1,
    });
    for (key, value) in more.as_object().unwrap() {
        rule[key] = value.clone();
    }
    rule
}

/// The rules of an answer with these definitions.
fn renewed(rules: &Rules, definitions: impl IntoIterator<Item = Value>, now: u64) -> Rules {
    let records = definitions.into_iter();
    let records: Vec<_> = records.map(|rule| json!({"SamplingRule": rule})).collect();
    let page: super::super::api::RulesPage =
        serde_json::from_value(json!({"SamplingRuleRecords": records})).unwrap();
    let records = page.sampling_rule_records.into_iter();
    let definitions = records.map(|record| record.sampling_rule).collect();
    rules
        .renewed(definitions, at(now))
        .unwrap_or_else(|| rules.clone())
}

fn rules(definitions: impl IntoIterator<Item = Value>) -> Rules {
    renewed(&Rules::default(), definitions, 100)
}

fn targets(targets: Value) -> Targets {
    serde_json::from_value(targets).unwrap()
}

const CONTAINER: &str = "arn:aws:ecs:eu-west-1:111122223333:container/mysfits/1f/2e";

fn service() -> Service {
    Service {
        name: "like service".to_owned(),
        types: &["AWS::ECS::Container", "AWS::ECS::Fargate"],
        arn: Some(CONTAINER.to_owned()),
    }
}

fn like() -> Vec<KeyValue> {
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

fn decide(rules: &Rules, now: u64, chance: f64) -> bool {
    let attributes = like();
    rules.decide(&service(), || Request::of(&attributes), at(now), chance)
}

fn names(rules: &Rules) -> Vec<&str> {
    rules.rules.iter().map(Rule::name).collect()
}

/// Whether a rule with these conditions matches this request to this service.
fn matches(conditions: Value, service: &Service, attributes: &[KeyValue]) -> bool {
    let rules = rules([rule("r", 1, conditions)]);
    rules.decide(service, || Request::of(attributes), at(100), 0.99);
    rules.rules[0].counts().requests == 1
}

#[test]
fn a_rule_matches_if_each_of_its_conditions_does() {
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
        let found = matches(conditions.clone(), &service(), &like());
        assert_eq!(found, expected, "{conditions}");
    }
}

#[test]
fn what_a_service_or_a_request_does_not_have_is_matched_by_a_star_alone() {
    let nowhere = Service::default();
    for condition in [
        "ServiceType",
        "ResourceARN",
        "Host",
        "HTTPMethod",
        "URLPath",
    ] {
        assert!(matches(json!({condition: "*"}), &nowhere, &[]));
        assert!(
            !matches(json!({condition: "?*"}), &nowhere, &[]),
            "{condition}"
        );
    }
    assert!(!matches(
        json!({"Attributes": {"url.path": "*"}}),
        &nowhere,
        &[]
    ));
}

#[test]
fn a_method_that_is_not_one_of_https_own_is_matched_by_its_name() {
    let purge = [
        KeyValue::new("http.request.method", "_OTHER"),
        KeyValue::new("http.request.method_original", "PURGE"),
    ];
    assert!(matches(json!({"HTTPMethod": "PURGE"}), &service(), &purge));
    assert!(!matches(json!({"HTTPMethod": "GET"}), &service(), &purge));
}

#[test]
fn an_invalid_rule_does_not_cost_the_others() {
    let definitions = [
        json!({"RuleName": "half"}),
        json!(7),
        rule("rate", 1, json!({"FixedRate": 1.5})),
        rule("version", 1, json!({"Version": 2})),
        rule("size", 1, json!({"ReservoirSize": -1})),
        rule("attributes", 1, json!({"Attributes": {"url.path": 1}})),
        rule("pattern", 1, json!({"URLPath": "*a".repeat(251)})),
        rule(
            "right",
            9,
            json!({"RuleARN": "arn", "SamplingRateBoost": {"MaxRate": 1}}),
        ),
    ];
    assert_eq!(names(&rules(definitions)), ["right"]);
}

#[test]
fn an_answer_without_a_valid_rule_leaves_the_rules_as_they_are() {
    let first = rules([rule("r", 1, json!({}))]);
    assert!(first.renewed(Vec::new(), at(200)).is_none());
    let invalid = rule("r", 1, json!({"Version": 2}));
    assert_eq!(names(&renewed(&first, [invalid], 200)), ["r"]);
}

#[test]
fn of_two_rules_of_one_name_the_first_by_priority_is_kept() {
    let definitions = [
        rule("r", 2, json!({"FixedRate": 0.0})),
        rule("r", 1, json!({"FixedRate": 1.0})),
        rule("s", 3, json!({})),
    ];
    let rules = rules(definitions);
    assert_eq!(names(&rules), ["r", "s"]);
    assert!(decide(&rules, 100, 0.99));
}

#[test]
fn of_too_many_rules_the_first_by_priority_are_kept() {
    let many = (0..1100)
        .rev()
        .map(|number| rule(&number.to_string(), number, json!({})));
    let rules = rules(many);
    assert_eq!((rules.rules.len(), names(&rules)[0]), (1000, "0"));
}

#[test]
fn without_rules_the_first_request_each_second_and_five_percent_are_sampled() {
    let rules = Rules::default();
    assert!(decide(&rules, 100, 0.99));
    assert!(!decide(&rules, 100, 0.05));
    assert!(decide(&rules, 100, 0.049));
    assert!(decide(&rules, 101, 0.99));
    assert!(!decide(&rules, 101, 0.99));
}

#[test]
fn a_reservoir_of_0_leaves_the_decision_to_the_rate() {
    let none = rules([rule("r", 1, json!({"FixedRate": 0.0}))]);
    assert!(!decide(&none, 100, 0.0));
    let all = rules([rule("r", 1, json!({"FixedRate": 1.0}))]);
    assert!(decide(&all, 100, 0.999_999));
    let counts = Counts {
        requests: 1,
        sampled: 1,
        borrowed: 0,
    };
    assert_eq!(all.rules[0].counts(), counts);
}

#[test]
fn rules_that_are_not_refreshed_expire_after_an_hour() {
    let rules = rules([rule("all", 1, json!({}))]);
    assert!(decide(&rules, 3699, 0.99) && decide(&rules, 3699, 0.99));
    // By the local default from here on.
    assert!(decide(&rules, 3700, 0.99) && !decide(&rules, 3700, 0.99));
}

proptest! {
    #[test]
    fn the_first_rule_by_priority_and_name_decides(
        mut rules in proptest::collection::vec(("[a-c]{1,3}", 0..4_i64, any::<bool>()), 1..8)
    ) {
        rules.sort();
        rules.dedup_by(|one, other| one.0 == other.0);
        let definitions = rules.iter().map(|(name, priority, matching)| {
            let path = if *matching { "/mysfits/*" } else { "/other" };
            rule(name, *priority, json!({"URLPath": path}))
        });
        let set = self::rules(definitions.collect::<Vec<_>>());
        decide(&set, 100, 0.5);
        let first = rules.iter().filter(|(.., matching)| *matching)
            .map(|(name, priority, _)| (*priority, name.as_str())).min();
        let asked = set.rules.iter().find(|rule| rule.counts().requests > 0);
        prop_assert_eq!(asked.map(Rule::order), first);
    }

    #[test]
    fn no_definition_and_no_target_makes_it_panic(
        text in "\\PC{0,20}|[*?a]{0,20}", number: i64, rate: f64, size: u64, seconds: f64
    ) {
        let odd = json!({
            "RuleName": text, "Priority": number, "FixedRate": rate, "ReservoirSize": size,
            "ServiceName": text, "ServiceType": text, "Host": text, "HTTPMethod": text,
            "URLPath": text, "ResourceARN": "*", "Version": 1, "Attributes": {(text.clone()): text},
        });
        let rules = renewed(&Rules::default(), [odd], size);
        let target = json!({
            "RuleName": text, "FixedRate": rate, "ReservoirQuota": size,
            "ReservoirQuotaTTL": seconds, "Interval": seconds,
        });
        let target = targets(json!({"SamplingTargetDocuments": [target]}));
        rules.answered(&[], &target, at(size), seconds);
        decide(&rules, size, 0.5);
        rules.postpone_reports(at(size));
        prop_assert!(rules.next_report_in(at(size)) <= REPORT_INTERVAL);
    }
}
