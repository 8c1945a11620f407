//! Tests of OTLP over HTTP: requests to the program `xray`, and the responses of the program.

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

/// The trace id of all spans, in hexadecimal digits.
const TRACE_ID: &str = "6b00e000bd862e3fe1be46a994272793";
// The numbers of the span kinds in OTLP.
const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// The OTLP/JSON encoding of attributes.
fn to_key_values(attributes: &Value) -> Value {
    let to_any_value = |value: &Value| match value {
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
    let attributes = attributes.as_object().unwrap().iter();
    attributes
        .map(|(key, value)| json!({ "key": key, "value": to_any_value(value) }))
        .collect()
}

/// Builds a request with one span that has the given fields.
fn build_request(kind: i32, resource: &Value, fields: &Value) -> Value {
    let start_nanos = u64::from(START) * 1_000_000_000;
    let mut span = json!({
        "traceId": TRACE_ID, "spanId": "53995c3f42cd8ad8", "name": "GET /things", "kind": kind,
        "startTimeUnixNano": start_nanos.to_string(),
        "endTimeUnixNano": (start_nanos + 250_000_000).to_string(),
    });
    for (key, value) in fields.as_object().unwrap() {
        span[key] = if key == "attributes" {
            to_key_values(value)
        } else {
            value.clone()
        };
    }
    json!({ "resourceSpans": [{
        "resource": { "attributes": to_key_values(resource) },
        "scopeSpans": [{ "spans": [span] }],
    }]})
}

/// A process of the program `xray`, and an HTTP client for requests to the program.
struct OtlpClient {
    process: Process,
    http: Client,
}

impl OtlpClient {
    fn start() -> Self {
        Self {
            process: Process::start(&[]),
            http: Client::new(),
        }
    }

    /// Sends a request without compression, and returns the status and the body of the response.
    async fn post(&self, content_type: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        self.post_encoded(content_type, "identity", body).await
    }

    async fn post_encoded(
        &self,
        content_type: &str,
        content_encoding: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        self.post_to_path("/v1/traces", content_type, content_encoding, body)
            .await
    }

    async fn post_to_path(
        &self,
        path: &str,
        content_type: &str,
        content_encoding: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let url = format!("http://{}{path}", self.process.otlp_address);
        let request = self.http.post(url).header("content-type", content_type);
        let response = request
            .header("content-encoding", content_encoding)
            .body(body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.bytes().await.unwrap().to_vec())
    }

    /// Sends a request, and asserts that no span is rejected.
    async fn send_accepted(&self, request: &Value) {
        let (status, response) = self
            .post("application/json", request.to_string().into())
            .await;
        assert_eq!((status, response), (200, b"{}".to_vec()), "{request:#}");
    }

    /// Returns the first document of the trace. The function ignores inferred segments.
    async fn reported_document(&self) -> Value {
        let mut documents = self.trace_documents().await.into_iter();
        documents
            .find(|document| document["inferred"] != true)
            .unwrap()
    }

    /// Returns all documents of the trace, including inferred segments.
    async fn trace_documents(&self) -> Vec<Value> {
        let request = json!({ "TraceIds": [format!("1-{}-{}", &TRACE_ID[..8], &TRACE_ID[8..])] });
        let body = request.to_string();
        let response = self.process.request("POST", "/Traces", &body).2;
        let segments = response["Traces"][0]["Segments"].as_array().unwrap().iter();
        segments
            .map(|segment| serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn a_path_other_than_traces_is_404_and_the_response_says_how_to_send_metrics_and_logs() {
    let client = OtlpClient::start();
    for path in ["/v1/metrics", "/v1/logs", "/", "/v1/trace"] {
        let (status, response) = client
            .post_to_path(path, "application/json", "identity", b"{}".to_vec())
            .await;
        // Exporters repeat a request after a 5xx status, and do not repeat a request after a 404.
        assert_eq!(status, 404, "{path}");
        let response: Value = serde_json::from_slice(&response).unwrap();
        let message = response["message"].as_str().unwrap();
        assert_eq!(response["code"], 12);
        for expected in [
            path,
            "POST /v1/traces",
            "OTEL_METRICS_EXPORTER=none",
            "OTEL_LOGS_EXPORTER=none",
        ] {
            assert!(message.contains(expected), "{path}: {message}");
        }
    }
    let (status, response) = client
        .post_to_path(
            "/v1/metrics",
            "application/x-protobuf",
            "gzip",
            vec![1, 2, 3],
        )
        .await;
    assert_eq!(status, 404);
    assert!(String::from_utf8_lossy(&response).contains("OTEL_METRICS_EXPORTER=none"));
}

#[tokio::test]
async fn an_invalid_span_in_json_does_not_reject_the_other_spans() {
    let client = OtlpClient::start();
    let mut request = build_request(SERVER, &json!({ "service.name": "shop" }), &json!({}));
    let spans = request.pointer_mut("/resourceSpans/0/scopeSpans/0/spans");
    let spans = spans.unwrap().as_array_mut().unwrap();
    let valid_span = spans[0].clone();
    for invalid_fields in [
        json!({ "traceId": "00" }),
        json!({ "spanId": "0000000000000000" }),
        json!({ "parentSpanId": "1234" }),
        json!({ "kind": "SPAN_KIND_SERVER" }),
        json!({ "startTimeUnixNano": "yesterday" }),
        json!({ "attributes": [{ "key": "a", "value": { "intValue": 1, "boolValue": true } }] }),
    ] {
        let mut span = valid_span.clone();
        for (key, value) in invalid_fields.as_object().unwrap() {
            span[key] = value.clone();
        }
        spans.insert(0, span);
    }
    let (status, response) = client
        .post(
            "application/json; charset=utf-8",
            request.to_string().into(),
        )
        .await;
    let response: Value = serde_json::from_slice(&response).unwrap();
    assert_eq!(
        (status, &response["partialSuccess"]["rejectedSpans"]),
        (200, &json!("6"))
    );
    assert_eq!(
        response["partialSuccess"]["errorMessage"],
        "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value: boolValue and intValue exclude each other",
    );
    assert_eq!(client.reported_document().await["name"], "shop");
}

#[tokio::test]
async fn an_invalid_span_in_protobuf_does_not_reject_the_other_spans_with_or_without_gzip() {
    let client = OtlpClient::start();
    let start_nanos = u64::from(START) * 1_000_000_000;
    let span_with_id = |span_id: &[u8]| Span {
        trace_id: trace_id_bytes(),
        span_id: span_id.to_vec(),
        name: "GET /things".to_owned(),
        kind: SERVER,
        start_time_unix_nano: start_nanos,
        end_time_unix_nano: start_nanos + 1,
        ..Span::default()
    };
    let message = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span_with_id(&[1]), span_with_id(&[1; 8])],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let body = message.encode_to_vec();
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    // RFC 1952 permits several gzip members in one body.
    let (first_half, second_half) = body.split_at(body.len() / 2);
    let two_members = [gzip(first_half), gzip(second_half)].concat();
    for (content_encoding, body) in [
        ("identity", body.clone()),
        ("gzip", gzip(&body)),
        ("gzip", two_members),
    ] {
        let (status, response) = client
            .post_encoded("application/x-protobuf", content_encoding, body)
            .await;
        assert_eq!(status, 200);
        let response = ExportTraceServiceResponse::decode(&*response).unwrap();
        let partial_success = response.partial_success.unwrap();
        assert_eq!(partial_success.rejected_spans, 1);
        assert_eq!(
            partial_success.error_message,
            "span \"GET /things\": spanId is not 8 bytes, or all of them are zero"
        );
    }
    assert_eq!(client.reported_document().await["name"], "GET /things");
    let graph = client
        .process
        .request("POST", "/ServiceGraph", &longest_range().to_string())
        .2;
    assert_eq!(graph["Services"][1]["SummaryStatistics"]["TotalCount"], 1);
}

/// [`TRACE_ID`] as bytes.
fn trace_id_bytes() -> Vec<u8> {
    u128::from_str_radix(TRACE_ID, 16)
        .unwrap()
        .to_be_bytes()
        .to_vec()
}

#[tokio::test]
async fn a_protobuf_span_or_resource_that_cannot_be_decoded_does_not_reject_the_other_spans() {
    // Encodes a length-delimited field of protobuf.
    let field = |tag: u8, value: &[u8]| {
        let mut field = vec![tag << 3 | 2];
        prost::encoding::encode_varint(value.len() as u64, &mut field);
        [&field, value].concat()
    };
    let valid_span = [
        field(1, &trace_id_bytes()),
        field(2, &[1; 8]),
        field(5, b"GET /things"),
    ]
    .concat();
    let span_with_invalid_utf8 = field(5, b"\xff");
    let mut nested_value = Vec::new();
    for _ in 0..100 {
        nested_value = field(5, &field(1, &nested_value));
    }
    let span_with_deep_nesting = field(9, &field(2, &nested_value));
    let client = OtlpClient::start();
    let resource = field(1, &field(1, &field(1, b"shop")));
    let spans = [
        field(2, &span_with_invalid_utf8),
        field(2, &valid_span),
        field(2, &span_with_deep_nesting),
    ]
    .concat();
    let invalid_resource = field(1, &field(1, &field(1, b"\xff")));
    let body = [
        field(1, &[resource, field(2, &spans)].concat()),
        field(
            1,
            &[field(2, &field(2, &valid_span)), invalid_resource].concat(),
        ),
    ]
    .concat();
    let (status, response) = client
        .post_encoded("application/x-protobuf", "identity", body)
        .await;
    assert_eq!(status, 200);
    let response = ExportTraceServiceResponse::decode(&*response).unwrap();
    let partial_success = response.partial_success.unwrap();
    assert_eq!(partial_success.rejected_spans, 3);
    let message = partial_success.error_message;
    let path = "resourceSpans[0].scopeSpans[0].spans[0]: ";
    assert!(message.starts_with(path), "{message}");
    assert_eq!(client.reported_document().await["name"], "GET /things");
}

#[tokio::test]
async fn a_body_that_is_not_otlp_or_is_too_large_is_refused() {
    let client = OtlpClient::start();
    for (content_type, content_encoding, body, expected_status) in [
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
        let (status, response) = client
            .post_encoded(content_type, content_encoding, body.to_vec())
            .await;
        assert_eq!(status, expected_status, "{content_type} {content_encoding}");
        assert!(!response.is_empty());
    }
    // The request body consists of 64 MiB of spaces and is compressed to a small size.
    let mut large_body = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        large_body.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    }
    let (status, response) = client
        .post_encoded("application/json", "gzip", large_body.finish().unwrap())
        .await;
    assert_eq!(status, 400);
    assert!(String::from_utf8_lossy(&response).contains("16 MiB"));
}
