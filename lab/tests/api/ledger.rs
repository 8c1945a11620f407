//! The ledger says what really happened to likes, as clients and traces show it.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use http_shell::env::Environment;
use like_service::chaos::{Config, Fault, FaultGenerator};
use serde_json::{Value, json};

use test_support::records::reset_connection;

use crate::MYSFIT;
use crate::client::{client, get, like};
use crate::found;
use crate::process::{Endpoints, Lab, PATIENT};

mod proxy;

use proxy::{Proxy, Seen};

const SEED: u64 = 2026;

const BURN: (&str, &str) = ("CHAOS_STRESS_CPU_MS", "2-8");

const LIKES: usize = 1000;

/// The number of likes that are sent at the same time.
const CLIENTS: usize = 8;

/// Runs the verb.
fn ledger(endpoints: &Endpoints, options: &[&str]) -> Output {
    let port = endpoints.site.rsplit(':').next().unwrap();
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["ledger", "--site-port", port])
        .args(options)
        .env_clear()
        .output()
        .unwrap()
}

/// All records of the verb.
fn records(endpoints: &Endpoints) -> Vec<Value> {
    let output = ledger(endpoints, &["--json"]);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// The records, once there are so many.
async fn records_once(endpoints: &Endpoints, count: usize) -> Vec<Value> {
    found("the records", async || {
        let records = records(endpoints);
        (records.len() >= count).then_some(records)
    })
    .await
}

/// The annotations of the Like service's segment of each trace, once all have arrived.
async fn annotations(endpoints: &Endpoints, ids: &[&String]) -> HashMap<String, Value> {
    let mut annotations = HashMap::new();
    let url = format!("{}/Traces", endpoints.xray.api);
    // X-Ray returns at most five traces at once.
    for ids in ids.chunks(5) {
        let request = json!({ "TraceIds": ids });
        let of_likes = found("the segments of the likes", async || {
            let answer = client().post(&url).json(&request).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            let traces = answer["Traces"].as_array().unwrap().iter();
            let segments = traces.flat_map(|trace| trace["Segments"].as_array().unwrap());
            let documents = segments.map(|it| it["Document"].as_str().unwrap());
            let documents = documents.map(|it| serde_json::from_str::<Value>(it).unwrap());
            let of_likes = documents.filter(|it| it["name"] == "like service");
            let of_likes: Vec<_> = of_likes.collect();
            (of_likes.len() == ids.len()).then_some(of_likes)
        })
        .await;
        for mut segment in of_likes {
            let id = segment["trace_id"].as_str().unwrap().to_owned();
            annotations.insert(id, segment["annotations"].take());
        }
    }
    annotations
}

/// The first faults of the task with this number, without the likes that have none.
fn faults(number: usize, count: usize) -> Vec<Value> {
    let seed = (SEED + number as u64).to_string();
    let variables = [("CHAOS_SEED", &*seed), BURN];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let env: Environment = variables.into_iter().map(owned).collect();
    let mut generator = FaultGenerator::new(&Config::read(&env).unwrap());
    let draws = std::iter::from_fn(|| Some(generator.draw()));
    let faults = draws.filter_map(|fault| match fault {
        Fault::Stress { cpu_ms } => Some(json!(["stress", {"cpu_ms": cpu_ms}])),
        Fault::NotFound => Some(json!(["not_found", {}])),
        Fault::None => None,
    });
    faults.take(count).collect()
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(ToString::to_string);
    values
}

/// Asserts that a record, the client and the trace say the same of a like.
fn assert_agreement(record: &Value, seen: &Seen, annotations: &Value) {
    assert_eq!(record["kind"], "request");
    assert_eq!(record["service"], "like-service");
    assert_eq!(record["status"], seen.status, "{record}");
    assert_eq!(record["mechanism"], annotations["chaos_fault"], "{record}");
    let cpu_ms = &record["parameters"]["cpu_ms"];
    assert_eq!(*cpu_ms, annotations["chaos_cpu_ms"], "{record}");
    let milliseconds = record["milliseconds"].as_f64().unwrap();
    assert!(milliseconds <= seen.milliseconds, "{record} {seen:?}");
    assert!(milliseconds >= cpu_ms.as_f64().unwrap_or(0.0), "{record}");
    let time = record["time"].as_f64().unwrap();
    // A record has the whole milliseconds of its time.
    let arrival = seen.time - 0.002..=seen.time + seen.milliseconds / 1000.0 + 0.001;
    assert!(arrival.contains(&time), "{record} {seen:?}");
    let expected = match record["mechanism"].as_str().unwrap() {
        "not_found" => 404,
        _ => 200,
    };
    assert_eq!(seen.status, expected, "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ledger_clients_and_traces_agree_on_each_of_a_thousand_likes() {
    let variables = [
        &[BURN, ("OTEL_TRACES_SAMPLER", "parentbased_always_on")],
        PATIENT,
    ]
    .concat();
    let lab = Lab::start_with(&variables, &["--seed", &SEED.to_string()]);
    let endpoints = lab.endpoints();
    let proxy = Proxy::start(&endpoints.alb).await;
    let left = Arc::new(Mutex::new(LIKES));
    let clients = (0..CLIENTS).map(|_| {
        let (left, url) = (Arc::clone(&left), proxy.url.clone());
        tokio::spawn(async move {
            let client = client();
            let takes_one = || {
                let mut left = left.lock().unwrap();
                let is_left = *left > 0;
                *left -= usize::from(is_left);
                is_left
            };
            while takes_one() {
                like(&client, &url).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let seen = proxy.seen();
    assert_eq!(seen.len(), LIKES, "a trace id twice");
    let annotations = annotations(&endpoints, &seen.keys().collect::<Vec<_>>()).await;
    let has_fault = |id: &&String| annotations[*id]["chaos_fault"] != "none";
    let with_fault = seen.keys().filter(has_fault).count();

    let records = records_once(&endpoints, with_fault).await;
    assert_eq!(records.len(), with_fault);
    let mut by_task = BTreeMap::<_, Vec<_>>::new();
    let mut by_trace = HashMap::new();
    for (number, record) in (1..).zip(&records) {
        assert_eq!(record["sequence"], number);
        let id = record["trace_id"].as_str().unwrap();
        assert_eq!(by_trace.insert(id, record), None, "{id} twice");
        assert_agreement(record, &seen[id], &annotations[id]);
        let fault = json!([record["mechanism"], record["parameters"]]);
        let task = record["task"].as_str().unwrap();
        by_task.entry(task).or_default().push(fault);
    }
    for (id, seen) in seen
        .iter()
        .filter(|(id, _)| !by_trace.contains_key(id.as_str()))
    {
        assert_eq!(
            (seen.status, &annotations[id]["chaos_fault"]),
            (200, &json!("none"))
        );
    }
    for (number, task) in endpoints.of("like-service").iter().enumerate() {
        let of_task = by_task.remove(&*task.id).unwrap();
        let expected = faults(number, of_task.len());
        assert_eq!(sorted(of_task), sorted(expected));
    }
    assert!(by_task.is_empty(), "{by_task:?}");
}

#[tokio::test]
async fn hidden_faults_are_in_the_ledger_until_a_reset() {
    let variables = [
        ("CHAOS_REVEAL", "off"),
        ("CHAOS_STRESS_PERCENT", "0"),
        ("CHAOS_NOT_FOUND_PERCENT", "100"),
    ];
    let lab = Lab::start_with(&variables, &["--like-tasks", "1"]);
    let endpoints = lab.endpoints();
    assert!(records(&endpoints).is_empty());
    for _ in 0..3 {
        assert_eq!(like(&client(), &endpoints.alb).await, 404);
    }
    records_once(&endpoints, 3).await;
    let output = ledger(&endpoints, &["--after", "1"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let task = &endpoints.of("like-service")[0].id[..8];
    assert_eq!(text.lines().count(), 2, "{text}");
    for line in text.lines() {
        let columns: Vec<_> = line.split_whitespace().collect();
        let source = format!("like-service/{task}");
        assert_eq!(columns[1..5], [&*source, "not_found", "-", "404"]);
    }
    let url = format!("{}/lab/ledger", endpoints.site);
    let page: Value = serde_json::from_str(&get(&format!("{url}?after=1&limit=1")).await).unwrap();
    assert_eq!(page["records"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&page["records"][0]["sequence"], &page["dropped"]),
        (&json!(2), &json!(0))
    );
    for query in ["after=x", "after=-1", "limit=10001", "before=1"] {
        let answer = client().get(format!("{url}?{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
    }
    let reset = client()
        .post(format!("{}/lab/reset", endpoints.site))
        .send();
    assert_eq!(reset.await.unwrap().status(), 200);
    assert!(records(&endpoints).is_empty());
}

#[tokio::test]
async fn a_like_whose_client_resets_its_connection_is_a_record_without_a_status() {
    let variables = [
        ("CHAOS_STRESS_PERCENT", "100"),
        ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ("CHAOS_STRESS_CPU_MS", "3000-3000"),
    ];
    let lab = Lab::start_with(&variables, &["--like-tasks", "1", "--loglevel", "DEBUG"]);
    let endpoints = lab.endpoints();
    let task = endpoints.of("like-service")[0];
    let address = task.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("POST /mysfits/{MYSFIT}/like HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let log = format!("{}/logs/like-service", endpoints.site);
    found("the fault in the log", async || {
        get(&log)
            .await
            .contains("stress function activated")
            .then_some(())
    })
    .await;
    reset_connection(stream);
    let records = records_once(&endpoints, 1).await;
    assert_eq!(records[0]["status"], Value::Null);
    assert_eq!(records[0]["parameters"], json!({"cpu_ms": 3000}));
    assert_eq!(records[0]["task"], *task.id);
}
