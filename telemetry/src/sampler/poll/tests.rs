//! The daemon's side of the wire is a small server of the tests' own.

use super::*;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::sampler::Service;

/// What a daemon was asked, and what it answers next to each operation.
#[derive(Default)]
struct Script {
    asked: Vec<(String, Value)>,
    rules: Vec<Value>,
    targets: Value,
}

fn daemon(script: &Arc<Mutex<Script>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let script = Arc::clone(script);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).unwrap();
            }
            let lower = head.to_lowercase();
            let length = lower.split("content-length: ").nth(1).unwrap();
            let length = length.split("\r\n").next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let mut script = script.lock().unwrap();
            let operation = head.split(' ').nth(1).unwrap().to_owned();
            let answer = match operation.as_str() {
                "/GetSamplingRules" => script.rules.remove(0),
                _ => script.targets.clone(),
            };
            let question = serde_json::from_slice(&body).unwrap();
            script.asked.push((operation, question));
            let answer = answer.to_string();
            let length = answer.len();
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length:";
            write!(stream.get_mut(), "{head} {length}\r\n\r\n{answer}").unwrap();
        }
    });
    address
}

fn page(name: &str, more: Value) -> Value {
    let mut rule = json!({
        "RuleName": name, "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 0, "Version": 1,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
        "URLPath": format!("/{name}"), "ResourceARN": "*", "Attributes": {},
    });
    for (key, value) in more.as_object().unwrap() {
        rule[key] = value.clone();
    }
    json!({"SamplingRuleRecords": [{"SamplingRule": rule, "CreatedAt": 0.0}]})
}

fn sampler() -> XraySampler {
    XraySampler::new(Service {
        name: "like service".to_owned(),
        origin: None,
    })
}

fn keeps(sampler: &XraySampler, path: &'static str) -> bool {
    let attributes = [KeyValue::new("url.path", path)];
    let server = SpanKind::Server;
    let result = sampler.should_sample(None, TraceId::from(1), "", &server, &attributes, &[]);
    result.decision == SamplingDecision::RecordAndSample
}

#[test]
fn rules_come_by_pages_and_targets_change_them() {
    let script = Arc::new(Mutex::new(Script::default()));
    let mut daemon = Daemon::new(sampler(), daemon(&script));
    let mut first = page("a", json!({}));
    first["NextToken"] = json!("more");
    script.lock().unwrap().rules = vec![first, page("b", json!({}))];
    daemon.step().unwrap();
    let sampler = daemon.sampler.clone();
    assert!(!keeps(&sampler, "/a") && !keeps(&sampler, "/b") && !keeps(&sampler, "/b"));

    script.lock().unwrap().targets = json!({
        "SamplingTargetDocuments": [{"RuleName": "a", "FixedRate": 1.0, "Interval": 10}],
        "LastRuleModification": 1.0, "UnprocessedStatistics": [],
    });
    daemon.step().unwrap();
    assert!(keeps(&sampler, "/a") && !keeps(&sampler, "/b"));

    let asked = &script.lock().unwrap().asked;
    assert_eq!(asked[0], ("/GetSamplingRules".to_owned(), json!({})));
    assert_eq!(
        asked[1],
        ("/GetSamplingRules".to_owned(), json!({"NextToken": "more"}))
    );
    assert_eq!(asked[2].0, "/SamplingTargets");
    let mut documents = asked[2].1["SamplingStatisticsDocuments"].clone();
    for document in documents.as_array_mut().unwrap() {
        assert_eq!(document["ClientID"].as_str().unwrap().len(), 24);
        assert!(document["Timestamp"].as_u64().unwrap() > 1_700_000_000);
        document
            .as_object_mut()
            .unwrap()
            .retain(|key, _| key.contains("Count") || key == "RuleName");
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
fn rules_that_have_changed_are_asked_for_at_once() {
    let script = Arc::new(Mutex::new(Script::default()));
    let mut daemon = Daemon::new(sampler(), daemon(&script));
    script.lock().unwrap().rules = vec![page("a", json!({})), page("a", json!({"FixedRate": 1.0}))];
    daemon.step().unwrap();
    assert!(!keeps(&daemon.sampler, "/a"));
    for modified in [7.0, 7.0, 8.0] {
        script.lock().unwrap().targets = json!({"LastRuleModification": modified});
        daemon.step().unwrap();
        assert_eq!(keeps(&daemon.sampler, "/a"), modified == 8.0);
    }
}

#[test]
fn without_a_daemon_the_default_holds_and_the_counts_wait() {
    let script = Arc::new(Mutex::new(Script::default()));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut lost = Daemon::new(sampler(), nobody.to_string());
    assert!(lost.step().is_err());
    assert!(keeps(&lost.sampler, "/a"), "the first of a second");

    script.lock().unwrap().rules = vec![page("a", json!({"FixedRate": 1.0}))];
    lost.address = daemon(&script);
    lost.step().unwrap();
    assert!(keeps(&lost.sampler, "/a"));
    let found = std::mem::replace(&mut lost.address, nobody.to_string());
    assert!(lost.step().is_err());
    lost.address = found;
    script.lock().unwrap().targets = json!({});
    lost.step().unwrap();
    let asked = &script.lock().unwrap().asked;
    let report = &asked[1].1["SamplingStatisticsDocuments"][0];
    assert_eq!(report["RequestCount"], 1);
}

#[test]
fn a_stranger_at_the_daemons_port_wipes_no_rules() {
    let script = Arc::new(Mutex::new(Script::default()));
    let mut daemon = Daemon::new(sampler(), daemon(&script));
    script.lock().unwrap().rules = vec![page("a", json!({"FixedRate": 1.0})), json!({})];
    daemon.step().unwrap();
    daemon.rules_since = None;
    assert!(daemon.step().is_err());
    assert!(keeps(&daemon.sampler, "/a") && keeps(&daemon.sampler, "/a"));
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
    assert!(Daemon::new(sampler(), address).step().is_err());
}

#[test]
fn the_thread_ends_with_its_poller() {
    let (poller, end) = mpsc::channel::<()>();
    drop(Poller(poller));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    // Returns only because the other end is gone.
    Daemon::new(sampler(), nobody.to_string()).follow(&end);
}
