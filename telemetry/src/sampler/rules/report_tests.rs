//! The counts that are reported, and how the responses change the rules.

use serde_json::json;

use super::fixtures::{counts, decide, definition, refresh, rules, seconds, targets};
use super::*;
use crate::sampler::rule_state::RequestCounts;

#[test]
fn a_refreshed_rule_keeps_its_counts_and_its_quota_and_gets_its_new_rate() {
    let first = rules([definition("r", 1, json!({"FixedRate": 0.0}))]);
    let quota = targets(json!({
        "SamplingTargetDocuments": [
            {"RuleName": "r", "ReservoirQuota": 1, "ReservoirQuotaTTL": 1300.0, "FixedRate": 0.0},
            {"RuleName": "unknown"},
        ],
    }));
    first.apply_targets(&[], &quota, seconds(100), 1000.0);
    assert!(decide(&first, 200, 0.5) && !decide(&first, 200, 0.5));
    let second = refresh(&first, [definition("r", 1, json!({"FixedRate": 0.6}))], 200).unwrap();
    assert!(decide(&second, 200, 0.5), "the new rate");
    let expected = RequestCounts {
        matched: 3,
        sampled: 2,
        borrowed: 0,
    };
    assert_eq!(counts(&second.rules[0]), expected);
}

#[test]
fn a_rule_that_is_deleted_and_created_again_has_no_counts() {
    let other = || definition("other", 9, json!({}));
    let first = rules([definition("r", 1, json!({})), other()]);
    decide(&first, 100, 0.5);
    let without_r = refresh(&first, [other()], 110).unwrap();
    // Another thread may still decide by the earlier rules.
    decide(&first, 110, 0.5);
    assert_eq!(
        without_r
            .build_report("c", seconds(120), 1000.0)
            .unwrap()
            .len(),
        0
    );
    let recreated = refresh(&without_r, [definition("r", 1, json!({})), other()], 120).unwrap();
    assert_eq!(counts(&recreated.rules[0]), RequestCounts::default());
}

#[test]
fn an_accepted_report_is_subtracted_from_the_counts_and_includes_borrowed_requests() {
    let rules = rules([definition(
        "r",
        1,
        json!({"ReservoirSize": 1, "FixedRate": 0.4}),
    )]);
    decide(&rules, 100, 0.5);
    decide(&rules, 100, 0.5);
    let report = rules.build_report("c", seconds(110), 1000.0).unwrap();
    assert_eq!(report.len(), 1);
    let document = &report[0];
    assert_eq!((document.request_count, document.sampled_count), (2, 1));
    assert_eq!((document.borrow_count, document.timestamp), (1, 1000));
    decide(&rules, 100, 0.3);
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
    assert_eq!(counts(&rules.rules[0]), expected);
}

#[test]
fn an_unprocessed_document_is_reported_again_after_the_interval() {
    let rules = rules([definition("r", 1, json!({}))]);
    decide(&rules, 100, 0.5);
    let report = rules.build_report("c", seconds(110), 1000.0).unwrap();
    let unprocessed = targets(json!({
        "UnprocessedStatistics": [{"RuleName": "r", "ErrorCode": "500", "Message": "later"}],
    }));
    rules.apply_targets(&report, &unprocessed, seconds(110), 1000.0);
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
    // The expiry, the system time of the response, and the second of uptime when the quota has expired.
    for (unix_expiry, unix_now, expired_at) in [
        (1300.0, 1000.0, 410),
        // The system clock is an hour fast, and then 100 seconds slow.
        (1300.0, 4600.0, 110),
        (1300.0, 900.0, 510),
        (0.0, 1000.0, 110),
        (1e300, 1000.0, 110),
    ] {
        let rules = rules([definition(
            "r",
            1,
            json!({"FixedRate": 0.0, "ReservoirSize": 9}),
        )]);
        let quota = targets(json!({
            "SamplingTargetDocuments": [
                {"RuleName": "r", "ReservoirQuota": 2, "ReservoirQuotaTTL": unix_expiry},
            ],
        }));
        rules.apply_targets(&[], &quota, seconds(110), unix_now);
        let sampled_in = |second| (0..5).filter(|_| decide(&rules, second, 0.5)).count();
        let times = (110..600).step_by(10);
        let sampled: Vec<_> = times.clone().map(sampled_in).collect();
        // Without a quota, one request a second is borrowed.
        let expected: Vec<_> = times
            .map(|second| if second < expired_at { 2 } else { 1 })
            .collect();
        assert_eq!(sampled, expected, "{unix_expiry} {unix_now}");
    }
}

#[test]
fn an_invalid_target_is_left_out_and_the_others_are_applied() {
    let rules = rules([definition("r", 1, json!({"FixedRate": 0.0}))]);
    let response = targets(json!({
        "SamplingTargetDocuments": [
            7, {"RuleName": null}, {"RuleName": "r", "ReservoirQuota": -1},
            {"RuleName": "r", "FixedRate": 0.5, "Interval": null, "SamplingBoost": {"BoostRate": 1}},
            {"RuleName": "r", "FixedRate": 7.0},
        ],
        "LastRuleModification": null, "UnprocessedStatistics": null, "UnprocessedBoostStatistics": [],
    }));
    assert_eq!(response.last_rule_modification, None);
    rules.apply_targets(&[], &response, seconds(100), 1000.0);
    assert!(decide(&rules, 100, 0.49) && !decide(&rules, 100, 0.5));
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
        let rules = rules([definition("r", 1, json!({}))]);
        decide(&rules, 100, 0.5);
        let report = rules.build_report("c", seconds(110), 1000.0).unwrap();
        let target = targets(json!({
            "SamplingTargetDocuments": [{"RuleName": "r", "Interval": interval}],
        }));
        rules.apply_targets(&report, &target, seconds(110), 1000.0);
        decide(&rules, 110, 0.5);
        let next = 110 + expected_seconds;
        assert_eq!(
            rules.time_until_report(seconds(110)),
            seconds(expected_seconds.min(10)),
            "{interval}"
        );
        assert!(
            rules.build_report("c", seconds(next - 1), 1000.0).is_none(),
            "{interval}"
        );
        assert_eq!(
            rules
                .build_report("c", seconds(next), 1000.0)
                .unwrap()
                .len(),
            1,
            "{interval}"
        );

        // The interval stays in force until X-Ray assigns another one.
        rules.apply_targets(
            &report,
            &SamplingTargetsResponse::default(),
            seconds(next),
            1000.0,
        );
        assert!(
            rules
                .build_report("c", seconds(next + expected_seconds - 1), 1000.0)
                .is_none(),
            "{interval}"
        );
        assert!(
            rules
                .build_report("c", seconds(next + expected_seconds), 1000.0)
                .is_some(),
            "{interval}"
        );
    }
}

#[test]
fn rules_that_are_due_within_one_second_are_reported_together() {
    let rules = rules([definition("r", 1, json!({})), definition("s", 1, json!({}))]);
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
