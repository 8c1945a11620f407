//! Tests that the option `--max-mib` limits the memory of the program for every kind of document.

use std::fs;

use serde_json::{Value, json};

use crate::local_xray::{Merge, segment, subsegment};
use crate::server::Process;

const MIB: usize = 1024 * 1024;

/// Value of the option `--max-mib`: the memory limit of the program in MiB.
const MAX_MIB: usize = 32;

/// The maximum resident memory of the program. docs/xray.md states the maximum resident memory for every kind
/// of document.
const MAX_RESIDENT_BYTES: usize = 2 * MAX_MIB * MIB + 64 * MIB;

/// A placeholder in the text of a document. [`send_documents`] replaces the placeholder by the number of the
/// document.
const NUMBER_PLACEHOLDER: &str = "NUMBER";

/// Peak resident memory of the program in bytes.
fn peak_memory(process: &Process) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", process.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: usize = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

/// Returns the tested kinds of documents. For each kind, the list contains a description, the number of MiB
/// to send, and the text of the document. Each document that is sent belongs to a different trace.
fn document_kinds() -> [(&'static str, usize, Value); 7] {
    let shop = || segment(1, "shop", 0, 1);
    let text = format!("{NUMBER_PLACEHOLDER} {}", "x".repeat(20_000));
    let annotations = (0..50).map(|key| {
        (
            format!("k{key}"),
            format!("{NUMBER_PLACEHOLDER} {key}").into(),
        )
    });
    let parts = (0..300).map(|part| {
        json!({ "id": format!("{part:016x}"), "name": "p", "start_time": 1, "end_time": 2, "namespace": "aws" })
    });
    let exceptions = (0..2_000).map(|exception| json!({ "type": exception.to_string() }));
    [
        ("a small segment", 8, segment(1, "s", 0, 1)),
        (
            "a small call",
            8,
            subsegment(2, 1, NUMBER_PLACEHOLDER, 0, 1).merge(json!({ "namespace": "remote" })),
        ),
        (
            "metadata that fills a document",
            100,
            shop().merge(json!({ "metadata": { "default": { "x": "x".repeat(60_000) } } })),
        ),
        (
            "long texts",
            100,
            shop().merge(
                json!({ "user": text, "http": { "request": { "url": text, "user_agent": text } } }),
            ),
        ),
        (
            "annotations",
            12,
            shop().merge(json!({ "annotations": Value::Object(annotations.collect()) })),
        ),
        (
            "embedded calls",
            16,
            segment(1_000, "shop", 0, 1).merge(json!({ "subsegments": parts.collect::<Value>() })),
        ),
        (
            "exceptions",
            16,
            shop().merge(json!({ "cause": { "exceptions": exceptions.collect::<Value>() } })),
        ),
    ]
}

/// Sends documents of one kind in requests of 50 documents. The function formats the requests without a JSON
/// library, because a JSON library would be slower than the program under test.
fn send_documents(process: &Process, bytes: usize, document: &Value) {
    let document = document.to_string().replace('"', "\\\"");
    let (text_before_id, text_after_id) = document.split_once("000000000000000000000001").unwrap();
    let parts_after_id: Vec<_> = text_after_id.split(NUMBER_PLACEHOLDER).collect();
    for first in (0..bytes / document.len()).step_by(50) {
        let documents: Vec<_> = (first..first + 50)
            .map(|number| {
                let text_after_id = parts_after_id.join(&format!("n{number}"));
                format!("\"{text_before_id}{number:024x}{text_after_id}\"")
            })
            .collect();
        let body = format!("{{\"TraceSegmentDocuments\":[{}]}}", documents.join(","));
        let (status, _, response) = process.request("POST", "/TraceSegments", &body);
        assert_eq!(status, 200, "{response}");
        assert_eq!(response["UnprocessedTraceSegments"], json!([]));
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
fn resident_memory_stays_within_the_documented_bound() {
    let max_mib = MAX_MIB.to_string();
    let process = Process::start(&["--max-mib", &max_mib, "--max-traces", "100000000"]);
    for (kind, mib, document) in document_kinds() {
        send_documents(&process, mib * MIB, &document);
        let status = process.status();
        let trace_memory = status["MemoryBytes"].as_u64().unwrap() as usize;
        let peak_bytes = peak_memory(&process);
        println!(
            "{kind}: {} MiB of traces, {} MiB at the peak",
            trace_memory / MIB,
            peak_bytes / MIB
        );
        assert!(
            peak_bytes <= MAX_RESIDENT_BYTES,
            "{kind}: {} MiB; {status}",
            peak_bytes / MIB
        );
        // The stored traces use between a quarter and a half of the memory limit.
        assert!(trace_memory <= MAX_MIB * MIB / 2, "{kind}: {status}");
        assert!(trace_memory >= MAX_MIB * MIB / 4, "{kind}: {status}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
async fn a_request_with_a_million_spans_without_ids_takes_little_memory() {
    const SPAN_COUNT: usize = 1 << 20;
    // Encodes a protobuf field that contains a message: the tag, the length as a varint of four bytes, and
    // the content.
    let message_field = |tag: u8, content: Vec<u8>| {
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
    let protobuf = message_field(1, message_field(2, [2 << 3 | 2, 0].repeat(SPAN_COUNT)));
    let spans = vec!["{}"; SPAN_COUNT].join(",");
    let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    for (content_type, body) in [
        ("application/x-protobuf", protobuf),
        ("application/json", json.into_bytes()),
    ] {
        let process = Process::start(&[]);
        let request = reqwest::Client::new()
            .post(format!("http://{}/v1/traces", process.otlp_address))
            .header("content-type", content_type)
            .body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.text().await.unwrap();
        assert!(body.contains("traceId is not 16 bytes"), "{body}");
        let peak_mib = peak_memory(&process) / MIB;
        assert!(peak_mib <= 128, "{content_type}: {peak_mib} MiB");
    }
}
