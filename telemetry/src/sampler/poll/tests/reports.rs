//! When and how the use of rules is reported.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::Value;

use super::fake_daemon::{FakeDaemon, page};
use super::*;

/// Assigns a quota of 1000 to each rule of a report that has at most 25 documents, and refuses longer
/// ones, as the service model demands.
fn assign_quotas(question: &Value) -> (u16, String) {
    let documents = question["SamplingStatisticsDocuments"].as_array().unwrap();
    if documents.len() > 25 {
        return (400, r#"{"__type": "InvalidRequestException"}"#.to_owned());
    }
    let end = unix_now() + 300.0;
    let target = |document: &Value| json!({"RuleName": document["RuleName"], "ReservoirQuota": 1000, "ReservoirQuotaTTL": end});
    let targets: Vec<_> = documents.iter().map(target).collect();
    (200, json!({"SamplingTargetDocuments": targets}).to_string())
}

#[test]
fn every_rule_gets_a_quota_however_many_there_are() {
    for count in [1, 25, 26, 50, 60] {
        let names: Vec<_> = (0..count).map(|number| format!("rule-{number}")).collect();
        let all = page(
            names.iter().map(String::as_str),
            json!({"ReservoirSize": 1000}),
        );
        let daemon = FakeDaemon::start([all]);
        let mut client = daemon.client();
        client.step(at(0)).unwrap();
        let match_all = || {
            names
                .iter()
                .all(|name| samples(&client, &format!("/{name}")))
        };
        match_all();
        daemon.script().targets = Box::new(assign_quotas);
        client.step(at(10)).unwrap();

        let reports = daemon.reports();
        assert_eq!(reports.len(), usize::div_ceil(count, 25));
        let documents = reports.concat();
        let reported: Vec<_> = documents
            .iter()
            .map(|it| it["RuleName"].as_str().unwrap())
            .collect();
        let mut expected: Vec<_> = names.iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(reported, expected);
        let match_all = || {
            names
                .iter()
                .all(|name| samples(&client, &format!("/{name}")))
        };
        // Without a quota, each rule could borrow one request a second.
        assert!((0..20).all(|_| match_all()), "{count} rules");
    }
}

#[test]
fn x_ray_is_not_asked_before_the_interval_that_it_assigned() {
    let daemon = FakeDaemon::start([page(["a", "b"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_targets(
        200,
        json!({
            "SamplingTargetDocuments": [{"RuleName": "a", "Interval": 25}],
        }),
    );
    let mut reported = Vec::new();
    for second in 1..=100 {
        samples(&client, "/a");
        let before = daemon.reports().len();
        client.step(at(second)).unwrap();
        reported.extend((daemon.reports().len() > before).then_some(second));
        let wait = client.sampler.rules().next_report_in(at(second));
        assert!(wait > Duration::ZERO && wait <= at(10), "{wait:?}");
    }
    assert_eq!(reported, [10, 35, 60, 85]);
}

#[test]
fn a_rule_with_a_short_interval_is_reported_as_often() {
    let daemon = FakeDaemon::start([page(["a", "b"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_targets(
        200,
        json!({
            "SamplingTargetDocuments": [{"RuleName": "a", "Interval": 3}],
        }),
    );
    samples(&client, "/a");
    client.step(at(10)).unwrap();
    assert_eq!(client.sampler.rules().next_report_in(at(10)), at(3));
    samples(&client, "/a");
    samples(&client, "/b");
    client.step(at(13)).unwrap();
    let reports = daemon.reports();
    assert_eq!(
        (reports.len(), &reports[1][0]["RuleName"]),
        (2, &json!("a"))
    );
    assert_eq!(reports[1].len(), 1);
}

/// The requests of rule `a` in each report.
fn requests(daemon: &FakeDaemon) -> Vec<u64> {
    let documents = daemon.reports().concat();
    let counts = documents
        .iter()
        .map(|document| document["RequestCount"].as_u64());
    counts.map(Option::unwrap).collect()
}

#[test]
fn a_report_that_x_ray_did_not_take_is_repeated_and_one_that_it_took_is_not() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    samples(&client, "/a");
    // A proxy may redirect with any body.
    for (second, status) in [(10, 500), (20, 429), (25, 302), (30, 400)] {
        daemon.set_targets(status, "{}");
        assert!(client.step(at(second)).is_err());
    }
    let found = std::mem::replace(&mut client.address, nobody().to_string());
    assert!(client.step(at(40)).is_err());
    client.address = found;
    samples(&client, "/a");
    daemon.set_targets(200, "no JSON");
    assert!(client.step(at(50)).is_err());
    samples(&client, "/a");
    daemon.set_targets(200, "{}");
    client.step(at(60)).unwrap();
    assert_eq!(requests(&daemon), [1, 1, 1, 1, 2, 1]);
}

#[test]
fn a_report_without_documents_that_x_ray_refuses_is_no_failure() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_targets(400, "");
    client.step(at(10)).unwrap();
    daemon.set_targets(503, "");
    assert!(client.step(at(20)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Each step's outcome: how many parts of the report X-Ray takes before it fails.
    #[test]
    fn no_request_is_lost_or_counted_twice(
        steps in proptest::collection::vec((proptest::collection::vec(0..60_usize, 0..80), 0..5_usize), 1..8)
    ) {
        let names: Vec<_> = (0..60).map(|number| format!("rule-{number}")).collect();
        let daemon = FakeDaemon::start([page(names.iter().map(String::as_str), json!({}))]);
        let mut client = daemon.client();
        client.step(at(0)).unwrap();
        let taken = Arc::new(Mutex::new(0));
        let mut sent = 0;
        for (number, (requests, successes)) in steps.iter().chain([&(vec![], 9)]).enumerate() {
            for rule in requests {
                samples(&client, &format!("/rule-{rule}"));
                sent += 1;
            }
            let (taken, mut left) = (Arc::clone(&taken), *successes);
            daemon.script().targets = Box::new(move |question| {
                if left == 0 {
                    return (500, String::new());
                }
                left -= 1;
                let documents = question["SamplingStatisticsDocuments"].as_array().unwrap();
                let counts = documents.iter().map(|it| it["RequestCount"].as_u64().unwrap());
                *taken.lock().unwrap() += counts.sum::<u64>();
                (200, "{}".to_owned())
            });
            let _ = client.step(at(10 * (number as u64 + 1)));
        }
        prop_assert_eq!(*taken.lock().unwrap(), sent);
    }
}
