//! Tests of the times at which request counts are reported, of the division of large reports, and of the
//! repetition of failed reports.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::Value;

use super::fake_daemon::{FakeDaemon, refusing_address, rule_page, sample_request, seconds};
use super::*;

/// Assigns a quota of 1000 to each rule of a report. Rejects a report of more than 25 documents, the maximum of
/// X-Ray's service model.
fn assign_quotas(report: &Value) -> (u16, String) {
    let documents = report["SamplingStatisticsDocuments"].as_array().unwrap();
    if documents.len() > 25 {
        return (400, r#"{"__type": "InvalidRequestException"}"#.to_owned());
    }
    let expires_at = unix_now() + 300.0;
    let target = |document: &Value| json!({"RuleName": document["RuleName"], "ReservoirQuota": 1000, "ReservoirQuotaTTL": expires_at});
    let targets: Vec<_> = documents.iter().map(target).collect();
    (200, json!({"SamplingTargetDocuments": targets}).to_string())
}

/// Makes a sampling decision about one request for each rule in `names`. Returns true if all requests are
/// sampled.
fn sample_request_of_each_rule(client: &DaemonClient, names: &[String]) -> bool {
    let mut names = names.iter();
    names.all(|name| sample_request(client, &format!("/{name}")))
}

#[test]
fn every_rule_gets_a_quota_if_the_report_needs_several_calls() {
    for count in [1, 25, 26, 50, 60] {
        let names: Vec<_> = (0..count).map(|number| format!("rule-{number}")).collect();
        let rules = rule_page(
            names.iter().map(String::as_str),
            json!({"ReservoirSize": 1000}),
        );
        let daemon = FakeDaemon::start([rules]);
        let mut client = daemon.client();
        client.poll(seconds(0)).unwrap();
        sample_request_of_each_rule(&client, &names);
        daemon.state().handle_report = Box::new(assign_quotas);
        client.poll(seconds(10)).unwrap();

        let reports = daemon.reports();
        assert_eq!(reports.len(), usize::div_ceil(count, 25));
        let documents = reports.concat();
        let reported_names: Vec<_> = documents
            .iter()
            .map(|document| document["RuleName"].as_str().unwrap())
            .collect();
        let mut expected_names: Vec<_> = names.iter().map(String::as_str).collect();
        expected_names.sort_unstable();
        assert_eq!(reported_names, expected_names);
        // Without a quota, each rule could borrow one request a second.
        assert!(
            (0..20).all(|_| sample_request_of_each_rule(&client, &names)),
            "{count} rules"
        );
    }
}

#[test]
fn a_rule_is_not_reported_before_its_assigned_interval_has_passed() {
    let daemon = FakeDaemon::start([rule_page(["a", "b"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_report_response(
        200,
        json!({
            "SamplingTargetDocuments": [{"RuleName": "a", "Interval": 25}],
        }),
    );
    let mut report_times = Vec::new();
    for second in 1..=100 {
        sample_request(&client, "/a");
        let report_count = daemon.reports().len();
        client.poll(seconds(second)).unwrap();
        report_times.extend((daemon.reports().len() > report_count).then_some(second));
        let wait = client.sampler.rules().time_until_report(seconds(second));
        assert!(wait > Duration::ZERO && wait <= seconds(10), "{wait:?}");
    }
    assert_eq!(report_times, [10, 35, 60, 85]);
}

#[test]
fn a_rule_with_a_short_interval_is_reported_without_rules_that_are_not_due() {
    let daemon = FakeDaemon::start([rule_page(["a", "b"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_report_response(
        200,
        json!({
            "SamplingTargetDocuments": [{"RuleName": "a", "Interval": 3}],
        }),
    );
    sample_request(&client, "/a");
    client.poll(seconds(10)).unwrap();
    assert_eq!(
        client.sampler.rules().time_until_report(seconds(10)),
        seconds(3)
    );
    sample_request(&client, "/a");
    sample_request(&client, "/b");
    client.poll(seconds(13)).unwrap();
    let reports = daemon.reports();
    assert_eq!(
        (reports.len(), &reports[1][0]["RuleName"]),
        (2, &json!("a"))
    );
    assert_eq!(reports[1].len(), 1);
}

/// The request counts in all received reports.
fn request_counts(daemon: &FakeDaemon) -> Vec<u64> {
    let documents = daemon.reports().concat();
    let counts = documents
        .iter()
        .map(|document| document["RequestCount"].as_u64());
    counts.map(Option::unwrap).collect()
}

#[test]
fn counts_are_reported_again_after_a_failed_report_but_not_after_an_accepted_report() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    sample_request(&client, "/a");
    // A proxy may respond to a report with the redirect status 302.
    for (second, status) in [(10, 500), (20, 429), (25, 302), (30, 400)] {
        daemon.set_report_response(status, "{}");
        assert!(client.poll(seconds(second)).is_err());
    }
    let address = std::mem::replace(&mut client.address, refusing_address().to_string());
    assert!(client.poll(seconds(40)).is_err());
    client.address = address;
    sample_request(&client, "/a");
    daemon.set_report_response(200, "no JSON");
    assert!(client.poll(seconds(50)).is_err());
    sample_request(&client, "/a");
    daemon.set_report_response(200, "{}");
    client.poll(seconds(60)).unwrap();
    assert_eq!(request_counts(&daemon), [1, 1, 1, 1, 2, 1]);
}

#[test]
fn a_status_of_4xx_for_a_report_without_documents_is_not_a_failure() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_report_response(400, "");
    client.poll(seconds(10)).unwrap();
    daemon.set_report_response(503, "");
    assert!(client.poll(seconds(20)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Each step contains a list of rules and a number of accepted calls. Each rule in the list matches one
    /// request. The next report consists of one or more calls. The daemon accepts the given number of calls,
    /// and responds to all further calls with the status 500.
    #[test]
    fn every_request_is_reported_exactly_once_if_some_calls_fail(
        steps in proptest::collection::vec((proptest::collection::vec(0..60_usize, 0..80), 0..5_usize), 1..8)
    ) {
        let names: Vec<_> = (0..60).map(|number| format!("rule-{number}")).collect();
        let daemon = FakeDaemon::start([rule_page(names.iter().map(String::as_str), json!({}))]);
        let mut client = daemon.client();
        client.poll(seconds(0)).unwrap();
        let accepted_count = Arc::new(Mutex::new(0));
        let mut request_count = 0;
        for (number, (matched_rules, accepted_calls)) in steps.iter().chain([&(vec![], 9)]).enumerate() {
            for rule in matched_rules {
                sample_request(&client, &format!("/rule-{rule}"));
                request_count += 1;
            }
            let (accepted_count, mut accepted_calls) = (Arc::clone(&accepted_count), *accepted_calls);
            daemon.state().handle_report = Box::new(move |report| {
                if accepted_calls == 0 {
                    return (500, String::new());
                }
                accepted_calls -= 1;
                let documents = report["SamplingStatisticsDocuments"].as_array().unwrap();
                let counts = documents.iter().map(|document| document["RequestCount"].as_u64().unwrap());
                *accepted_count.lock().unwrap() += counts.sum::<u64>();
                (200, "{}".to_owned())
            });
            let _ = client.poll(seconds(10 * (number as u64 + 1)));
        }
        prop_assert_eq!(*accepted_count.lock().unwrap(), request_count);
    }
}
