//! How fast the local X-Ray is, on one core: `cargo bench -p xray`.
//!
//! The population is 100,000 traces as a shop of three services makes them: four documents each, sent
//! apart, one in ten slow and one in ten a 404. Memory for each of these traces is printed at the end.

#![expect(clippy::panic, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use serde_json::{Value, json};
use xray::{Config, Limits, Xray};

const TRACES: u32 = 100_000;
const START: u32 = 1_800_000_000;

/// So many begin each second: all of them in less than six hours, the longest range that is answered.
const TRACES_PER_SECOND: u32 = 5;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    intake(&mut criterion);
    questions(&mut criterion);
    criterion.final_summary();
}

fn intake(criterion: &mut Criterion) {
    let documents: Vec<String> = (0..2_500).flat_map(documents).collect();
    let mut group = criterion.benchmark_group("intake");
    group.throughput(Throughput::Elements(documents.len() as u64));
    // Until they can be found: taken, kept, and put together.
    group.bench_function("10,000 documents", |bencher| {
        bencher.iter_batched(
            || Xray::new(Config::default()),
            |xray| {
                for document in &documents {
                    assert!(xray.put(document).is_empty());
                }
                ask(&xray, "/ServiceGraph", &range());
                xray
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn questions(criterion: &mut Criterion) {
    let before = resident();
    let xray = Xray::new(Config {
        limits: Limits {
            bytes: usize::MAX,
            ..Limits::default()
        },
        ..Config::default()
    });
    let mut bytes = 0;
    for number in 0..TRACES {
        for document in documents(number) {
            bytes += document.len();
            assert!(xray.put(&document).is_empty());
        }
    }
    ask(&xray, "/ServiceGraph", &range());
    let each = |bytes: usize| bytes / TRACES as usize;
    let held = each(resident().saturating_sub(before));
    println!(
        "memory for each trace: {held} bytes, of them documents {}",
        each(bytes)
    );

    let mut group = criterion.benchmark_group("100,000 traces");
    group.measurement_time(Duration::from_secs(10));
    for (name, filter) in [
        (
            "filter: workshop, 500 found",
            r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#,
        ),
        (
            "filter: workshop, none found",
            r#"service("like service") { responsetime > 100 OR fault } AND http.method = "POST""#,
        ),
        ("filter: annotation", r#"annotation.mysfit = "nobody""#),
        (
            "filter: edge",
            r#"edge("like service", "monolith") { responsetime > 100 }"#,
        ),
        (
            "filter: root cause",
            r#"rootcause.fault.entity { name = "nobody" }"#,
        ),
    ] {
        let mut request = range();
        request["FilterExpression"] = json!(filter);
        group.bench_function(name, |bencher| {
            // The first page; of a filter that finds nothing, that is all of them.
            bencher.iter(|| black_box(ask(&xray, "/TraceSummaries", &request)));
        });
    }
    group.bench_function("service graph", |bencher| {
        bencher.iter(|| ask(&xray, "/ServiceGraph", &range()));
    });
    group.finish();
}

fn range() -> Value {
    json!({ "StartTime": START, "EndTime": START + TRACES / TRACES_PER_SECOND })
}

fn ask(xray: &Xray, path: &str, request: &Value) -> Value {
    let answer = xray.answer(path, request.to_string().as_bytes());
    answer.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of one like, in the order that an exporter sends them.
fn documents(number: u32) -> Vec<String> {
    let second = START + number / TRACES_PER_SECOND;
    let trace = format!("1-{second:08x}-{number:024x}");
    let id = |part: u32| format!("{part:08x}{number:08x}");
    let start = f64::from(second);
    let took = if number.is_multiple_of(10) { 1.5 } else { 0.05 };
    let status = if number % 10 == 1 { 404 } else { 200 };
    let http = |url: &str, status: u32| {
        json!({
            "request": {
                "method": "POST", "url": url, "client_ip": "127.0.0.1",
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            },
            "response": { "status": status, "content_length": 24 },
        })
    };
    let url = format!("http://127.0.0.1:8080/mysfits/{:04}/like", number % 12);
    let documents = [
        json!({
            "type": "subsegment", "trace_id": trace, "id": id(4), "parent_id": id(3), "name": "DynamoDB",
            "namespace": "aws", "start_time": start + 0.003, "end_time": start + 0.004,
            "http": { "response": { "status": 200 } },
            "aws": { "operation": "UpdateItem", "table_name": "MysfitsTable", "region": "us-east-1" },
        }),
        json!({
            "trace_id": trace, "id": id(3), "parent_id": id(2), "name": "monolith",
            "start_time": start + 0.002, "end_time": start + 0.005, "http": http(&url, 200),
            "aws": { "xray": { "sdk": "opentelemetry", "auto_instrumentation": false } },
            "annotations": { "http_route": "/mysfits/{id}/fulfill-like" },
        }),
        json!({
            "type": "subsegment", "trace_id": trace, "id": id(2), "parent_id": id(1), "name": "monolith",
            "namespace": "remote", "start_time": start + 0.001, "end_time": start + 0.006, "http": http(&url, 200),
        }),
        json!({
            "trace_id": trace, "id": id(1), "name": "like service", "error": status == 404,
            "start_time": start, "end_time": start + took, "http": http(&url, status),
            "aws": { "xray": { "sdk": "opentelemetry", "auto_instrumentation": false } },
            "annotations": { "http_route": "/mysfits/{id}/like", "mysfit": format!("mysfit {}", number % 12) },
        }),
    ];
    documents.iter().map(Value::to_string).collect()
}

/// Memory of this process in bytes; 0 where it cannot be told.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kib.unwrap_or_default() * 1024
}
