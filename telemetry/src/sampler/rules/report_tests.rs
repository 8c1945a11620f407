//! Tests of the reported counts, and of the changes that responses make to rules.

use serde_json::json;

use super::fixtures::{
    create_rules, parse_targets, refresh_rules, request_counts, rule_definition, sample_like,
    seconds,
};
use super::*;
use crate::sampler::rule_state::RequestCounts;

#[test]
fn a_refreshed_rule_keeps_its_counts_and_its_quota_and_gets_its_new_rate() {
    let earlier_rules = create_rules([rule_definition("r", 1, json!({"FixedRate": 0.0}))]);
    let quota_response = parse_targets(json!({
        "SamplingTargetDocuments": [
            {"RuleName": "r", "ReservoirQuota": 1, "ReservoirQuotaTTL": 1300.0, "FixedRate": 0.0},
            {"RuleName": "unknown"},
        ],
    }));
    earlier_rules.apply_targets(&[], &quota_response, seconds(100), 1000.0);
    assert!(sample_like(&earlier_rules, 200, 0.5) && !sample_like(&earlier_rules, 200, 0.5));
    let refreshed_rules = refresh_rules(
        &earlier_rules,
        [rule_definition("r", 1, json!({"FixedRate": 0.6}))],
        200,
    )
    .unwrap();
    assert!(sample_like(&refreshed_rules, 200, 0.5), "the new rate");
    let expected = RequestCounts {
        matched: 3,
        sampled: 2,
        borrowed: 0,
    };
    assert_eq!(request_counts(&refreshed_rules.rules[0]), expected);
}

#[test]
fn a_rule_that_is_deleted_and_created_again_has_no_counts() {
    let other_definition = || rule_definition("other", 9, json!({}));
    let earlier_rules = create_rules([rule_definition("r", 1, json!({})), other_definition()]);
    sample_like(&earlier_rules, 100, 0.5);
    let rules_without_r = refresh_rules(&earlier_rules, [other_definition()], 110).unwrap();
    // Another thread may still use the rules from before the refresh.
    sample_like(&earlier_rules, 110, 0.5);
    assert_eq!(
        rules_without_r
            .build_report("c", seconds(120), 1000.0)
            .unwrap()
            .len(),
        0
    );
    let recreated_rules = refresh_rules(
        &rules_without_r,
        [rule_definition("r", 1, json!({})), other_definition()],
        120,
    )
    .unwrap();
    assert_eq!(
        request_counts(&recreated_rules.rules[0]),
        RequestCounts::default()
    );
}

#[test]
fn an_accepted_report_is_subtracted_from_the_counts_and_includes_borrowed_requests() {
    let rules = create_rules([rule_definition(
        "r",
        1,
        json!({"ReservoirSize": 1, "FixedRate": 0.4}),
    )]);
    sample_like(&rules, 100, 0.5);
    sample_like(&rules, 100, 0.5);
    let report = rules.build_report("c", seconds(110), 1000.0).unwrap();
    assert_eq!(report.len(), 1);
    let document = &report[0];
    assert_eq!((document.request_count, document.sampled_count), (2, 1));
    assert_eq!((document.borrow_count, document.timestamp), (1, 1000));
    sample_like(&rules, 100, 0.3);
    rules.apply_targets(
        &report,
        &SamplingTargetsResponse::default(),
        seconds(110),
        1000.0,
    );
    let expected = RequestCounts {
        matched: 1,
        sampled: 1,
        borrowed: 0,
    };
    assert_eq!(request_counts(&rules.rules[0]), expected);
}

#[test]
fn an_unprocessed_document_is_reported_again_after_the_interval() {
    let rules = create_rules([rule_definition("r", 1, json!({}))]);
    sample_like(&rules, 100, 0.5);
    let report = rules.build_report("c", seconds(110), 1000.0).unwrap();
    let unprocessed_response = parse_targets(json!({
        "UnprocessedStatistics": [{"RuleName": "r", "ErrorCode": "500", "Message": "later"}],
    }));
    rules.apply_targets(&report, &unprocessed_response, seconds(110), 1000.0);
    assert!(
        rules.build_report("c", seconds(119), 1000.0).is_none(),
        "not before the interval"
    );
    assert_eq!(
        rules.build_report("c", seconds(120), 1000.0).unwrap()[0].request_count,
        1
    );
}

#[test]
fn a_quota_is_valid_for_the_difference_between_its_expiry_and_the_system_time_of_the_response() {
    // Each row has the expiry of the quota, the system time of the response, and the uptime in seconds when the
    // quota expires.
    for (unix_expiry, unix_now, expired_at) in [
        (1300.0, 1000.0, 410),
        // The system clock is one hour fast.
        (1300.0, 4600.0, 110),
        // The system clock is 100 seconds slow.
        (1300.0, 900.0, 510),
        (0.0, 1000.0, 110),
        (1e300, 1000.0, 110),
    ] {
        let rules = create_rules([rule_definition(
            "r",
            1,
            json!({"FixedRate": 0.0, "ReservoirSize": 9}),
        )]);
        let quota_response = parse_targets(json!({
            "SamplingTargetDocuments": [
                {"RuleName": "r", "ReservoirQuota": 2, "ReservoirQuotaTTL": unix_expiry},
            ],
        }));
        rules.apply_targets(&[], &quota_response, seconds(110), unix_now);
        let count_sampled_requests =
            |second| (0..5).filter(|_| sample_like(&rules, second, 0.5)).count();
        let times = (110..600).step_by(10);
        let sampled_counts: Vec<_> = times.clone().map(count_sampled_requests).collect();
        // Without a quota, the rule borrows one request each second.
        let expected_counts: Vec<_> = times
            .map(|second| if second < expired_at { 2 } else { 1 })
            .collect();
        assert_eq!(sampled_counts, expected_counts, "{unix_expiry} {unix_now}");
    }
}

#[test]
fn an_invalid_target_is_left_out_and_the_other_targets_are_applied() {
    let rules = create_rules([rule_definition("r", 1, json!({"FixedRate": 0.0}))]);
    let response = parse_targets(json!({
        "SamplingTargetDocuments": [
            7, {"RuleName": null}, {"RuleName": "r", "ReservoirQuota": -1},
            {"RuleName": "r", "FixedRate": 0.5, "Interval": null, "SamplingBoost": {"BoostRate": 1}},
            {"RuleName": "r", "FixedRate": 7.0},
        ],
        "LastRuleModification": null, "UnprocessedStatistics": null, "UnprocessedBoostStatistics": [],
    }));
    assert_eq!(response.last_rule_modification, None);
    rules.apply_targets(&[], &response, seconds(100), 1000.0);
    assert!(sample_like(&rules, 100, 0.49) && !sample_like(&rules, 100, 0.5));
}

#[test]
fn a_rule_is_reported_once_in_its_assigned_interval() {
    for (interval, expected_seconds) in [
        (json!(15), 15),
        (json!(60), 60),
        (json!(2), 2),
        (json!(null), 10),
        (json!(0), 10),
        (json!(-5), 10),
        (json!(0.2), 1),
        (json!(1e300), 3600),
    ] {
        let rules = create_rules([rule_definition("r", 1, json!({}))]);
        sample_like(&rules, 100, 0.5);
        let report = rules.build_report("c", seconds(110), 1000.0).unwrap();
        let target = parse_targets(json!({
            "SamplingTargetDocuments": [{"RuleName": "r", "Interval": interval}],
        }));
        rules.apply_targets(&report, &target, seconds(110), 1000.0);
        sample_like(&rules, 110, 0.5);
        let next_report_second = 110 + expected_seconds;
        assert_eq!(
            rules.time_until_report(seconds(110)),
            seconds(expected_seconds.min(10)),
            "{interval}"
        );
        assert!(
            rules
                .build_report("c", seconds(next_report_second - 1), 1000.0)
                .is_none(),
            "{interval}"
        );
        assert_eq!(
            rules
                .build_report("c", seconds(next_report_second), 1000.0)
                .unwrap()
                .len(),
            1,
            "{interval}"
        );

        // The report interval stays in force until X-Ray assigns another report interval.
        rules.apply_targets(
            &report,
            &SamplingTargetsResponse::default(),
            seconds(next_report_second),
            1000.0,
        );
        assert!(
            rules
                .build_report(
                    "c",
                    seconds(next_report_second + expected_seconds - 1),
                    1000.0
                )
                .is_none(),
            "{interval}"
        );
        assert!(
            rules
                .build_report("c", seconds(next_report_second + expected_seconds), 1000.0)
                .is_some(),
            "{interval}"
        );
    }
}

#[test]
fn rules_that_are_due_within_one_second_are_reported_together() {
    let rules = create_rules([
        rule_definition("r", 1, json!({})),
        rule_definition("s", 1, json!({})),
    ]);
    let [r, s] = &*rules.rules else { panic!() };
    r.state.lock().postpone_report(seconds(100));
    s.state
        .lock()
        .postpone_report(seconds(100) + Duration::from_millis(700));
    assert_eq!(
        rules.time_until_report(seconds(105)),
        Duration::from_millis(5700)
    );
    s.state.lock().postpone_report(seconds(102));
    assert_eq!(rules.time_until_report(seconds(105)), seconds(5));
}
