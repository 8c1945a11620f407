//! OTLP: the rules of the collector's X-Ray exporter as a table, and the protocol on the wire.

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

use crate::server::Process;
use crate::world::{START, always};

const TRACE: &str = "6b00e000bd862e3fe1be46a994272793";
const CLIENT: i32 = 3;
const SERVER: i32 = 2;
const INTERNAL: i32 = 1;

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
        let url = format!("http://{}/v1/traces", self.process.otlp);
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
        let id = json!({ "TraceIds": [format!("1-{}-{}", &TRACE[..8], &TRACE[8..])] });
        let body = id.to_string();
        let answer = self.process.ask("POST", "/Traces", &body).2;
        let mut documents = answer["Traces"][0]["Segments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| serde_json::from_str::<Value>(it["Document"].as_str().unwrap()).unwrap());
        documents.find(|it| it["inferred"] != true).unwrap()
    }
}

#[tokio::test]
async fn spans_become_documents_by_the_collectors_rules() {
    let nothing = json!({});
    let service = json!({ "service.name": "shop", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "python" });
    let parent = "70de5b6f19ff9a0a";
    for (name, kind, resource, span, wanted) in [
        (
            "a server is a segment named by its service",
            SERVER,
            &service,
            json!({}),
            json!({
                "name": "shop", "type": null, "namespace": null, "start_time": f64::from(START), "end_time": f64::from(START) + 0.25,
                "aws": { "xray": { "sdk": "opentelemetry for python", "auto_instrumentation": false } },
                "metadata": { "default": { "otel.resource.service.name": "shop", "otel.resource.telemetry.sdk.name": "opentelemetry", "otel.resource.telemetry.sdk.language": "python" } },
            }),
        ),
        (
            "below a parent still",
            SERVER,
            &service,
            json!({ "parentSpanId": parent }),
            json!({ "parent_id": parent, "type": null }),
        ),
        (
            "a client below a parent is a subsegment",
            CLIENT,
            &service,
            json!({
                "parentSpanId": parent, "attributes": { "peer.service": "bank", "server.address": "bank.example.com" },
            }),
            json!({ "name": "bank", "type": "subsegment", "namespace": "remote", "metadata": null }),
        ),
        (
            "without a peer, by its host",
            CLIENT,
            &service,
            json!({
                "parentSpanId": parent, "attributes": { "server.address": "bank.example.com" },
            }),
            json!({ "name": "bank.example.com" }),
        ),
        (
            "without anything, by its name, of permitted characters",
            INTERNAL,
            &service,
            json!({
                "parentSpanId": parent, "name": "what? (now)",
            }),
            json!({ "name": "what now", "namespace": null }),
        ),
        (
            "HTTP by the new conventions",
            SERVER,
            &service,
            json!({ "attributes": {
                "http.request.method": "GET", "url.scheme": "https", "server.address": "shop.example.com", "server.port": 443, "url.path": "/things",
                "url.query": "a=1", "http.response.status_code": 200, "user_agent.original": "curl", "client.address": "203.0.113.7",
            }}),
            json!({ "http": {
            "request": { "method": "GET", "url": "https://shop.example.com/things?a=1", "user_agent": "curl", "client_ip": "203.0.113.7", "x_forwarded_for": true },
            "response": { "status": 200 },
        }, "error": null, "fault": null, "annotations": null }),
        ),
        (
            "HTTP by the old ones",
            SERVER,
            &service,
            json!({ "attributes": {
                "http.method": "POST", "http.scheme": "http", "http.host": "shop:8080", "http.target": "/things", "http.status_code": 404, "net.peer.ip": "10.0.0.1",
            }}),
            json!({ "http": {
            "request": { "method": "POST", "url": "http://shop:8080/things", "client_ip": "10.0.0.1" }, "response": { "status": 404 },
        }, "error": true, "throttle": null }),
        ),
        (
            "a client's whole address",
            CLIENT,
            &service,
            json!({ "parentSpanId": parent, "attributes": {
                "http.request.method": "GET", "url.full": "http://bank.example.com:81/x", "server.address": "bank.example.com", "server.port": 81, "http.response.status_code": 429,
            }}),
            json!({ "http": {
            "request": { "method": "GET", "url": "http://bank.example.com:81/x" }, "response": { "status": 429 },
        }, "error": true, "throttle": true, "fault": null }),
        ),
        (
            "5xx is a fault",
            SERVER,
            &service,
            json!({ "attributes": { "http.response.status_code": 503 } }),
            json!({ "fault": true, "error": null }),
        ),
        (
            "an error without a status too, with its text as the cause",
            INTERNAL,
            &service,
            json!({
                "parentSpanId": parent, "status": { "code": 2, "message": "it broke" },
            }),
            json!({ "fault": true, "cause": { "exceptions": [{ "id": "*", "message": "it broke", "remote": false }] } }),
        ),
        (
            "exceptions are events",
            CLIENT,
            &service,
            json!({ "parentSpanId": parent, "events": [{
                "name": "exception", "attributes": attributes(&json!({ "exception.type": "io", "exception.message": "gone", "exception.stacktrace": "…" })),
            }]}),
            json!({ "fault": null, "cause": { "exceptions": [{ "id": "*", "type": "io", "message": "gone", "remote": true }] } }),
        ),
        (
            "a call to AWS",
            CLIENT,
            &service,
            json!({ "parentSpanId": parent, "attributes": {
                "rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem", "aws.dynamodb.table_names": ["things"], "aws.region": "eu-west-1",
                "aws.request_id": "R1", "http.response.status_code": 200,
            }}),
            json!({ "name": "DynamoDB", "namespace": "aws", "annotations": null, "aws": {
                "operation": "GetItem", "table_name": "things", "region": "eu-west-1", "request_id": "R1",
                "xray": { "sdk": "opentelemetry for python", "auto_instrumentation": false },
            }}),
        ),
        (
            "a database",
            CLIENT,
            &service,
            json!({ "parentSpanId": parent, "name": "SELECT", "attributes": {
                "db.system": "mysql", "db.name": "ebdb", "db.connection_string": "jdbc:mysql://db.example.com:3306", "db.statement": "SELECT 1", "db.user": "u",
            }}),
            json!({ "name": "ebdb@db.example.com", "namespace": "remote", "annotations": null, "sql": {
                "url": "SELECT", "connection_string": "jdbc:mysql://db.example.com:3306/ebdb", "database_type": "mysql", "user": "u", "sanitized_query": "SELECT 1",
            }}),
        ),
        (
            "other databases are no SQL",
            CLIENT,
            &service,
            json!({ "parentSpanId": parent, "attributes": { "db.system": "redis" } }),
            json!({
                "sql": null, "annotations": { "db.system": "redis" },
            }),
        ),
        (
            "attributes are annotations, lists are metadata",
            INTERNAL,
            &nothing,
            json!({ "parentSpanId": parent, "attributes": {
                "order.size": 3, "price-eur": 1.5, "express": true, "tags": ["a"], "enduser.id": "alice",
            }}),
            json!({ "annotations": { "order.size": 3, "price_eur": 1.5, "express": true }, "metadata": { "default": { "tags": ["a"] } }, "user": "alice" }),
        ),
        (
            "the platform is the origin",
            SERVER,
            &json!({ "service.name": "shop", "service.version": "7", "cloud.provider": "aws", "cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate" }),
            json!({}),
            json!({ "origin": "AWS::ECS::Fargate", "service": { "version": "7" } }),
        ),
        (
            "a stack trace has frames, and a cause",
            INTERNAL,
            &service,
            json!({ "parentSpanId": parent, "events": [{
                "name": "exception",
                "attributes": attributes(&json!({
                    "exception.type": "ValueError", "exception.message": "bad",
                    "exception.stacktrace": "Traceback (most recent call last):\n  File \"bank.py\", line 3, in call\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"till.py\", line 5, in pay\nValueError: bad\n",
                })),
            }]}),
            json!({ "cause": { "exceptions": [
                {
                    "id": "*", "type": "ValueError", "message": "bad", "remote": false, "cause": "*",
                    "stack": [{ "path": "till.py", "line": 5, "label": "pay" }],
                },
                {
                    "id": "*", "type": "KeyError", "message": "1", "remote": false,
                    "stack": [{ "path": "bank.py", "line": 3, "label": "call" }],
                },
            ]}}),
        ),
        (
            "several tries of a call to AWS",
            CLIENT,
            &service,
            json!({ "parentSpanId": parent, "attributes": { "rpc.system": "aws-api", "rpc.service": "S3" }, "events": [{
                "name": "HTTP request failure", "timeUnixNano": "1795219200500000000",
                "attributes": attributes(&json!({ "http.response.status_code": 503, "aws.http.error_message": "slow down" })),
            }]}),
            json!({ "name": "S3", "cause": { "exceptions": [{
                "id": "*", "type": "aws.http.error.event", "message": "503@1795219200.500000@slow down", "remote": true,
            }]}}),
        ),
        (
            "links are kept",
            SERVER,
            &service,
            json!({ "links": [{ "traceId": TRACE, "spanId": parent, "attributes": attributes(&json!({ "queue": "q" })) }] }),
            json!({ "links": [{ "trace_id": format!("1-{}-{}", &TRACE[..8], &TRACE[8..]), "id": parent, "attributes": { "queue": "q" } }] }),
        ),
        (
            "clusters and log groups",
            SERVER,
            &json!({
                "service.name": "shop", "k8s.cluster.name": "main", "k8s.pod.name": "shop-1",
                "aws.log.group.arns": "arn:aws:logs:eu-west-1:1:log-group:one&arn:aws:logs:eu-west-1:1:log-group:two",
            }),
            json!({}),
            json!({ "aws": {
                "eks": { "cluster_name": "main", "pod": "shop-1" },
                "cloudwatch_logs": [
                    { "log_group": "one", "arn": "arn:aws:logs:eu-west-1:1:log-group:one" },
                    { "log_group": "two", "arn": "arn:aws:logs:eu-west-1:1:log-group:two" },
                ],
                "xray": { "auto_instrumentation": false },
            }}),
        ),
        (
            "Elastic Beanstalk",
            SERVER,
            &json!({
                "service.name": "shop", "cloud.provider": "aws", "cloud.platform": "aws_elastic_beanstalk",
                "service.namespace": "prod", "service.instance.id": "32", "service.version": "v7",
            }),
            json!({}),
            json!({ "origin": "AWS::ElasticBeanstalk::Environment", "aws": {
                "elastic_beanstalk": { "environment_name": "prod", "deployment_id": 32, "version_label": "v7" },
                "xray": { "auto_instrumentation": false },
            }}),
        ),
        (
            "of another cloud there is none",
            SERVER,
            &json!({ "service.name": "shop", "cloud.provider": "gcp", "cloud.platform": "gcp_cloud_run" }),
            json!({}),
            json!({ "origin": null, "aws": null }),
        ),
    ] {
        let collector = Collector::start();
        collector.send(&request(kind, resource, &span)).await;
        let document = collector.document().await;
        for (key, wanted) in wanted.as_object().unwrap() {
            let mut found = document[key].clone();
            if let Some(Value::Array(exceptions)) = found.get_mut("exceptions") {
                for exception in exceptions {
                    exception["id"] = json!("*");
                    if let Some(cause) = exception.get_mut("cause") {
                        *cause = json!("*");
                    }
                }
            }
            assert_eq!(&found, wanted, "{name}: {key} of {document:#}");
        }
    }
}

#[tokio::test]
async fn the_first_call_of_a_service_is_a_segment_and_a_subsegment() {
    let collector = Collector::start();
    let span = json!({ "attributes": {
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker", "aws.remote.service": "AWS.SDK.SQS",
        "rpc.system": "aws-api", "rpc.method": "ReceiveMessage", "aws.queue.url": "https://sqs/1/orders",
    }});
    collector
        .send(&request(CLIENT, &json!({ "service.name": "shop" }), &span))
        .await;
    let worker = collector.document().await;
    assert_eq!(
        (&worker["name"], &worker["type"]),
        (&json!("worker"), &Value::Null)
    );
    assert_eq!(
        worker["aws"]
            .get("queue_url")
            .or(worker["annotations"].get("aws.remote.service")),
        None
    );
    let call = &worker["subsegments"][0];
    assert_eq!(
        (&call["name"], &call["namespace"]),
        (&json!("SQS"), &json!("aws"))
    );
    assert_eq!(call["id"], "53995c3f42cd8ad8");
    assert_eq!(call["aws"]["queue_url"], "https://sqs/1/orders");
    let graph = collector
        .process
        .ask("POST", "/ServiceGraph", &always().to_string())
        .2;
    let nodes: Vec<_> = graph["Services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Name"].as_str().unwrap())
        .collect();
    assert_eq!(nodes, ["https://sqs/1/orders", "worker", "worker"]);

    let collector = Collector::start();
    let span = json!({ "parentSpanId": "70de5b6f19ff9a0a", "attributes": {
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker",
    }});
    collector.send(&request(INTERNAL, &json!({}), &span)).await;
    let worker = collector.document().await;
    assert_eq!(
        (&worker["name"], &worker["type"], &worker["parent_id"]),
        (&json!("worker"), &Value::Null, &json!("70de5b6f19ff9a0a"))
    );
}

#[tokio::test]
async fn protobuf_and_gzip_are_understood_and_answered_in_kind() {
    let collector = Collector::start();
    let message = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![Span {
                    trace_id: TRACE
                        .as_bytes()
                        .chunks(2)
                        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
                        .collect(),
                    span_id: vec![1; 8],
                    name: "shop".to_owned(),
                    kind: SERVER,
                    start_time_unix_nano: u64::from(START) * 1_000_000_000,
                    end_time_unix_nano: u64::from(START) * 1_000_000_000 + 1,
                    ..Span::default()
                }],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let body = message.encode_to_vec();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&body).unwrap();
    for (encoding, body) in [("identity", body), ("gzip", packed.finish().unwrap())] {
        let (status, answer) = collector
            .post_as("application/x-protobuf", encoding, body)
            .await;
        assert_eq!(status, 200);
        assert_eq!(
            ExportTraceServiceResponse::decode(&*answer).unwrap(),
            ExportTraceServiceResponse::default()
        );
    }
    assert_eq!(collector.document().await["name"], "shop");
    let graph = collector
        .process
        .ask("POST", "/ServiceGraph", &always().to_string())
        .2;
    assert_eq!(graph["Services"][1]["SummaryStatistics"]["TotalCount"], 1);
}

#[tokio::test]
async fn what_is_no_otlp_is_refused_and_bad_spans_are_counted() {
    let collector = Collector::start();
    let bad = request(SERVER, &json!({}), &json!({ "spanId": "00" }));
    let (status, answer) = collector
        .post("application/json; charset=utf-8", bad.to_string().into())
        .await;
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    for (content_type, encoding, body, wanted) in [
        ("application/json", "identity", &b"{"[..], 400),
        ("application/x-protobuf", "identity", b"\xff\xff", 400),
        ("application/json", "gzip", b"not packed", 400),
        ("text/plain", "identity", b"{}", 415),
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
