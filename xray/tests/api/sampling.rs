//! Sampling rules and targets, with the facts of the guide's examples.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use xray::{Config, Rates, Xray};

use crate::world::{With, World};

/// Two clients.
const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBB";

/// How many seconds a test may take between two looks at the clock.
const PATIENCE: f64 = 60.0;

fn seconds_since_1970() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.as_ref().map_or(0.0, Duration::as_secs_f64)
}

fn rule(name: &str) -> Value {
    json!({
        "RuleName": name, "ResourceARN": "*", "Priority": 9000, "FixedRate": 0.1, "ReservoirSize": 5,
        "ServiceName": "Scorekeep", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    })
}

fn create(world: &World, rule: Value) -> Value {
    world.ask("/CreateSamplingRule", json!({ "SamplingRule": rule }))["SamplingRuleRecord"].clone()
}

fn names(world: &World) -> Vec<String> {
    let answer = world.ask("/GetSamplingRules", json!({}));
    let records = answer["SamplingRuleRecords"].as_array().unwrap();
    records
        .iter()
        .map(|it| it["SamplingRule"]["RuleName"].as_str().unwrap().to_owned())
        .collect()
}

fn report(rule: &str, client: &str) -> Value {
    json!({
        "RuleName": rule, "ClientID": client, "Timestamp": 1_530_922_806, "RequestCount": 110,
        "SampledCount": 20, "BorrowCount": 10,
    })
}

fn targets(world: &World, reports: Value) -> Value {
    world.ask(
        "/SamplingTargets",
        json!({ "SamplingStatisticsDocuments": reports }),
    )
}

#[test]
fn the_default_rule_is_there_and_only_its_rates_change() {
    let world = World(Xray::new(Config {
        default_rule: Rates {
            fixed: 1.0,
            reservoir: 2,
        },
        ..Config::default()
    }));
    let answer = world.ask("/GetSamplingRules", json!({}));
    let record = &answer["SamplingRuleRecords"][0];
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
    let update = |change: Value| json!({ "SamplingRuleUpdate": json!({ "RuleName": "Default" }).with(change) });
    let changed = world.ask(
        "/UpdateSamplingRule",
        update(json!({ "FixedRate": 0.01, "ReservoirSize": 0 })),
    );
    let changed = &changed["SamplingRuleRecord"]["SamplingRule"];
    assert_eq!(
        (&changed["FixedRate"], &changed["ReservoirSize"]),
        (&json!(0.01), &json!(0))
    );
    for change in [
        json!({ "Host": "a" }),
        json!({ "Host": "*" }),
        json!({ "Attributes": {} }),
        json!({ "Priority": 1 }),
    ] {
        let error = world.error("/UpdateSamplingRule", update(change));
        assert!(
            error.starts_with("Of the Default rule, only FixedRate"),
            "{error}"
        );
    }
    assert_eq!(
        world.error("/DeleteSamplingRule", json!({ "RuleName": "Default" })),
        "The Default rule cannot be deleted"
    );
}

#[test]
fn rules_are_made_changed_and_removed() {
    let world = World::new();
    let base = create(&world, rule("base-scorekeep"));
    assert_eq!(
        base["SamplingRule"]["RuleARN"],
        "arn:aws:xray:us-east-1:000000000000:sampling-rule/base-scorekeep"
    );
    assert_eq!(base["CreatedAt"], base["ModifiedAt"]);
    create(
        &world,
        rule("polling-scorekeep").with(json!({ "Attributes": { "colour": "red" } })),
    );
    assert_eq!(
        names(&world),
        ["Default", "base-scorekeep", "polling-scorekeep"]
    );
    let arn = &base["SamplingRule"]["RuleARN"];
    let update = json!({ "SamplingRuleUpdate": { "RuleARN": arn, "URLPath": "/api/state/*", "Priority": 5 } });
    let changed = world.ask("/UpdateSamplingRule", update)["SamplingRuleRecord"].clone();
    assert_eq!(
        changed["SamplingRule"],
        base["SamplingRule"]
            .clone()
            .with(json!({ "URLPath": "/api/state/*", "Priority": 5 }))
    );
    let removed = world.ask(
        "/DeleteSamplingRule",
        json!({ "RuleName": "base-scorekeep" }),
    );
    assert_eq!(removed["SamplingRuleRecord"], changed);
    assert_eq!(names(&world), ["Default", "polling-scorekeep"]);
}

#[test]
fn what_makes_no_rule_is_refused() {
    let world = World::new();
    create(&world, rule("one"));
    for (change, message) in [
        (json!({ "RuleName": "one" }), "already"),
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
        let request = json!({ "SamplingRule": rule("two").with(change.clone()) });
        let error = world.error("/CreateSamplingRule", request);
        assert!(error.contains(message), "{change}: {error}");
    }
    let mut incomplete = rule("two");
    incomplete.as_object_mut().unwrap().remove("Host");
    let error = world.error("/CreateSamplingRule", json!({ "SamplingRule": incomplete }));
    assert!(error.contains("missing field `Host`"), "{error}");
    for selector in [
        json!({}),
        json!({ "RuleName": "one", "RuleARN": "arn" }),
        json!({ "RuleName": "none" }),
    ] {
        world.error("/DeleteSamplingRule", selector);
    }
    for number in 1..25 {
        create(&world, rule(&format!("r{number}")));
    }
    let request = json!({ "SamplingRule": rule("more") });
    let error = world.answer("/CreateSamplingRule", request).unwrap_err();
    assert_eq!(error.name(), "RuleLimitExceededException");
}

#[test]
fn targets_share_the_reservoir_among_those_who_report() {
    let world = World::new();
    create(&world, rule("base-scorekeep"));
    let a = report("base-scorekeep", A);
    let b = report("base-scorekeep", B);
    // The answer's times are whole seconds, or those of a clock that was read later than this one.
    let before = seconds_since_1970() - 1.0;
    let first = targets(&world, json!([a]));
    let target = &first["SamplingTargetDocuments"][0];
    assert_eq!(target["RuleName"], "base-scorekeep");
    assert_eq!(target["FixedRate"], 0.1);
    assert_eq!(target["ReservoirQuota"], 5);
    assert_eq!(target["Interval"], 10);
    let lasts = target["ReservoirQuotaTTL"].as_f64().unwrap() - before;
    assert!((300.0..300.0 + PATIENCE).contains(&lasts), "{lasts}");
    let modified = before + 1.0 - first["LastRuleModification"].as_f64().unwrap();
    assert!((0.0..PATIENCE).contains(&modified), "{modified}");
    let quota = |report: &Value| {
        targets(&world, json!([report]))["SamplingTargetDocuments"][0]["ReservoirQuota"].clone()
    };
    assert_eq!(quota(&b), 2);
    assert_eq!(quota(&a), 3);
}

#[test]
fn unknown_rules_are_unprocessed_and_changes_are_told() {
    let world = World::new();
    let answer = targets(&world, json!([report("gone", A), report("Default", A)]));
    assert_eq!(answer["UnprocessedStatistics"][0]["RuleName"], "gone");
    assert!(
        answer["UnprocessedStatistics"][0]["ErrorCode"]
            .as_str()
            .unwrap()
            .starts_with('4')
    );
    assert_eq!(answer["SamplingTargetDocuments"][0]["RuleName"], "Default");
    let before = answer["LastRuleModification"].as_f64().unwrap();
    create(&world, rule("new"));
    let after = targets(&world, json!([]))["LastRuleModification"]
        .as_f64()
        .unwrap();
    assert!(after > before);
    let many = vec![report("Default", A); 26];
    world.error(
        "/SamplingTargets",
        json!({ "SamplingStatisticsDocuments": many }),
    );
}

#[test]
fn a_reports_time_may_be_in_milliseconds_or_any_other_number() {
    // OpenTelemetry's sampler for Java writes milliseconds; the X-Ray SDKs write seconds, some as a fraction.
    let times = [
        "1792396800000",
        "1792396800000.5",
        "1792396800",
        "1792396800.25",
        "1.7923968E12",
        "0",
        "-1",
        "18446744073709551616",
    ];
    for time in times {
        let world = World::new();
        let report = report("Default", A).to_string();
        let report = report.replace("1530922806", time);
        assert!(report.contains(time));
        let body = format!(r#"{{"SamplingStatisticsDocuments": [{report}, {report}]}}"#);
        let answer = world.0.answer("/SamplingTargets", body.as_bytes()).unwrap();
        let targets = answer["SamplingTargetDocuments"].as_array().unwrap();
        assert_eq!(targets.len(), 2, "{time}");
        // Reports are counted by the clock here.
        let summaries = world.ask("/SamplingStatisticSummaries", json!({}));
        let counted = &summaries["SamplingStatisticSummaries"][0];
        assert_eq!(counted["RequestCount"], 220);
        let age = seconds_since_1970() - counted["Timestamp"].as_f64().unwrap();
        assert!((-10.0..PATIENCE).contains(&age), "{age}");
    }
    for none in [
        json!("2026-10-19T00:00:00Z"),
        json!("1792396800"),
        json!(null),
        json!([1]),
        json!(true),
    ] {
        let reports = json!([report("Default", A).with(json!({ "Timestamp": none }))]);
        let request = json!({ "SamplingStatisticsDocuments": reports });
        let error = World::new().error("/SamplingTargets", request);
        assert!(
            error.starts_with("SamplingStatisticsDocuments[0].Timestamp: invalid type"),
            "{error}"
        );
    }
}

#[test]
fn what_was_reported_is_summed_up() {
    let world = World::new();
    targets(
        &world,
        json!([
            report("Default", A),
            report("Default", B),
            report("gone", A)
        ]),
    );
    let answer = world.ask("/SamplingStatisticSummaries", json!({}));
    let summaries = answer["SamplingStatisticSummaries"].as_array().unwrap();
    let sum = |key: &str| {
        summaries
            .iter()
            .map(|it| it[key].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(
        (sum("RequestCount"), sum("SampledCount"), sum("BorrowCount")),
        (220, 40, 20)
    );
    assert!(
        summaries
            .iter()
            .all(|it| it["RuleName"] == "Default" && it["Timestamp"].is_f64())
    );
}
