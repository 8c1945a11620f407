//! Tests of the times at which rules are refreshed, and of the sampling decisions after a refresh.

use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use serde_json::Value;

use super::fake_daemon::{
    FakeDaemon, like_service_sampler, refusing_address, rule_page, sample_request, seconds,
};
use super::*;
use crate::captured_log::CapturedLog;

#[test]
fn rules_are_read_from_all_pages_and_a_target_changes_the_rate_of_its_rule() {
    let mut first_page = rule_page(["a"], json!({}));
    first_page["NextToken"] = json!("more");
    let mut last_page = rule_page(["b"], json!({}));
    last_page["NextToken"] = json!("");
    let daemon = FakeDaemon::start([first_page, last_page]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    assert!(
        !sample_request(&client, "/a")
            && !sample_request(&client, "/b")
            && !sample_request(&client, "/b")
    );

    daemon.set_report_response(
        200,
        json!({
            "SamplingTargetDocuments": [{"RuleName": "a", "FixedRate": 1.0, "Interval": 10}],
            "UnprocessedStatistics": [],
        }),
    );
    client.poll(seconds(10)).unwrap();
    assert!(sample_request(&client, "/a") && !sample_request(&client, "/b"));

    let requests = &daemon.state().requests;
    assert_eq!(requests[0], ("/GetSamplingRules".to_owned(), json!({})));
    assert_eq!(
        requests[1],
        ("/GetSamplingRules".to_owned(), json!({"NextToken": "more"}))
    );
    assert_eq!(requests[2].0, "/SamplingTargets");
    let mut documents = requests[2].1["SamplingStatisticsDocuments"].clone();
    for document in documents.as_array_mut().unwrap() {
        let id = document["ClientID"].as_str().unwrap();
        assert!(
            id.len() == 24 && id.chars().all(|digit| digit.is_ascii_hexdigit()),
            "{id}"
        );
        assert!(document["Timestamp"].as_u64().unwrap() > 1_700_000_000);
        let counts = document.as_object_mut().unwrap();
        counts.retain(|key, _| key.contains("Count") || key == "RuleName");
    }
    assert_eq!(
        documents,
        json!([
            {"RuleName": "a", "RequestCount": 1, "SampledCount": 0, "BorrowCount": 0},
            {"RuleName": "b", "RequestCount": 2, "SampledCount": 0, "BorrowCount": 0},
        ])
    );
}

#[test]
fn the_first_response_with_a_modification_time_causes_a_refresh() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_rule_pages([rule_page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_report_response(200, json!({"LastRuleModification": 1_700_000_000.0}));
    assert!(!sample_request(&client, "/a"));
    client.poll(seconds(10)).unwrap();
    assert!(sample_request(&client, "/a"));
}

#[test]
fn modified_rules_are_refreshed_even_if_the_process_has_no_requests() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_rule_pages([rule_page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_report_response(200, json!({"LastRuleModification": 1_700_000_000.0}));
    client.poll(seconds(10)).unwrap();
    assert_eq!(daemon.reports(), [[] as [Value; 0]]);
    assert!(sample_request(&client, "/a"), "the first request");
}

#[test]
fn each_modification_of_the_rules_causes_exactly_two_refreshes() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    let mut refresh_counts = Vec::new();
    for (second, modified) in [
        (10, 7),
        (20, 7),
        (30, 7),
        (40, 7),
        (50, 9),
        (60, 9),
        (70, 9),
        (80, 8),
    ] {
        daemon.set_report_response(200, json!({"LastRuleModification": modified}));
        let count_before = daemon.refresh_count();
        client.poll(seconds(second)).unwrap();
        refresh_counts.push(daemon.refresh_count() - count_before);
    }
    // After each modification, a second refresh reads rules that were possibly modified later in the same
    // second.
    assert_eq!(refresh_counts, [1, 1, 0, 0, 1, 1, 0, 1]);
    daemon.set_report_response(200, json!({}));
    let count_before = daemon.refresh_count();
    client.poll(seconds(90)).unwrap();
    client.poll(seconds(100)).unwrap();
    assert_eq!(
        daemon.refresh_count() - count_before,
        1,
        "a response without a modification time"
    );
}

#[test]
fn a_failed_refresh_after_a_modification_is_repeated() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_report_response(200, json!({"LastRuleModification": 7}));
    client.poll(seconds(10)).unwrap();
    client.poll(seconds(20)).unwrap();
    let error_page = json!({"message": "Service unavailable"});
    daemon.set_rule_pages([error_page, rule_page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_report_response(200, json!({"LastRuleModification": 8}));
    assert!(client.poll(seconds(30)).is_err());
    assert!(!sample_request(&client, "/a"));
    client.poll(seconds(40)).unwrap();
    assert!(sample_request(&client, "/a"));
}

#[test]
fn rules_are_refreshed_after_five_minutes_even_if_all_reports_fail() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_rule_pages([rule_page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_report_response(500, "");
    assert!(client.poll(seconds(299)).is_err());
    assert!(!sample_request(&client, "/a"));
    assert!(client.poll(seconds(305)).is_err());
    assert!(sample_request(&client, "/a"));
}

#[test]
fn rules_are_refreshed_when_x_ray_reports_a_deleted_rule() {
    let daemon = FakeDaemon::start([rule_page(["a", "b"], json!({}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    sample_request(&client, "/b");
    daemon.set_rule_pages([rule_page(["a"], json!({}))]);
    daemon.set_report_response(
        200,
        json!({
            "UnprocessedStatistics": [{"RuleName": "b", "ErrorCode": "400", "Message": "deleted"}],
        }),
    );
    client.poll(seconds(10)).unwrap();
    assert_eq!(daemon.refresh_count(), 2);
    // The local default rule now makes the decisions, and samples the first request.
    assert!(sample_request(&client, "/b"));
    daemon.set_report_response(200, json!({}));
    client.poll(seconds(20)).unwrap();
    assert_eq!(daemon.reports().last().unwrap().len(), 0);
}

#[test]
fn the_local_default_rule_decides_until_the_first_response_of_the_daemon() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = DaemonClient::new(like_service_sampler(), refusing_address().to_string());
    assert!(client.poll(seconds(0)).is_err());
    assert!(sample_request(&client, "/a"), "the first request");
    client.address = daemon.address.to_string();
    client.poll(seconds(10)).unwrap();
    assert!(!sample_request(&client, "/a") && !sample_request(&client, "/a"));
}

#[test]
fn the_rules_stay_in_force_after_a_response_without_rules() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({"FixedRate": 1.0}))]);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    daemon.set_rule_pages([json!({})]);
    assert!(client.poll(seconds(305)).is_err());
    daemon.set_rule_pages([rule_page([], json!({}))]);
    client.poll(seconds(315)).unwrap();
    assert!(sample_request(&client, "/a") && sample_request(&client, "/a"));
    // The next poll requests the rules again.
    daemon.set_rule_pages([rule_page(["a"], json!({"FixedRate": 0.0}))]);
    client.poll(seconds(325)).unwrap();
    assert!(!sample_request(&client, "/a"));
}

#[test]
fn a_refresh_fails_and_the_rules_stay_in_force_if_there_are_more_than_20_pages() {
    let mut page = rule_page(["a"], json!({"FixedRate": 1.0}));
    page["NextToken"] = json!("more");
    let last_page = rule_page(["b"], json!({}));
    let mut twenty_pages = vec![page; 19];
    twenty_pages.push(last_page);
    let daemon = FakeDaemon::start(twenty_pages);
    let mut client = daemon.client();
    client.poll(seconds(0)).unwrap();
    assert_eq!(daemon.refresh_count(), 20);

    let mut endless_page = rule_page(["a"], json!({"FixedRate": 0.0}));
    endless_page["NextToken"] = json!("more");
    daemon.set_rule_pages([endless_page]);
    let failure = client.poll(seconds(305)).unwrap_err();
    assert_eq!(failure.cause, "the sampling rules have more than 20 pages");
    assert_eq!(daemon.refresh_count(), 40);
    assert!(sample_request(&client, "/a") && sample_request(&client, "/a"));
}

#[test]
fn a_response_with_an_endless_body_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    });
    assert!(
        DaemonClient::new(like_service_sampler(), address)
            .poll(seconds(0))
            .is_err()
    );
}

#[test]
fn a_call_succeeds_after_the_daemon_has_closed_its_kept_alive_connection() {
    let rules = rule_page(["a"], json!({"FixedRate": 1.0})).to_string();
    let serve = move |listener: &TcpListener| {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut request = String::new();
        while !request.ends_with("{}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(char::from(byte[0]));
        }
        let length = rules.len();
        let head = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length:";
        write!(stream.get_mut(), "{head} {length}\r\n\r\n{rules}").unwrap();
        stream
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut client = DaemonClient::new(like_service_sampler(), address);
    let server = thread::spawn(move || {
        for _ in 0..2 {
            let connection = serve(&listener);
            drop(connection);
        }
    });
    client.refresh_rules(seconds(0)).unwrap();
    client.refresh_rules(seconds(305)).unwrap();
    server.join().unwrap();
}

#[test]
fn an_outage_of_the_daemon_is_logged_once_at_its_start_and_once_at_its_end() {
    let (log, _guard) = CapturedLog::start();
    let daemon = FakeDaemon::start([rule_page(["a"], json!({}))]);
    let mut client = daemon.client();
    let mut logged = Vec::new();
    for (second, status) in [
        (0, 200),
        (10, 500),
        (20, 503),
        (30, 200),
        (40, 200),
        (50, 500),
    ] {
        daemon.set_report_response(status, "{}");
        let result = client.poll(seconds(second));
        client.log_outage(&result);
        logged.push(log.take());
    }
    let is_outage_start =
        |line: &str| line.contains("returns no sampling rules") && line.contains("answered 500");
    let is_outage_end = |line: &str| line.contains("returns sampling rules again");
    assert!(
        is_outage_start(&logged[1]) && is_outage_end(&logged[3]) && is_outage_start(&logged[5]),
        "{logged:?}"
    );
    for poll_without_change in [0, 2, 4] {
        assert_eq!(logged[poll_without_change], "");
    }
}

#[test]
fn the_thread_refreshes_rules_at_its_start_and_a_reservoir_is_refilled_each_second() {
    let daemon = FakeDaemon::start([rule_page(["a"], json!({"ReservoirSize": 1}))]);
    let client = daemon.client();
    let address = daemon.address.to_string();
    let _poller = start_polling(client.sampler.clone(), address).unwrap();
    wait_until(|| daemon.refresh_count() == 1);
    // The first request uses up the reservoir of the rule, and the reservoir is refilled in the next second.
    for _ in 0..2 {
        wait_until(|| !sample_request(&client, "/a"));
        wait_until(|| sample_request(&client, "/a"));
    }
    assert_eq!(daemon.refresh_count(), 1);
}

/// Waits until `condition` is true.
fn wait_until(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + seconds(20);
    while !condition() {
        assert!(Instant::now() < deadline);
        thread::park_timeout(Duration::from_millis(15));
    }
}

#[test]
fn the_thread_ends_when_its_poller_is_dropped() {
    let (poller, shutdown) = mpsc::channel::<()>();
    drop(Poller(poller));
    // `poll_until` returns only because the sender has been dropped.
    DaemonClient::new(like_service_sampler(), refusing_address().to_string()).poll_until(&shutdown);
}
