//! Tests of sampling rules and targets, with values from the examples of the developer guide.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use xray::{Config, SamplingRates, Xray};

use crate::local_xray::{LocalXray, Merge};

/// Ids of two sampling clients.
const CLIENT_A: &str = "AAAAAAAAAAAAAAAAAAAAAAAA";
const CLIENT_B: &str = "BBBBBBBBBBBBBBBBBBBBBBBB";

/// Tolerance in seconds for comparisons between a time in a response and the current time.
const TIME_TOLERANCE_SECONDS: f64 = 60.0;

fn seconds_since_1970() -> f64 {
    let time_since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    time_since_1970.as_ref().map_or(0.0, Duration::as_secs_f64)
}

fn new_rule(name: &str) -> Value {
    json!({
        "RuleName": name, "ResourceARN": "*", "Priority": 9000, "FixedRate": 0.1, "ReservoirSize": 5,
        "ServiceName": "Scorekeep", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    })
}

fn create_rule(xray: &LocalXray, rule: Value) -> Value {
    xray.call("/CreateSamplingRule", json!({ "SamplingRule": rule }))["SamplingRuleRecord"].clone()
}

fn rule_names(xray: &LocalXray) -> Vec<String> {
    let response = xray.call("/GetSamplingRules", json!({}));
    let records = response["SamplingRuleRecords"].as_array().unwrap();
    records
        .iter()
        .map(|it| it["SamplingRule"]["RuleName"].as_str().unwrap().to_owned())
        .collect()
}

fn statistics_document(rule: &str, client: &str) -> Value {
    json!({
        "RuleName": rule, "ClientID": client, "Timestamp": 1_530_922_806, "RequestCount": 110,
        "SampledCount": 20, "BorrowCount": 10,
    })
}

fn get_targets(xray: &LocalXray, reports: Value) -> Value {
    xray.call(
        "/SamplingTargets",
        json!({ "SamplingStatisticsDocuments": reports }),
    )
}

#[test]
fn the_default_rule_always_exists_and_only_its_rates_can_be_changed() {
    let xray = LocalXray(Xray::new(Config {
        default_rule: SamplingRates {
            fixed_rate: 1.0,
            reservoir_size: 2,
        },
        ..Config::default()
    }));
    let response = xray.call("/GetSamplingRules", json!({}));
    let record = &response["SamplingRuleRecords"][0];
    assert_eq!(record["CreatedAt"], 0.0);
    let arn = "arn:aws:xray:us-east-1:000000000000:sampling-rule/Default";
    assert_eq!(
        record["SamplingRule"],
        json!({
            "RuleName": "Default", "RuleARN": arn, "ResourceARN": "*", "Priority": 10_000, "FixedRate": 1.0,
            "ReservoirSize": 2, "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*",
            "Version": 1, "Attributes": {},
        })
    );
    let build_update = |change: Value| json!({ "SamplingRuleUpdate": json!({ "RuleName": "Default" }).merge(change) });
    let update_response = xray.call(
        "/UpdateSamplingRule",
        build_update(json!({ "FixedRate": 0.01, "ReservoirSize": 0 })),
    );
    let updated_rule = &update_response["SamplingRuleRecord"]["SamplingRule"];
    assert_eq!(
        (&updated_rule["FixedRate"], &updated_rule["ReservoirSize"]),
        (&json!(0.01), &json!(0))
    );
    for change in [
        json!({ "Host": "a" }),
        json!({ "Host": "*" }),
        json!({ "Attributes": {} }),
        json!({ "Priority": 1 }),
    ] {
        let error = xray.call_error("/UpdateSamplingRule", build_update(change));
        assert!(
            error.starts_with("Only FixedRate and ReservoirSize of the Default rule"),
            "{error}"
        );
    }
    assert_eq!(
        xray.call_error("/DeleteSamplingRule", json!({ "RuleName": "Default" })),
        "The Default rule cannot be deleted"
    );
}

#[test]
fn a_rule_can_be_created_updated_and_deleted() {
    let xray = LocalXray::new();
    let base_record = create_rule(&xray, new_rule("base-scorekeep"));
    assert_eq!(
        base_record["SamplingRule"]["RuleARN"],
        "arn:aws:xray:us-east-1:000000000000:sampling-rule/base-scorekeep"
    );
    assert_eq!(base_record["CreatedAt"], base_record["ModifiedAt"]);
    create_rule(
        &xray,
        new_rule("polling-scorekeep").merge(json!({ "Attributes": { "colour": "red" } })),
    );
    assert_eq!(
        rule_names(&xray),
        ["Default", "base-scorekeep", "polling-scorekeep"]
    );
    let arn = &base_record["SamplingRule"]["RuleARN"];
    let update = json!({ "SamplingRuleUpdate": { "RuleARN": arn, "URLPath": "/api/state/*", "Priority": 5 } });
    let updated_record = xray.call("/UpdateSamplingRule", update)["SamplingRuleRecord"].clone();
    assert_eq!(
        updated_record["SamplingRule"],
        base_record["SamplingRule"]
            .clone()
            .merge(json!({ "URLPath": "/api/state/*", "Priority": 5 }))
    );
    let delete_response = xray.call(
        "/DeleteSamplingRule",
        json!({ "RuleName": "base-scorekeep" }),
    );
    assert_eq!(delete_response["SamplingRuleRecord"], updated_record);
    assert_eq!(rule_names(&xray), ["Default", "polling-scorekeep"]);
}

#[test]
fn an_invalid_rule_an_unknown_selector_and_a_26th_rule_are_refused() {
    let xray = LocalXray::new();
    create_rule(&xray, new_rule("one"));
    for (change, message) in [
        (json!({ "RuleName": "one" }), "exists already"),
        (json!({ "RuleName": "" }), "RuleName"),
        (json!({ "RuleName": "n".repeat(33) }), "RuleName"),
        (json!({ "Priority": 0 }), "Priority"),
        (json!({ "Priority": 10_000 }), "Priority"),
        (json!({ "FixedRate": 1.1 }), "FixedRate"),
        (json!({ "FixedRate": -0.1 }), "FixedRate"),
        (json!({ "ReservoirSize": -1 }), "ReservoirSize"),
        (json!({ "Version": 2 }), "Version"),
        (json!({ "HTTPMethod": "PROPPATCHES" }), "HTTPMethod"),
        (json!({ "Host": null }), "invalid type: null"),
        (json!({ "RuleARN": "arn" }), "RuleARN"),
    ] {
        let request = json!({ "SamplingRule": new_rule("two").merge(change.clone()) });
        let error = xray.call_error("/CreateSamplingRule", request);
        assert!(error.contains(message), "{change}: {error}");
    }
    let mut incomplete_rule = new_rule("two");
    incomplete_rule.as_object_mut().unwrap().remove("Host");
    let error = xray.call_error(
        "/CreateSamplingRule",
        json!({ "SamplingRule": incomplete_rule }),
    );
    assert!(error.contains("missing field `Host`"), "{error}");
    for selector in [
        json!({}),
        json!({ "RuleName": "one", "RuleARN": "arn" }),
        json!({ "RuleName": "unknown" }),
    ] {
        xray.call_error("/DeleteSamplingRule", selector);
    }
    for number in 1..25 {
        create_rule(&xray, new_rule(&format!("r{number}")));
    }
    let request = json!({ "SamplingRule": new_rule("more") });
    let error = xray.try_call("/CreateSamplingRule", request).unwrap_err();
    assert_eq!(error.exception_name(), "RuleLimitExceededException");
}

#[test]
fn clients_that_report_share_the_reservoir_of_a_rule() {
    let xray = LocalXray::new();
    create_rule(&xray, new_rule("base-scorekeep"));
    let a = statistics_document("base-scorekeep", CLIENT_A);
    let b = statistics_document("base-scorekeep", CLIENT_B);
    // The test subtracts one second, because the response may contain times in whole seconds.
    let earliest_time = seconds_since_1970() - 1.0;
    let response = get_targets(&xray, json!([a]));
    let target = &response["SamplingTargetDocuments"][0];
    assert_eq!(target["RuleName"], "base-scorekeep");
    assert_eq!(target["FixedRate"], 0.1);
    assert_eq!(target["ReservoirQuota"], 5);
    assert_eq!(target["Interval"], 10);
    let time_to_live = target["ReservoirQuotaTTL"].as_f64().unwrap() - earliest_time;
    assert!(
        (300.0..300.0 + TIME_TOLERANCE_SECONDS).contains(&time_to_live),
        "{time_to_live}"
    );
    let rule_age = earliest_time + 1.0 - response["LastRuleModification"].as_f64().unwrap();
    assert!(
        (0.0..TIME_TOLERANCE_SECONDS).contains(&rule_age),
        "{rule_age}"
    );
    let quota = |report: &Value| {
        get_targets(&xray, json!([report]))["SamplingTargetDocuments"][0]["ReservoirQuota"].clone()
    };
    assert_eq!(quota(&b), 2);
    assert_eq!(quota(&a), 3);
}

#[test]
fn a_report_for_an_unknown_rule_is_unprocessed_and_a_new_rule_changes_the_modification_time() {
    let xray = LocalXray::new();
    let response = get_targets(
        &xray,
        json!([
            statistics_document("deleted", CLIENT_A),
            statistics_document("Default", CLIENT_A)
        ]),
    );
    assert_eq!(response["UnprocessedStatistics"][0]["RuleName"], "deleted");
    assert!(
        response["UnprocessedStatistics"][0]["ErrorCode"]
            .as_str()
            .unwrap()
            .starts_with('4')
    );
    assert_eq!(
        response["SamplingTargetDocuments"][0]["RuleName"],
        "Default"
    );
    let old_modification = response["LastRuleModification"].as_f64().unwrap();
    create_rule(&xray, new_rule("new"));
    let new_modification = get_targets(&xray, json!([]))["LastRuleModification"]
        .as_f64()
        .unwrap();
    assert!(new_modification > old_modification);
    let too_many_reports = vec![statistics_document("Default", CLIENT_A); 26];
    xray.call_error(
        "/SamplingTargets",
        json!({ "SamplingStatisticsDocuments": too_many_reports }),
    );
}

#[test]
fn a_report_can_have_any_number_as_its_timestamp() {
    // OpenTelemetry's sampler for Java sends times in milliseconds. The X-Ray SDKs send times in seconds, and
    // some SDKs send fractions of seconds.
    let timestamps = [
        "1792396800000",
        "1792396800000.5",
        "1792396800",
        "1792396800.25",
        "1.7923968E12",
        "0",
        "-1",
        "18446744073709551616",
    ];
    for timestamp in timestamps {
        let xray = LocalXray::new();
        let report = statistics_document("Default", CLIENT_A).to_string();
        let report = report.replace("1530922806", timestamp);
        assert!(report.contains(timestamp));
        let body = format!(r#"{{"SamplingStatisticsDocuments": [{report}, {report}]}}"#);
        let response = xray
            .0
            .call_operation("/SamplingTargets", body.as_bytes())
            .unwrap();
        let targets = response["SamplingTargetDocuments"].as_array().unwrap();
        assert_eq!(targets.len(), 2, "{timestamp}");
        // The server counts each report in the statistics window in which the report arrives.
        let summaries = xray.call("/SamplingStatisticSummaries", json!({}));
        let window_summary = &summaries["SamplingStatisticSummaries"][0];
        assert_eq!(window_summary["RequestCount"], 220);
        let window_age_seconds =
            seconds_since_1970() - window_summary["Timestamp"].as_f64().unwrap();
        assert!(
            (-10.0..TIME_TOLERANCE_SECONDS).contains(&window_age_seconds),
            "{window_age_seconds}"
        );
    }
    for invalid in [
        json!("2026-10-19T00:00:00Z"),
        json!("1792396800"),
        json!(null),
        json!([1]),
        json!(true),
    ] {
        let reports =
            json!(
                [statistics_document("Default", CLIENT_A).merge(json!({ "Timestamp": invalid }))]
            );
        let request = json!({ "SamplingStatisticsDocuments": reports });
        let error = LocalXray::new().call_error("/SamplingTargets", request);
        assert!(
            error.starts_with("SamplingStatisticsDocuments[0].Timestamp: invalid type"),
            "{error}"
        );
    }
}

#[test]
fn statistic_summaries_contain_the_sums_of_the_reports() {
    let xray = LocalXray::new();
    get_targets(
        &xray,
        json!([
            statistics_document("Default", CLIENT_A),
            statistics_document("Default", CLIENT_B),
            statistics_document("deleted", CLIENT_A)
        ]),
    );
    let response = xray.call("/SamplingStatisticSummaries", json!({}));
    let summaries = response["SamplingStatisticSummaries"].as_array().unwrap();
    let sum_of = |key: &str| {
        summaries
            .iter()
            .map(|it| it[key].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(
        (
            sum_of("RequestCount"),
            sum_of("SampledCount"),
            sum_of("BorrowCount")
        ),
        (220, 40, 20)
    );
    assert!(
        summaries
            .iter()
            .all(|it| it["RuleName"] == "Default" && it["Timestamp"].is_f64())
    );
}
