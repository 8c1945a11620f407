//! The lab's own X-Ray: what the services did can be asked, as on AWS.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Client;
use serde_json::{Value, json};

use crate::MYSFIT;
use crate::client::client;
use crate::found;
use crate::process::Lab;

/// A like that took long or failed, as the workshop looks for it.
const WORKSHOP: &str =
    r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#;

/// The type of a service whose tasks have metadata.
const ON_ECS: &str = "AWS::ECS::Fargate";

struct Asked {
    lab: Lab,
    alb: String,
    api: String,
    http: Client,
}

impl Asked {
    fn start(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let lab = Lab::start_with(variables, arguments);
        let endpoints = lab.endpoints();
        let api = endpoints.xray.api;
        let alb = endpoints.alb;
        let http = client();
        Self {
            lab,
            alb,
            api,
            http,
        }
    }

    async fn like(&self, id: &str) -> u16 {
        let like = self.http.post(format!("{}/mysfits/{id}/like", self.alb));
        like.send().await.unwrap().status().as_u16()
    }

    async fn ask(&self, path: &str, request: &Value) -> Value {
        let asked = self.http.post(format!("{}{path}", self.api)).json(request);
        asked.send().await.unwrap().json().await.unwrap()
    }

    async fn found(&self, filter: &str) -> Vec<Value> {
        let mut request = always();
        request["FilterExpression"] = json!(filter);
        let answer = self.ask("/TraceSummaries", &request).await;
        answer["TraceSummaries"].as_array().unwrap().clone()
    }

    /// Waits until so many traces are whole and found.
    async fn until_found(&self, filter: &str, count: usize) -> Vec<Value> {
        found("the traces", async || {
            let all = self.found(filter).await;
            (all.len() == count).then_some(all)
        })
        .await
    }
}

/// The longest range that X-Ray answers, up to a minute from now.
pub fn always() -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let end = now.unwrap().as_secs() + 60;
    json!({ "StartTime": end - 6 * 3600, "EndTime": end })
}

#[tokio::test]
async fn each_like_is_traced_and_the_graph_leads_from_the_client_to_the_table() {
    let lab = Asked::start(&[], &["--chaos", "off"]);
    for _ in 0..5 {
        assert_eq!(lab.like(MYSFIT).await, 200);
    }
    let whole = r#"edge("like service", "monolith") AND edge("monolith", "MysfitsTable")"#;
    let likes = lab.until_found(whole, 5).await;
    assert!(
        likes
            .iter()
            .all(|like| like["HasError"] == false && like["IsPartial"] == false)
    );
    assert_eq!(
        likes[0]["Annotations"]["mysfit_id"][0]["AnnotationValue"]["StringValue"],
        MYSFIT
    );

    let graph = lab.ask("/ServiceGraph", &always()).await;
    let nodes = graph["Services"].as_array().unwrap();
    let place = |name: &str, kind: Option<&str>| {
        let is_it = |node: &&Value| node["Name"] == name && node["Type"].as_str() == kind;
        nodes
            .iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("no {name} {kind:?}: {graph:#}"))
    };
    let way = [
        place("like service", Some("client")),
        place("like service", Some(ON_ECS)),
        place("monolith", Some(ON_ECS)),
        place("MysfitsTable", Some("AWS::DynamoDB::Table")),
    ];
    for pair in way.windows(2) {
        let mut edges = pair[0]["Edges"].as_array().unwrap().iter();
        let edge = edges
            .find(|edge| edge["ReferenceId"] == pair[1]["ReferenceId"])
            .unwrap();
        assert_eq!(edge["SummaryStatistics"]["OkCount"], 5, "{graph:#}");
    }
    assert!(
        nodes.iter().all(|node| node["Type"] != "remote"),
        "{graph:#}"
    );
}

#[tokio::test]
async fn by_otlp_the_same_graph_comes_out() {
    let lab = Asked::start(&[("OTEL_TRACES_EXPORTER", "otlp")], &["--chaos", "off"]);
    for _ in 0..3 {
        assert_eq!(lab.like(MYSFIT).await, 200);
    }
    let whole = r#"edge("like service", "monolith") AND edge("monolith", "MysfitsTable")"#;
    let likes = lab.until_found(whole, 3).await;
    let found = &likes[0]["Annotations"]["mysfit.id"][0]["AnnotationValue"]["StringValue"];
    assert_eq!(found, MYSFIT);
    let table = r#"service(id(name: "MysfitsTable", type: "AWS::DynamoDB::Table")) { ok }"#;
    assert_eq!(lab.found(table).await.len(), 3);
    assert_eq!(
        lab.found("annotation[mysfit.id] http.status = 200")
            .await
            .len(),
        3
    );
}

#[tokio::test]
async fn the_workshops_filter_finds_the_slow_and_the_lost_likes() {
    let seed = ["--seed", "7", "--like-tasks", "1"];
    let fast = [("CHAOS_STRESS_CPU_MS", "1100-1200")];
    let lab = Asked::start(&fast, &seed);
    let mut lost = 0;
    for _ in 0..6 {
        match lab.like(MYSFIT).await {
            404 => lost += 1,
            200 => {}
            status => panic!("{status}"),
        }
    }
    let all = lab
        .until_found(r#"service("like service") AND !partial"#, 6)
        .await;
    // On a busy machine a like may be slow that no fault made slow.
    let is_slow = |like: &&Value| like["ResponseTime"].as_f64().unwrap() > 1.0;
    let slow = all.iter().filter(is_slow).count();
    let burnt = lab.found(r#"annotation.chaos_fault = "stress""#).await;
    assert!(burnt.iter().all(|like| is_slow(&like)), "{burnt:#?}");
    let wanted = all
        .iter()
        .filter(|like| is_slow(like) || like["HasError"] == true);
    let wanted: BTreeSet<_> = wanted.map(|like| like["Id"].to_string()).collect();
    let found = lab.found(WORKSHOP).await;
    let found: BTreeSet<_> = found.iter().map(|like| like["Id"].to_string()).collect();
    assert_eq!(found, wanted);
    assert_eq!(
        lab.found(r#"service("like service") { error }"#)
            .await
            .len(),
        lost
    );
    let by_chaos = r#"annotation.chaos_fault = "not_found""#;
    assert_eq!(lab.found(by_chaos).await.len(), lost);
    assert!(
        slow > 0 && lost > 0,
        "{slow} slow, {lost} lost: choose another seed"
    );
}

#[tokio::test]
async fn with_spoilers_the_first_words_tell_how_to_ask() {
    let lab = Asked::start(&[], &["--spoilers"]);
    lab.lab.wait_for("Ctrl-C stops everything.");
    let printed = lab.lab.printed();
    assert!(
        printed.contains("aws xray get-trace-summaries"),
        "{printed}"
    );
    assert!(
        printed.contains(&format!("--filter-expression '{WORKSHOP}'")),
        "{printed}"
    );
}
