//! Sampling rules of the lab's own X-Ray, and the services that keep to them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::MYSFIT;
use crate::client::client;
use crate::found;
use crate::process::Lab;

/// Between two looks at something that takes seconds.
const PAUSE: Duration = Duration::from_millis(50);

struct Sampled {
    _lab: Lab,
    alb: String,
    api: String,
    http: Client,
}

impl Sampled {
    fn start() -> Self {
        let lab = Lab::start_with(&[], &["--chaos", "off"]);
        let endpoints = lab.endpoints();
        Self {
            _lab: lab,
            alb: endpoints.alb,
            api: endpoints.xray.api,
            http: client(),
        }
    }

    async fn ask(&self, operation: &str, question: Value) -> Value {
        let asked = self.http.post(format!("{}/{operation}", self.api));
        let answer = asked.json(&question).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{operation}");
        answer.json().await.unwrap()
    }

    /// Creates a rule that samples nothing of what meets these conditions.
    async fn create_rule(&self, name: &str, priority: usize, conditions: Value) {
        let mut rule = json!({
            "RuleName": name, "Priority": priority, "FixedRate": 0.0, "ReservoirSize": 0,
            "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
            "URLPath": "*", "ResourceARN": "*", "Version": 1,
        });
        for (key, value) in conditions.as_object().unwrap() {
            rule[key] = value.clone();
        }
        self.ask("CreateSamplingRule", json!({"SamplingRule": rule}))
            .await;
    }

    /// Whether a request is sampled.
    async fn samples(&self, path: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = self.http.get(format!("{}{path}", self.alb));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let trace = answer.headers()["x-amzn-trace-id"].to_str().unwrap();
        match trace.rsplit_once("Sampled=") {
            Some((_, "1")) => true,
            Some((_, "0")) => false,
            _ => panic!("{trace}"),
        }
    }
}

#[tokio::test]
async fn a_rule_that_is_created_before_the_first_request_holds_within_seconds() {
    let lab = Sampled::start();
    let list = json!({"URLPath": "/mysfits", "ServiceName": "monolith"});
    lab.create_rule("no lists", 1, list).await;
    // Less than the five minutes after which rules are asked for in any case.
    found("the rule in force", async || {
        sleep(PAUSE).await;
        (!lab.samples("/mysfits", &[]).await).then_some(())
    })
    .await;
    let mysfit = format!("/mysfits/{MYSFIT}");
    assert!(lab.samples(&mysfit, &[]).await, "no rule of ours");
}

#[tokio::test]
async fn rules_match_the_attributes_that_clients_determine() {
    let lab = Sampled::start();
    let agent = json!({"Attributes": {"user_agent.original": "Probe*/?.?"}});
    lab.create_rule("agent", 1, agent).await;
    let address = json!({"Attributes": {"client.address": "198.51.100.*"}});
    lab.create_rule("address", 2, address).await;
    let route = json!({"Attributes": {"http.route": "/mysfits", "url.scheme": "http"}});
    lab.create_rule("route", 3, route).await;

    let mysfit = format!("/mysfits/{MYSFIT}");
    let cases: [(&str, &[(&str, &str)]); 3] = [
        (&mysfit, &[("User-Agent", "PROBE-eu/2.0")]),
        (&mysfit, &[("X-Forwarded-For", "198.51.100.7")]),
        ("/mysfits", &[]),
    ];
    for (path, headers) in cases {
        found("the rule in force", async || {
            sleep(PAUSE).await;
            (!lab.samples(path, headers).await).then_some(())
        })
        .await;
    }
    for header in [
        ("User-Agent", "Probe/10.0"),
        ("X-Forwarded-For", "198.51.101.7"),
    ] {
        assert!(lab.samples(&mysfit, &[header]).await, "{header:?}");
    }
}

/// X-Ray takes 25 rules besides its own, `Default`: one more than fits into one report.
#[tokio::test]
async fn every_rule_is_reported_while_all_of_them_match_requests() {
    let lab = Sampled::start();
    for number in 1..=25 {
        let path = json!({"URLPath": format!("/rule-{number}")});
        lab.create_rule(&format!("rule-{number}"), number, path)
            .await;
    }
    found("the rules in force", async || {
        sleep(PAUSE).await;
        (!lab.samples("/rule-25", &[]).await).then_some(())
    })
    .await;
    found("a report of each rule", async || {
        for number in 0..=25 {
            lab.samples(&format!("/rule-{number}"), &[]).await;
        }
        let answer = lab.ask("SamplingStatisticSummaries", json!({})).await;
        // In one window of ten seconds, in which all rules match: none waits until others are idle.
        let mut windows: HashMap<String, HashSet<String>> = HashMap::new();
        for summary in answer["SamplingStatisticSummaries"].as_array().unwrap() {
            let reported = windows.entry(summary["Timestamp"].to_string()).or_default();
            reported.insert(summary["RuleName"].to_string());
        }
        let mut windows = windows.values();
        windows.any(|reported| reported.len() == 26).then_some(())
    })
    .await;
}
