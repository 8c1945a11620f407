//! Benchmarks of the local X-Ray on one core: `cargo bench -p xray`.
//!
//! The store contains 100,000 traces of a shop with three services. Each trace has four documents that are received
//! separately. One trace in ten is slow, and one trace in ten has the status 404. The benchmark also prints the memory
//! per trace.

#![expect(clippy::panic, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use serde_json::{Value, json};
use xray::{Config, Limits, Xray};

const TRACE_COUNT: u32 = 100_000;

/// Start of the first trace in seconds since 1970.
const FIRST_START_SECONDS: u32 = 1_800_000_000;

/// All traces start within six hours, because six hours is the longest time range that X-Ray accepts.
const TRACES_PER_SECOND: u32 = 5;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    bench_intake(&mut criterion);
    bench_queries(&mut criterion);
    criterion.final_summary();
}

fn bench_intake(criterion: &mut Criterion) {
    let documents: Vec<String> = (0..2_500).flat_map(trace_documents).collect();
    let mut group = criterion.benchmark_group("intake");
    group.throughput(Throughput::Elements(documents.len() as u64));
    // The measured time includes the query for the service graph, because a query makes the store assemble
    // the traces.
    group.bench_function("10,000 documents", |bencher| {
        bencher.iter_batched(
            || Xray::new(Config::default()),
            |xray| {
                for document in &documents {
                    assert!(xray.put_document(document).is_empty());
                }
                run_query(&xray, "/ServiceGraph", &full_range());
                xray
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn bench_queries(criterion: &mut Criterion) {
    let resident_before = resident_bytes();
    let xray = Xray::new(Config {
        limits: Limits {
            bytes: usize::MAX,
            ..Limits::default()
        },
        ..Config::default()
    });
    let mut document_bytes = 0;
    for number in 0..TRACE_COUNT {
        for document in trace_documents(number) {
            document_bytes += document.len();
            assert!(xray.put_document(&document).is_empty());
        }
    }
    run_query(&xray, "/ServiceGraph", &full_range());
    let resident_growth = resident_bytes().saturating_sub(resident_before);
    let per_trace = |bytes: usize| bytes / TRACE_COUNT as usize;
    println!(
        "memory per trace: {} bytes, including {} bytes of documents",
        per_trace(resident_growth),
        per_trace(document_bytes)
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
        let mut request = full_range();
        request["FilterExpression"] = json!(filter);
        group.bench_function(name, |bencher| {
            // The measured query returns only the first page of summaries. If no trace matches the filter,
            // the query evaluates the filter for all traces.
            bencher.iter(|| black_box(run_query(&xray, "/TraceSummaries", &request)));
        });
    }
    group.bench_function("service graph", |bencher| {
        bencher.iter(|| run_query(&xray, "/ServiceGraph", &full_range()));
    });
    group.finish();
}

/// The time range of all traces.
fn full_range() -> Value {
    json!({
        "StartTime": FIRST_START_SECONDS,
        "EndTime": FIRST_START_SECONDS + TRACE_COUNT / TRACES_PER_SECOND,
    })
}

fn run_query(xray: &Xray, path: &str, request: &Value) -> Value {
    let response = xray.call_operation(path, request.to_string().as_bytes());
    response.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the documents of the trace of one like, in the order in which an exporter sends the documents.
fn trace_documents(number: u32) -> Vec<String> {
    let second = FIRST_START_SECONDS + number / TRACES_PER_SECOND;
    let trace_id = format!("1-{second:08x}-{number:024x}");
    let segment_id = |index: u32| format!("{index:08x}{number:08x}");
    let start = f64::from(second);
    let duration = if number.is_multiple_of(10) { 1.5 } else { 0.05 };
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
            "type": "subsegment", "trace_id": trace_id, "id": segment_id(4), "parent_id": segment_id(3), "name": "DynamoDB",
            "namespace": "aws", "start_time": start + 0.003, "end_time": start + 0.004,
            "http": { "response": { "status": 200 } },
            "aws": { "operation": "UpdateItem", "table_name": "MysfitsTable", "region": "us-east-1" },
        }),
        json!({
            "trace_id": trace_id, "id": segment_id(3), "parent_id": segment_id(2), "name": "monolith",
            "start_time": start + 0.002, "end_time": start + 0.005, "http": http(&url, 200),
            "aws": { "xray": { "sdk": "opentelemetry", "auto_instrumentation": false } },
            "annotations": { "http_route": "/mysfits/{id}/fulfill-like" },
        }),
        json!({
            "type": "subsegment", "trace_id": trace_id, "id": segment_id(2), "parent_id": segment_id(1), "name": "monolith",
            "namespace": "remote", "start_time": start + 0.001, "end_time": start + 0.006, "http": http(&url, 200),
        }),
        json!({
            "trace_id": trace_id, "id": segment_id(1), "name": "like service", "error": status == 404,
            "start_time": start, "end_time": start + duration, "http": http(&url, status),
            "aws": { "xray": { "sdk": "opentelemetry", "auto_instrumentation": false } },
            "annotations": { "http_route": "/mysfits/{id}/like", "mysfit": format!("mysfit {}", number % 12) },
        }),
    ];
    documents.iter().map(Value::to_string).collect()
}

/// Returns the resident memory of the benchmark process in bytes. Returns zero on systems without `/proc`.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kib.unwrap_or_default() * 1024
}
