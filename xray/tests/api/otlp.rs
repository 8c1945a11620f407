//! OTLP: the protocol on the wire.

mod translation;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use reqwest::Client;
use serde_json::{Value, json};

use crate::local_xray::{START, longest_range};
use crate::server::Process;

const TRACE: &str = "6b00e000bd862e3fe1be46a994272793";
const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

fn attributes(pairs: &Value) -> Value {
    let value = |value: &Value| match value {
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::Array(values) => {
            let values: Value = values
                .iter()
                .map(|value| json!({ "stringValue": value }))
                .collect();
            json!({ "arrayValue": { "values": values } })
        }
        text => json!({ "stringValue": text }),
    };
    let pairs = pairs.as_object().unwrap().iter();
    pairs
        .map(|(key, found)| json!({ "key": key, "value": value(found) }))
        .collect()
}

/// A request with one span.
fn request(kind: i32, resource: &Value, span: &Value) -> Value {
    let nanos = u64::from(START) * 1_000_000_000;
    let mut whole = json!({
        "traceId": TRACE, "spanId": "53995c3f42cd8ad8", "name": "GET /things", "kind": kind,
        "startTimeUnixNano": nanos.to_string(), "endTimeUnixNano": (nanos + 250_000_000).to_string(),
    });
    for (key, value) in span.as_object().unwrap() {
        whole[key] = if key == "attributes" {
            attributes(value)
        } else {
            value.clone()
        };
    }
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(resource) },
        "scopeSpans": [{ "spans": [whole] }],
    }]})
}

struct Collector {
    process: Process,
    http: Client,
}

impl Collector {
    fn start() -> Self {
        Self {
            process: Process::start(&[]),
            http: Client::new(),
        }
    }

    async fn post(&self, content_type: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        self.post_as(content_type, "identity", body).await
    }

    async fn post_as(&self, content_type: &str, encoding: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        self.post_to("/v1/traces", content_type, encoding, body)
            .await
    }

    async fn post_to(
        &self,
        path: &str,
        content_type: &str,
        encoding: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let url = format!("http://{}{path}", self.process.otlp_address);
        let request = self.http.post(url).header("content-type", content_type);
        let answer = request
            .header("content-encoding", encoding)
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.bytes().await.unwrap().to_vec())
    }

    async fn send(&self, request: &Value) {
        let (status, answer) = self
            .post("application/json", request.to_string().into())
            .await;
        assert_eq!((status, answer), (200, b"{}".to_vec()), "{request:#}");
    }

    /// The document that a span became; inferred ones are left out.
    async fn document(&self) -> Value {
        let mut documents = self.documents().await.into_iter();
        documents.find(|it| it["inferred"] != true).unwrap()
    }

    /// All documents of the trace.
    async fn documents(&self) -> Vec<Value> {
        let id = json!({ "TraceIds": [format!("1-{}-{}", &TRACE[..8], &TRACE[8..])] });
        let body = id.to_string();
        let answer = self.process.request("POST", "/Traces", &body).2;
        let documents = answer["Traces"][0]["Segments"].as_array().unwrap().iter();
        documents
            .map(|it| serde_json::from_str(it["Document"].as_str().unwrap()).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn metrics_and_logs_are_answered_with_what_to_do_instead() {
    let collector = Collector::start();
    for path in ["/v1/metrics", "/v1/logs", "/", "/v1/trace"] {
        let (status, answer) = collector
            .post_to(path, "application/json", "identity", b"{}".to_vec())
            .await;
        // Exporters send again what is answered with 5xx, and not with 404.
        assert_eq!(status, 404, "{path}");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let message = answer["message"].as_str().unwrap();
        assert_eq!(answer["code"], 12);
        for said in [
            path,
            "POST /v1/traces",
            "OTEL_METRICS_EXPORTER=none",
            "OTEL_LOGS_EXPORTER=none",
        ] {
            assert!(message.contains(said), "{path}: {message}");
        }
    }
    let (status, answer) = collector
        .post_to(
            "/v1/metrics",
            "application/x-protobuf",
            "gzip",
            vec![1, 2, 3],
        )
        .await;
    assert_eq!(status, 404);
    assert!(String::from_utf8_lossy(&answer).contains("OTEL_METRICS_EXPORTER=none"));
}

#[tokio::test]
async fn a_wrong_span_is_rejected_alone_in_either_encoding() {
    let collector = Collector::start();
    let good = request(SERVER, &json!({ "service.name": "shop" }), &json!({}));
    let span = &good["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    let mut mixed = good.clone();
    let spans = mixed.pointer_mut("/resourceSpans/0/scopeSpans/0/spans");
    let spans = spans.unwrap().as_array_mut().unwrap();
    for wrong in [
        json!({ "traceId": "00" }),
        json!({ "spanId": "0000000000000000" }),
        json!({ "parentSpanId": "1234" }),
        json!({ "kind": "SPAN_KIND_SERVER" }),
        json!({ "startTimeUnixNano": "yesterday" }),
        json!({ "attributes": [{ "key": "a", "value": { "intValue": 1, "boolValue": true } }] }),
    ] {
        let mut span = span.clone();
        for (key, value) in wrong.as_object().unwrap() {
            span[key] = value.clone();
        }
        spans.insert(0, span);
    }
    let (status, answer) = collector
        .post("application/json; charset=utf-8", mixed.to_string().into())
        .await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        (status, &answer["partialSuccess"]["rejectedSpans"]),
        (200, &json!("6"))
    );
    assert_eq!(
        answer["partialSuccess"]["errorMessage"],
        "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value: boolValue and intValue exclude each other",
    );
    assert_eq!(collector.document().await["name"], "shop");

    let collector = Collector::start();
    let nanos = u64::from(START) * 1_000_000_000;
    let span = |id: &[u8]| Span {
        trace_id: trace_id(),
        span_id: id.to_vec(),
        name: "GET /things".to_owned(),
        kind: SERVER,
        start_time_unix_nano: nanos,
        end_time_unix_nano: nanos + 1,
        ..Span::default()
    };
    let message = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span(&[1]), span(&[1; 8])],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let body = message.encode_to_vec();
    let packed = |part: &[u8]| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(part).unwrap();
        packed.finish().unwrap()
    };
    // A body may have several members of gzip.
    let (start, end) = body.split_at(body.len() / 2);
    let two = [packed(start), packed(end)].concat();
    for (encoding, body) in [
        ("identity", body.clone()),
        ("gzip", packed(&body)),
        ("gzip", two),
    ] {
        let (status, answer) = collector
            .post_as("application/x-protobuf", encoding, body)
            .await;
        assert_eq!(status, 200);
        let answer = ExportTraceServiceResponse::decode(&*answer).unwrap();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_spans, 1);
        assert_eq!(
            partial.error_message,
            "span \"GET /things\": spanId is not 8 bytes, or all of them are zero"
        );
    }
    assert_eq!(collector.document().await["name"], "GET /things");
    let graph = collector
        .process
        .request("POST", "/ServiceGraph", &longest_range().to_string())
        .2;
    assert_eq!(graph["Services"][1]["SummaryStatistics"]["TotalCount"], 1);
}

/// `TRACE` in bytes.
fn trace_id() -> Vec<u8> {
    u128::from_str_radix(TRACE, 16)
        .unwrap()
        .to_be_bytes()
        .to_vec()
}

#[tokio::test]
async fn a_span_that_protobuf_cannot_decode_is_rejected_alone() {
    let field = |tag: u8, value: &[u8]| {
        let mut field = vec![tag << 3 | 2];
        prost::encoding::encode_varint(value.len() as u64, &mut field);
        [&field, value].concat()
    };
    let good = [
        field(1, &trace_id()),
        field(2, &[1; 8]),
        field(5, b"GET /things"),
    ]
    .concat();
    let not_utf8 = field(5, b"\xff");
    let mut nested = Vec::new();
    for _ in 0..100 {
        nested = field(5, &field(1, &nested));
    }
    let nested = field(9, &field(2, &nested));
    let collector = Collector::start();
    let resource = field(1, &field(1, &field(1, b"shop")));
    let spans = [field(2, &not_utf8), field(2, &good), field(2, &nested)].concat();
    let wrong_resource = field(1, &field(1, &field(1, b"\xff")));
    let body = [
        field(1, &[resource, field(2, &spans)].concat()),
        field(1, &[field(2, &field(2, &good)), wrong_resource].concat()),
    ]
    .concat();
    let (status, answer) = collector
        .post_as("application/x-protobuf", "identity", body)
        .await;
    assert_eq!(status, 200);
    let answer = ExportTraceServiceResponse::decode(&*answer).unwrap();
    let partial = answer.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 3);
    let message = partial.error_message;
    let place = "resourceSpans[0].scopeSpans[0].spans[0]: ";
    assert!(message.starts_with(place), "{message}");
    assert_eq!(collector.document().await["name"], "GET /things");
}

#[tokio::test]
async fn a_body_that_is_not_otlp_is_refused() {
    let collector = Collector::start();
    for (content_type, encoding, body, wanted) in [
        ("application/json", "identity", &b"{"[..], 400),
        ("application/x-protobuf", "identity", b"\xff\xff", 400),
        ("application/json", "gzip", b"not packed", 400),
        ("text/plain", "identity", b"{}", 415),
        ("application/json", "zstd", b"{}", 415),
        (
            "Application/JSON; charset=utf-8",
            "GZIP",
            b"not packed",
            400,
        ),
    ] {
        let (status, answer) = collector
            .post_as(content_type, encoding, body.to_vec())
            .await;
        assert_eq!(status, wanted, "{content_type} {encoding}");
        assert!(!answer.is_empty());
    }
    // Unpacked, this would fill the memory.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    }
    let (status, answer) = collector
        .post_as("application/json", "gzip", bomb.finish().unwrap())
        .await;
    assert_eq!(status, 400);
    assert!(String::from_utf8_lossy(&answer).contains("16 MiB"));
}
