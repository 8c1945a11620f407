//! Most tests here need answers that no real X-Ray gives, or times that nobody can wait for: the daemon's
//! side of the wire is a small server of their own. The tests of the lab use the local X-Ray.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};
use serde_json::Value;

use super::*;
use crate::captured::Log;
use crate::sampler::Service;

mod fake_daemon;
mod reports;

use fake_daemon::{FakeDaemon, page};

fn sampler() -> XraySampler {
    XraySampler::new(Service {
        name: "like service".to_owned(),
        ..Service::default()
    })
}

fn nobody() -> SocketAddr {
    // Only the superuser may listen there, so no other test does.
    SocketAddr::from(([127, 0, 0, 1], 1))
}

fn samples(daemon: &Daemon, path: &str) -> bool {
    let attributes = [KeyValue::new("url.path", path.to_owned())];
    let server = SpanKind::Server;
    let id = TraceId::from(1);
    let result = daemon
        .sampler
        .should_sample(None, id, "", &server, &attributes, &[]);
    result.decision == SamplingDecision::RecordAndSample
}

fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

#[test]
fn rules_come_in_pages_and_targets_change_them() {
    let mut first = page(["a"], json!({}));
    first["NextToken"] = json!("more");
    let mut last = page(["b"], json!({}));
    last["NextToken"] = json!("");
    let daemon = FakeDaemon::start([first, last]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    assert!(!samples(&client, "/a") && !samples(&client, "/b") && !samples(&client, "/b"));

    daemon.set_targets(
        200,
        json!({
            "SamplingTargetDocuments": [{"RuleName": "a", "FixedRate": 1.0, "Interval": 10}],
            "UnprocessedStatistics": [],
        }),
    );
    client.step(at(10)).unwrap();
    assert!(samples(&client, "/a") && !samples(&client, "/b"));

    let asked = &daemon.script().asked;
    assert_eq!(asked[0], ("/GetSamplingRules".to_owned(), json!({})));
    assert_eq!(
        asked[1],
        ("/GetSamplingRules".to_owned(), json!({"NextToken": "more"}))
    );
    assert_eq!(asked[2].0, "/SamplingTargets");
    let mut documents = asked[2].1["SamplingStatisticsDocuments"].clone();
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
fn a_change_of_the_rules_is_heard_with_the_first_answer_that_dates_it() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_pages([page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_targets(200, json!({"LastRuleModification": 1_700_000_000.0}));
    assert!(!samples(&client, "/a"));
    client.step(at(10)).unwrap();
    assert!(samples(&client, "/a"));
}

#[test]
fn a_process_without_requests_hears_of_a_change_too() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_pages([page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_targets(200, json!({"LastRuleModification": 1_700_000_000.0}));
    client.step(at(10)).unwrap();
    assert_eq!(daemon.reports(), [[] as [Value; 0]]);
    assert!(samples(&client, "/a"), "the first request");
}

#[test]
fn rules_are_asked_for_twice_after_a_change_and_then_not_until_the_next_one() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    let mut refreshes = Vec::new();
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
        daemon.set_targets(200, json!({"LastRuleModification": modified}));
        let before = daemon.refreshes();
        client.step(at(second)).unwrap();
        refreshes.push(daemon.refreshes() - before);
    }
    // The second time because another change of the same second may have been missed.
    assert_eq!(refreshes, [1, 1, 0, 0, 1, 1, 0, 1]);
    daemon.set_targets(200, json!({}));
    let before = daemon.refreshes();
    client.step(at(90)).unwrap();
    client.step(at(100)).unwrap();
    assert_eq!(daemon.refreshes() - before, 1, "no date is no change");
}

#[test]
fn rules_that_could_not_be_read_after_a_change_are_asked_for_again() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_targets(200, json!({"LastRuleModification": 7}));
    client.step(at(10)).unwrap();
    client.step(at(20)).unwrap();
    let broken = json!({"message": "Service unavailable"});
    daemon.set_pages([broken, page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_targets(200, json!({"LastRuleModification": 8}));
    assert!(client.step(at(30)).is_err());
    assert!(!samples(&client, "/a"));
    client.step(at(40)).unwrap();
    assert!(samples(&client, "/a"));
}

#[test]
fn rules_are_asked_for_every_five_minutes_without_any_answer_to_a_report() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_pages([page(["a"], json!({"FixedRate": 1.0}))]);
    daemon.set_targets(500, "");
    assert!(client.step(at(299)).is_err());
    assert!(!samples(&client, "/a"));
    assert!(client.step(at(305)).is_err());
    assert!(samples(&client, "/a"));
}

#[test]
fn rules_are_asked_for_when_x_ray_no_longer_knows_one() {
    let daemon = FakeDaemon::start([page(["a", "b"], json!({}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    samples(&client, "/b");
    daemon.set_pages([page(["a"], json!({}))]);
    daemon.set_targets(
        200,
        json!({
            "UnprocessedStatistics": [{"RuleName": "b", "ErrorCode": "400", "Message": "deleted"}],
        }),
    );
    client.step(at(10)).unwrap();
    assert_eq!(daemon.refreshes(), 2);
    // Nothing is left of the deleted rule: by the local default.
    assert!(samples(&client, "/b"));
    daemon.set_targets(200, json!({}));
    client.step(at(20)).unwrap();
    assert_eq!(daemon.reports().last().unwrap().len(), 0);
}

#[test]
fn without_a_daemon_the_local_default_holds_until_one_answers() {
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
    let mut client = Daemon::new(sampler(), nobody().to_string());
    assert!(client.step(at(0)).is_err());
    assert!(samples(&client, "/a"), "the first of a second");
    client.address = daemon.address.to_string();
    client.step(at(10)).unwrap();
    assert!(!samples(&client, "/a") && !samples(&client, "/a"));
}

#[test]
fn an_answer_that_holds_no_rules_does_not_drop_those_in_force() {
    let daemon = FakeDaemon::start([page(["a"], json!({"FixedRate": 1.0}))]);
    let mut client = daemon.client();
    client.step(at(0)).unwrap();
    daemon.set_pages([json!({})]);
    assert!(client.step(at(305)).is_err());
    daemon.set_pages([page([], json!({}))]);
    client.step(at(315)).unwrap();
    assert!(samples(&client, "/a") && samples(&client, "/a"));
    // They are asked for again at the next step.
    daemon.set_pages([page(["a"], json!({"FixedRate": 0.0}))]);
    client.step(at(325)).unwrap();
    assert!(!samples(&client, "/a"));
}

#[test]
fn an_answer_without_end_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    });
    assert!(Daemon::new(sampler(), address).step(at(0)).is_err());
}

/// A server that keeps its connections open, is closed with them, and opens its port again.
#[test]
fn a_daemon_that_restarts_answers_the_next_call() {
    let rules = page(["a"], json!({"FixedRate": 1.0})).to_string();
    let serve = move |listener: &TcpListener| {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut line = String::new();
        while !line.ends_with("{}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            line.push(char::from(byte[0]));
        }
        let length = rules.len();
        let head = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length:";
        write!(stream.get_mut(), "{head} {length}\r\n\r\n{rules}").unwrap();
        stream
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut client = Daemon::new(sampler(), address);
    let server = thread::spawn(move || {
        let first = serve(&listener);
        drop(first);
        let second = serve(&listener);
        drop(second);
    });
    client.ask_for_rules(at(0)).unwrap();
    client.ask_for_rules(at(305)).unwrap();
    server.join().unwrap();
}

#[test]
fn an_outage_of_the_daemon_is_logged_once_and_so_is_its_end() {
    let (log, _guard) = Log::start();
    let daemon = FakeDaemon::start([page(["a"], json!({}))]);
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
        daemon.set_targets(status, "{}");
        let done = client.step(at(second));
        client.log_change(done);
        logged.push(log.take());
    }
    let outage = |line: &str| line.contains("gives no sampling rules") && line.contains(": 500");
    let end = |line: &str| line.contains("gives sampling rules again");
    assert!(
        outage(&logged[1]) && end(&logged[3]) && outage(&logged[5]),
        "{logged:?}"
    );
    for quiet in [0, 2, 4] {
        assert_eq!(logged[quiet], "");
    }
}

#[test]
fn the_rules_are_asked_for_at_the_start_and_a_second_later_a_reservoir_is_full_again() {
    let daemon = FakeDaemon::start([page(["a"], json!({"ReservoirSize": 1}))]);
    let client = daemon.client();
    let address = daemon.address.to_string();
    let _poller = start_polling(client.sampler.clone(), address).unwrap();
    eventually(|| daemon.refreshes() == 1);
    // One request of one second, and of a later one.
    for _ in 0..2 {
        eventually(|| !samples(&client, "/a"));
        eventually(|| samples(&client, "/a"));
    }
    assert_eq!(daemon.refreshes(), 1);
}

/// Looks again and again until `happened`.
fn eventually(mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + at(20);
    while !happened() {
        assert!(Instant::now() < deadline);
        thread::park_timeout(Duration::from_millis(15));
    }
}

#[test]
fn the_thread_ends_with_its_poller() {
    let (poller, end) = mpsc::channel::<()>();
    drop(Poller(poller));
    // Returns only because the other end is gone.
    Daemon::new(sampler(), nobody().to_string()).follow(&end);
}
