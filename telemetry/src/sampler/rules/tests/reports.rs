//! What is reported of rules, and what the answers change.

use serde_json::json;

use super::super::super::rule::Counts;
use super::*;

#[test]
fn a_refreshed_rule_keeps_its_counts_and_its_quota_and_takes_over_what_changed() {
    let first = rules([rule("r", 1, json!({"FixedRate": 0.0}))]);
    let quota = targets(json!({
        "SamplingTargetDocuments": [
            {"RuleName": "r", "ReservoirQuota": 1, "ReservoirQuotaTTL": 1300.0, "FixedRate": 0.0},
            {"RuleName": "gone"},
        ],
    }));
    first.answered(&[], &quota, at(100), 1000.0);
    assert!(decide(&first, 200, 0.5) && !decide(&first, 200, 0.5));
    let second = renewed(&first, [rule("r", 1, json!({"FixedRate": 0.6}))], 200);
    assert!(decide(&second, 200, 0.5), "by its new rate");
    let counts = Counts {
        requests: 3,
        sampled: 2,
        borrowed: 0,
    };
    assert_eq!(second.rules[0].counts(), counts);
}

#[test]
fn a_rule_that_is_deleted_and_created_again_starts_anew() {
    let other = || rule("other", 9, json!({}));
    let first = rules([rule("r", 1, json!({})), other()]);
    decide(&first, 100, 0.5);
    let without = renewed(&first, [other()], 110);
    // A request that is still being decided by the earlier rules does no harm.
    decide(&first, 110, 0.5);
    assert_eq!(without.report("c", at(120), 1000.0).unwrap().len(), 0);
    let again = renewed(&without, [rule("r", 1, json!({})), other()], 120);
    assert_eq!(again.rules[0].counts(), Counts::default());
}

#[test]
fn a_report_subtracts_what_it_told_and_counts_borrowed_requests_as_sampled() {
    let rules = rules([rule("r", 1, json!({"ReservoirSize": 1, "FixedRate": 0.4}))]);
    decide(&rules, 100, 0.5);
    decide(&rules, 100, 0.5);
    let report = rules.report("c", at(110), 1000.0).unwrap();
    assert_eq!(report.len(), 1);
    let document = &report[0];
    assert_eq!((document.request_count, document.sampled_count), (2, 1));
    assert_eq!((document.borrow_count, document.timestamp), (1, 1000));
    decide(&rules, 100, 0.3);
    rules.answered(&report, &Targets::default(), at(110), 1000.0);
    let counts = Counts {
        requests: 1,
        sampled: 1,
        borrowed: 0,
    };
    assert_eq!(rules.rules[0].counts(), counts);
}

#[test]
fn a_document_that_x_ray_did_not_process_is_reported_again() {
    let rules = rules([rule("r", 1, json!({}))]);
    decide(&rules, 100, 0.5);
    let report = rules.report("c", at(110), 1000.0).unwrap();
    let unprocessed = targets(json!({
        "UnprocessedStatistics": [{"RuleName": "r", "ErrorCode": "500", "Message": "later"}],
    }));
    rules.answered(&report, &unprocessed, at(110), 1000.0);
    assert!(rules.report("c", at(119), 1000.0).is_none(), "not at once");
    assert_eq!(
        rules.report("c", at(120), 1000.0).unwrap()[0].request_count,
        1
    );
}

#[test]
fn a_quota_lasts_from_its_answer_to_its_end_by_x_rays_time_of_day() {
    // Quota, end, time of day at the answer, and the second of uptime from which it counts no more.
    for (ttl, unix_now, end) in [
        (1300.0, 1000.0, 410),
        // A time of day that is ahead by an hour, or behind.
        (1300.0, 4600.0, 110),
        (1300.0, 900.0, 510),
        (0.0, 1000.0, 110),
        (1e300, 1000.0, 110),
    ] {
        let rules = rules([rule("r", 1, json!({"FixedRate": 0.0, "ReservoirSize": 9}))]);
        let quota = targets(json!({
            "SamplingTargetDocuments": [
                {"RuleName": "r", "ReservoirQuota": 2, "ReservoirQuotaTTL": ttl},
            ],
        }));
        rules.answered(&[], &quota, at(110), unix_now);
        let sampled_in = |second| (0..5).filter(|_| decide(&rules, second, 0.5)).count();
        let seconds = (110..600).step_by(10);
        let found: Vec<_> = seconds.clone().map(sampled_in).collect();
        // One request a second is borrowed.
        let expected: Vec<_> = seconds
            .map(|second| if second < end { 2 } else { 1 })
            .collect();
        assert_eq!(found, expected, "{ttl} {unix_now}");
    }
}

#[test]
fn targets_that_cannot_be_read_cost_the_others_nothing() {
    let rules = rules([rule("r", 1, json!({"FixedRate": 0.0}))]);
    let odd = targets(json!({
        "SamplingTargetDocuments": [
            7, {"RuleName": null}, {"RuleName": "r", "ReservoirQuota": -1},
            {"RuleName": "r", "FixedRate": 0.5, "Interval": null, "SamplingBoost": {"BoostRate": 1}},
            {"RuleName": "r", "FixedRate": 7.0},
        ],
        "LastRuleModification": null, "UnprocessedStatistics": null, "UnprocessedBoostStatistics": [],
    }));
    assert_eq!(odd.last_rule_modification, None);
    rules.answered(&[], &odd, at(100), 1000.0);
    assert!(decide(&rules, 100, 0.49) && !decide(&rules, 100, 0.5));
}

#[test]
fn a_rule_is_reported_once_in_the_interval_that_x_ray_assigns() {
    for (interval, waits) in [
        (json!(15), 15),
        (json!(60), 60),
        (json!(2), 2),
        (json!(null), 10),
        (json!(0), 10),
        (json!(-5), 10),
        (json!(0.2), 1),
        (json!(1e300), 3600),
    ] {
        let rules = rules([rule("r", 1, json!({}))]);
        decide(&rules, 100, 0.5);
        let report = rules.report("c", at(110), 1000.0).unwrap();
        let target = targets(json!({
            "SamplingTargetDocuments": [{"RuleName": "r", "Interval": interval}],
        }));
        rules.answered(&report, &target, at(110), 1000.0);
        decide(&rules, 110, 0.5);
        let next = 110 + waits;
        assert_eq!(
            rules.next_report_in(at(110)),
            at(waits.min(10)),
            "{interval}"
        );
        assert!(
            rules.report("c", at(next - 1), 1000.0).is_none(),
            "{interval}"
        );
        assert_eq!(
            rules.report("c", at(next), 1000.0).unwrap().len(),
            1,
            "{interval}"
        );

        // The interval stays until X-Ray assigns another one.
        rules.answered(&report, &Targets::default(), at(next), 1000.0);
        assert!(
            rules.report("c", at(next + waits - 1), 1000.0).is_none(),
            "{interval}"
        );
        assert!(
            rules.report("c", at(next + waits), 1000.0).is_some(),
            "{interval}"
        );
    }
}

#[test]
fn rules_that_are_due_within_a_second_wait_for_each_other() {
    let rules = rules([rule("r", 1, json!({})), rule("s", 1, json!({}))]);
    let [r, s] = &*rules.rules else { panic!() };
    r.postpone_report(at(100));
    s.postpone_report(at(100) + Duration::from_millis(700));
    assert_eq!(rules.next_report_in(at(105)), Duration::from_millis(5700));
    s.postpone_report(at(102));
    assert_eq!(rules.next_report_in(at(105)), at(5));
}
