//! `--max-mib` bounds the memory of the program, whatever the documents look like.

use std::fs;

use serde_json::{Value, json};

use crate::server::Process;
use crate::world::{With, segment, subsegment};

const MIB: usize = 1024 * 1024;

/// The option's value.
const MAX_MIB: usize = 32;

/// What docs/xray.md promises for any documents.
const BOUND: usize = 2 * MAX_MIB * MIB + 64 * MIB;

/// Stands in a kind's document where each one differs.
const NUMBER: &str = "NUMBER";

/// The most memory that the program has taken so far, in bytes.
fn peak(process: &Process) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: usize = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

/// Kinds of documents, each of a trace of its own, and how many MiB of each are sent.
fn kinds() -> [(&'static str, usize, Value); 7] {
    let shop = || segment(1, "shop", 0, 1);
    let text = format!("{NUMBER} {}", "x".repeat(20_000));
    let annotations = (0..50).map(|key| (format!("k{key}"), format!("{NUMBER} {key}").into()));
    let parts = (0..300).map(|part| {
        json!({ "id": format!("{part:016x}"), "name": "p", "start_time": 1, "end_time": 2, "namespace": "aws" })
    });
    let exceptions = (0..2_000).map(|exception| json!({ "type": exception.to_string() }));
    [
        ("a small segment", 8, segment(1, "s", 0, 1)),
        (
            "a small call",
            8,
            subsegment(2, 1, NUMBER, 0, 1).with(json!({ "namespace": "remote" })),
        ),
        (
            "metadata that fills a document",
            100,
            shop().with(json!({ "metadata": { "default": { "x": "x".repeat(60_000) } } })),
        ),
        (
            "long texts",
            100,
            shop().with(
                json!({ "user": text, "http": { "request": { "url": text, "user_agent": text } } }),
            ),
        ),
        (
            "annotations",
            12,
            shop().with(json!({ "annotations": Value::Object(annotations.collect()) })),
        ),
        (
            "embedded calls",
            16,
            segment(1_000, "shop", 0, 1).with(json!({ "subsegments": parts.collect::<Value>() })),
        ),
        (
            "exceptions",
            16,
            shop().with(json!({ "cause": { "exceptions": exceptions.collect::<Value>() } })),
        ),
    ]
}

/// Sends documents of one kind, 50 at a time. They are written without a JSON library, which would take longer than
/// the program under test.
fn send(process: &Process, bytes: usize, document: &Value) {
    let document = document.to_string().replace('"', "\\\"");
    let (before, after) = document.split_once("000000000000000000000001").unwrap();
    let after: Vec<_> = after.split(NUMBER).collect();
    for first in (0..bytes / document.len()).step_by(50) {
        let documents: Vec<_> = (first..first + 50)
            .map(|number| {
                let rest = after.join(&format!("n{number}"));
                format!("\"{before}{number:024x}{rest}\"")
            })
            .collect();
        let body = format!("{{\"TraceSegmentDocuments\":[{}]}}", documents.join(","));
        let (status, _, answer) = process.ask("POST", "/TraceSegments", &body);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["UnprocessedTraceSegments"], json!([]));
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
fn resident_memory_stays_within_the_documented_bound() {
    let max = MAX_MIB.to_string();
    let process = Process::start(&["--max-mib", &max, "--max-traces", "100000000"]);
    for (kind, mib, document) in kinds() {
        send(&process, mib * MIB, &document);
        let status = process.status();
        let held = status["MemoryBytes"].as_u64().unwrap() as usize;
        let peak = peak(&process);
        println!(
            "{kind}: {} MiB held, {} MiB at the peak",
            held / MIB,
            peak / MIB
        );
        assert!(peak <= BOUND, "{kind}: {} MiB; {status}", peak / MIB);
        // Half of it is used by traces, neither more nor much less.
        assert!(held <= MAX_MIB * MIB / 2, "{kind}: {status}");
        assert!(held >= MAX_MIB * MIB / 4, "{kind}: {status}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
async fn spans_without_ids_take_little_memory_until_they_are_rejected() {
    const SPANS: usize = 1 << 20;
    // The messages around the spans: tag and length, which is a number of four bytes.
    let field = |tag: u8, content: Vec<u8>| {
        let length = content.len();
        let length = [0, 7, 14, 21].map(|shift| (length >> shift) as u8 | 0x80);
        let mut field = vec![
            tag << 3 | 2,
            length[0],
            length[1],
            length[2],
            length[3] & 0x7f,
        ];
        field.extend(content);
        field
    };
    let protobuf = field(1, field(2, [2 << 3 | 2, 0].repeat(SPANS)));
    let spans = vec!["{}"; SPANS].join(",");
    let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    for (content_type, body) in [
        ("application/x-protobuf", protobuf),
        ("application/json", json.into_bytes()),
    ] {
        let process = Process::start(&[]);
        let request = reqwest::Client::new()
            .post(format!("http://{}/v1/traces", process.otlp))
            .header("content-type", content_type)
            .body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(
            answer
                .text()
                .await
                .unwrap()
                .contains("traceId is not 16 bytes")
        );
        let peak = peak(&process) / MIB;
        assert!(peak <= 128, "{content_type}: {peak} MiB");
    }
}
