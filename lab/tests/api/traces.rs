//! One like is one connected trace, from the load balancer to the table, whatever happens to it.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::net::TcpStream;

use reqwest::Client;
use rustix::process::Signal;
use serde_json::Value;

use crate::MYSFIT;
use crate::client::{client, get};
use crate::found;
use crate::process::{Lab, PATIENT, signal};
use test_support::daemon::{
    Daemon, assert_child_within, documents_of_trace, error_flags, only_document, trace_id,
};

const SIGNATURE: &str = "AWS4-HMAC-SHA256 \
    Credential=lab/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// A lab with a daemon behind it, and everything traced.
struct Traced {
    lab: Lab,
    daemon: Daemon,
    alb: String,
}

impl Traced {
    fn start(more: &[(&str, &str)], arguments: &[&str]) -> Self {
        let daemon = Daemon::start();
        let (name, address) = daemon.address_variable();
        let mut variables = vec![
            (name, &*address),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
        ];
        variables.extend(more);
        let lab = Lab::start_with(&variables, arguments);
        let alb = lab.endpoints().alb;
        Self { lab, daemon, alb }
    }

    /// The status of a like of `id`, and its trace.
    async fn like(&self, id: &str) -> (u16, String) {
        like(&client(), &self.alb, id, None).await
    }

    /// Stops the lab and returns everything that was sent.
    fn documents(mut self) -> Vec<Value> {
        self.lab.signal(Signal::TERM);
        assert!(self.lab.wait().success());
        self.daemon.documents()
    }
}

async fn like(client: &Client, alb: &str, id: &str, root: Option<&str>) -> (u16, String) {
    let mut like = client.post(format!("{alb}/mysfits/{id}/like"));
    if let Some(root) = root {
        like = like.header("X-Amzn-Trace-Id", root);
    }
    let answer = like.send().await.unwrap();
    let header = answer.headers()["x-amzn-trace-id"].to_str().unwrap();
    (answer.status().as_u16(), header.to_owned())
}

/// Asserts that all documents are of one trace, and hang below one segment without a parent.
fn assert_one_connected_trace(documents: &[Value]) {
    let traces: HashSet<_> = documents.iter().map(|it| it["trace_id"].as_str()).collect();
    assert_eq!(traces.len(), 1, "{documents:#?}");
    assert_connected(&documents.iter().collect::<Vec<_>>());
}

fn assert_connected(documents: &[&Value]) {
    let ids: HashSet<_> = documents.iter().map(|it| it["id"].as_str()).collect();
    assert_eq!(ids.len(), documents.len(), "{documents:#?}");
    let roots = documents.iter().filter(|it| it["parent_id"].is_null());
    assert_eq!(roots.count(), 1, "{documents:#?}");
    let below = documents.iter().filter_map(|it| it["parent_id"].as_str());
    assert!(below.into_iter().all(|parent| ids.contains(&Some(parent))));
}

/// Segment, call, segment, call: of the like service, to the monolith, of it, to the table.
fn chain<'a>(documents: &[&'a Value]) -> [&'a Value; 4] {
    assert_eq!(documents.len(), 4, "{documents:#?}");
    let chain = [
        only_document(documents, "like service", None),
        only_document(documents, "monolith", Some("remote")),
        only_document(documents, "monolith", None),
        only_document(documents, "DynamoDB", Some("aws")),
    ];
    for pair in chain.windows(2) {
        assert_child_within(pair[1], pair[0]);
    }
    chain
}

#[tokio::test]
async fn a_like_is_one_trace_from_the_load_balancer_to_the_table_and_its_lines_name_it() {
    let traced = Traced::start(&[], &["--chaos", "off", "--loglevel", "INFO"]);
    let (status, header) = traced.like(MYSFIT).await;
    assert_eq!(status, 200);
    assert!(header.ends_with(";Sampled=1"), "{header}");
    let site = traced.lab.endpoints().site;
    let name = format!("\"trace_id\":\"{}\"", trace_id(&header));
    for (service, lines) in [("like-service", 4), ("monolith", 1)] {
        found("the lines of the like", async || {
            let all = get(&format!("{site}/logs/{service}")).await;
            (all.matches(&name).count() == lines).then_some(())
        })
        .await;
    }
    let documents = traced.documents();
    assert_one_connected_trace(&documents);
    let documents = documents_of_trace(&documents, &header);
    for document in chain(&documents) {
        assert_eq!(error_flags(document), [] as [&str; 0]);
    }
}

#[tokio::test]
async fn so_it_is_when_nobody_is_liked() {
    let traced = Traced::start(&[], &["--chaos", "off"]);
    let (status, _) = traced.like("nobody").await;
    assert_eq!(status, 404);
    let documents = traced.documents();
    assert_one_connected_trace(&documents);
    for document in chain(&documents.iter().collect::<Vec<_>>()) {
        assert_eq!(error_flags(document), ["error"], "{document:#}");
    }
}

#[tokio::test]
async fn so_it_is_when_chaos_answers_404() {
    let all_lost = [
        ("CHAOS_STRESS_PERCENT", "0"),
        ("CHAOS_NOT_FOUND_PERCENT", "100"),
    ];
    let traced = Traced::start(&all_lost, &[]);
    let (status, _) = traced.like(MYSFIT).await;
    assert_eq!(status, 404);
    let documents = traced.documents();
    assert_eq!(documents.len(), 1, "{documents:#?}");
    assert_eq!(documents[0]["annotations"]["chaos_fault"], "not_found");
    assert_eq!(error_flags(&documents[0]), ["error"]);
}

#[tokio::test]
async fn so_it_is_when_the_monolith_fails() {
    let traced = Traced::start(&[], &["--chaos", "off"]);
    let endpoints = traced.lab.endpoints();
    let delete = client()
        .post(&endpoints.dynamodb)
        .header("X-Amz-Target", "DynamoDB_20120810.DeleteTable")
        .header("Content-Type", "application/x-amz-json-1.0")
        // Whose signature it is, the emulator does not ask.
        .header("Authorization", SIGNATURE)
        .header("X-Amz-Date", "20260101T000000Z")
        .body(format!("{{\"TableName\":\"{}\"}}", endpoints.table));
    assert_eq!(delete.send().await.unwrap().status(), 200);
    let (status, _) = traced.like(MYSFIT).await;
    assert_eq!(status, 503);
    let documents = traced.documents();
    assert_one_connected_trace(&documents);
    let documents: Vec<_> = documents.iter().collect();
    let [like, call, monolith, table] = chain(&documents);
    for failed in [like, call, monolith] {
        assert_eq!(error_flags(failed), ["fault"], "{failed:#}");
    }
    assert_eq!(error_flags(table), ["error"]);
}

#[tokio::test]
async fn so_it_is_when_the_monolith_is_too_slow() {
    let traced = Traced::start(&[("MONOLITH_TIMEOUT_MS", "300")], &["--chaos", "off"]);
    let monolith = traced.lab.endpoints().of("monolith")[0].pid;
    signal(monolith, Signal::STOP);
    let (status, _) = traced.like(MYSFIT).await;
    signal(monolith, Signal::CONT);
    assert_eq!(status, 504);
    let documents = traced.documents();
    assert_one_connected_trace(&documents);
    let documents: Vec<_> = documents.iter().collect();
    for (name, namespace) in [("like service", None), ("monolith", Some("remote"))] {
        assert_eq!(
            error_flags(only_document(&documents, name, namespace)),
            ["fault"]
        );
    }
}

#[tokio::test]
async fn so_it_is_when_the_client_hangs_up() {
    let slow = [
        ("CHAOS_STRESS_PERCENT", "100"),
        ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ("CHAOS_STRESS_CPU_MS", "300-300"),
    ];
    let traced = Traced::start(&slow, &["--loglevel", "INFO"]);
    let mut client = TcpStream::connect(traced.alb.trim_start_matches("http://")).unwrap();
    let path = format!("/mysfits/{MYSFIT}/like");
    write!(
        client,
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    )
    .unwrap();
    let site = traced.lab.endpoints().site;
    found("the like has arrived", async || {
        let lines = get(&format!("{site}/logs/like-service")).await;
        lines.contains("Like received.").then_some(())
    })
    .await;
    drop(client);
    let documents = traced.documents();
    assert_one_connected_trace(&documents);
    let documents: Vec<_> = documents.iter().collect();
    let segment = only_document(&documents, "like service", None);
    assert_eq!(segment["annotations"]["chaos_fault"], "stress");
}

#[tokio::test]
async fn of_200_likes_at_once_each_trace_has_just_its_own_spans() {
    // 800 documents in one burst may be more than the daemon's socket holds.
    let often = [PATIENT, &[("OTEL_BSP_SCHEDULE_DELAY", "20")]].concat();
    let traced = Traced::start(&often, &["--chaos", "off"]);
    let mysfits = get(&format!("{}/mysfits", traced.alb)).await;
    let mysfits: Value = serde_json::from_str(&mysfits).unwrap();
    let mysfits = mysfits["mysfits"].as_array().unwrap();
    let ids: Vec<_> = mysfits
        .iter()
        .map(|it| it["mysfitId"].as_str().unwrap())
        .collect();
    let client = client();
    let likes: Vec<_> = (0..200)
        .map(|number| {
            let (client, alb) = (client.clone(), traced.alb.clone());
            let id = ids[number % ids.len()].to_owned();
            tokio::spawn(async move {
                let root = format!("Root=1-58406520-{number:024x}");
                let (status, header) = like(&client, &alb, &id, Some(&root)).await;
                assert_eq!((status, &*header), (200, &*format!("{root};Sampled=1")));
                (root, id)
            })
        })
        .collect();
    let mut liked = HashMap::new();
    for like in likes {
        liked.extend([like.await.unwrap()]);
    }
    let documents = traced.documents();
    assert_eq!(liked.len(), 200);
    for (root, id) in liked {
        let documents = documents_of_trace(&documents, &root);
        assert_connected(&documents);
        let [like, _, monolith, _] = chain(&documents);
        for segment in [like, monolith] {
            assert_eq!(segment["annotations"]["mysfit_id"], *id);
        }
    }
}

#[tokio::test]
async fn without_tracing_there_is_nothing_but_the_id() {
    let traced = Traced::start(&[], &["--chaos", "off", "--tracing", "off"]);
    let (status, header) = traced.like(MYSFIT).await;
    assert_eq!(status, 200);
    assert!(header.ends_with(";Sampled=0"), "{header}");
    assert_eq!(traced.documents(), [] as [Value; 0]);
}

#[tokio::test]
async fn the_lab_says_where_the_traces_go() {
    let traced = Traced::start(&[], &[]);
    let (_, address) = traced.daemon.address_variable();
    traced
        .lab
        .wait_for(&format!("to the X-Ray daemon at {address}"));
    let lab = Lab::start(&["--tracing", "off"]);
    lab.wait_for("traces         off");
}
