use std::net::Ipv4Addr;

use reqwest::Client;
use serde_json::{Value, json};

use crate::monolith_stub::{MonolithStub, Reply};
use crate::{start_with, start_with_monolith};
use test_support::collector::{Collector, attribute_text};
use test_support::daemon::{
    Daemon, assert_child_within, documents_of_trace, error_flags, only_document, trace_id,
};
use test_support::service::{Service, reserve_port};

/// Sends a like. Returns the status and the trace header of the answer.
async fn post_like(service: &Service, id: &str) -> (u16, String) {
    let like = service.url(&format!("/mysfits/{id}/like"));
    let answer = Client::new().post(like).send().await.unwrap();
    let header = answer.headers()["x-amzn-trace-id"].to_str().unwrap();
    (answer.status().as_u16(), header.to_owned())
}

/// Starts a service with an X-Ray daemon, sends a like, and stops the service. Returns the status of the
/// answer, and the documents that the daemon received.
async fn trace_like(monolith: &str, more: &[(&str, &str)]) -> (u16, Vec<Value>) {
    let daemon = Daemon::start();
    let (name, address) = daemon.address_variable();
    let mut variables = vec![
        ("MONOLITH_URL", monolith),
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
        (name, &*address),
    ];
    variables.extend(more);
    let service = start_with(&variables);
    let (status, header) = post_like(&service, "one").await;
    assert!(service.stop().0.success());
    let documents = daemon.documents();
    assert_eq!(
        documents_of_trace(&documents, &header).len(),
        documents.len()
    );
    (status, documents)
}

/// Environment variables that enable chaos, with the given shares of faults in percent.
fn chaos_variables(
    stress: &'static str,
    not_found: &'static str,
) -> Vec<(&'static str, &'static str)> {
    vec![
        ("CHAOSMODE", "on"),
        ("CHAOS_STRESS_PERCENT", stress),
        ("CHAOS_NOT_FOUND_PERCENT", not_found),
        ("CHAOS_STRESS_CPU_MS", "20-20"),
    ]
}

#[tokio::test]
async fn a_like_is_a_segment_with_a_subsegment_for_the_call_of_the_monolith() {
    let monolith = MonolithStub::start_fulfilling().await;
    let (status, documents) = trace_like(&monolith.address.to_string(), &[]).await;
    assert_eq!(status, 200);
    let documents: Vec<_> = documents.iter().collect();
    assert_eq!(documents.len(), 2);
    let segment = only_document(&documents, "like service", None);
    let call = only_document(&documents, "monolith", Some("remote"));
    assert_child_within(call, segment);
    assert_eq!(segment["parent_id"], Value::Null);
    assert_eq!(
        segment["annotations"],
        json!({"http_route": "/mysfits/{id}/like", "mysfit_id": "one"})
    );
    let request = &call["http"]["request"];
    assert_eq!(request["method"], "POST");
    let url = format!("http://{}/mysfits/one/fulfill-like", monolith.address);
    assert_eq!(request["url"], url);
    assert_eq!(request["traced"], true);
    assert_eq!(call["http"]["response"]["status"], 200);
    assert_eq!(error_flags(segment), [] as [&str; 0]);
    assert_eq!(error_flags(call), [] as [&str; 0]);

    // The trace headers of the call to the monolith contain the id of the subsegment as the parent. Other
    // headers of the client are not forwarded.
    let head = monolith.requests().remove(0);
    let trace_header = format!(
        "x-amzn-trace-id: Root={};Parent={};Sampled=1",
        trace_id_of(segment),
        call["id"].as_str().unwrap()
    );
    assert!(head.contains(&trace_header), "{head}");
    let traceparent_end = format!("-{}-01", call["id"].as_str().unwrap());
    assert!(head.contains(&traceparent_end), "{head}");
    assert!(
        !head.contains("baggage") && !head.contains("user-agent"),
        "{head}"
    );
}

fn trace_id_of(document: &Value) -> &str {
    document["trace_id"].as_str().unwrap()
}

#[tokio::test]
async fn the_fault_of_a_like_is_an_annotation_of_its_segment() {
    let monolith = MonolithStub::start_fulfilling().await;
    let monolith = monolith.address.to_string();
    let (_, documents) = trace_like(&monolith, &chaos_variables("100", "0")).await;
    let segment =
        only_document(&documents.iter().collect::<Vec<_>>(), "like service", None).clone();
    assert_eq!(segment["annotations"]["chaos_fault"], "stress");
    assert_eq!(segment["annotations"]["chaos_cpu_ms"], 20);
    let time = |key: &str| segment[key].as_f64().unwrap();
    assert!(time("end_time") - time("start_time") >= 0.02);

    let (status, documents) = trace_like(&monolith, &chaos_variables("0", "100")).await;
    assert_eq!(status, 404);
    assert_eq!(documents.len(), 1, "{documents:#?}");
    assert_eq!(documents[0]["annotations"]["chaos_fault"], "not_found");
    assert_eq!(error_flags(&documents[0]), ["error"]);

    let (_, documents) = trace_like(&monolith, &chaos_variables("0", "0")).await;
    let segment =
        only_document(&documents.iter().collect::<Vec<_>>(), "like service", None).clone();
    assert_eq!(segment["annotations"]["chaos_fault"], "none");
}

#[tokio::test]
async fn with_chaos_reveal_off_no_telemetry_shows_the_fault() {
    let monolith = MonolithStub::start_fulfilling().await;
    let mut variables = chaos_variables("50", "50");
    variables.extend([("CHAOS_REVEAL", "off"), ("OTEL_METRICS_EXPORTER", "emf")]);
    let (_, documents) = trace_like(&monolith.address.to_string(), &variables).await;
    assert!(
        !format!("{documents:?}").contains("chaos"),
        "{documents:#?}"
    );

    let service = start_with_monolith(&monolith, &variables);
    post_like(&service, "one").await;
    let (_, lines) = service.stop();
    assert!(lines.iter().any(|line| line.contains("mysfits.likes")));
    let shows_fault = |line: &&String| line.contains("chaos") || line.contains("WARN");
    assert_eq!(lines.iter().find(shows_fault), None);
}

#[tokio::test]
async fn a_404_of_the_monolith_is_an_error_in_segment_and_subsegment() {
    let monolith = MonolithStub::start(Reply::json("404 Not Found", "{}")).await;
    let (status, documents) = trace_like(&monolith.address.to_string(), &[]).await;
    assert_eq!(status, 404);
    for document in &documents {
        assert_eq!(error_flags(document), ["error"], "{document:#}");
    }
}

#[tokio::test]
async fn a_429_of_the_monolith_is_a_throttle_in_the_subsegment() {
    let monolith = MonolithStub::start(Reply::json("429 Too Many Requests", "{}")).await;
    let (status, documents) = trace_like(&monolith.address.to_string(), &[]).await;
    assert_eq!(status, 502);
    let call = only_document(
        &documents.iter().collect::<Vec<_>>(),
        "monolith",
        Some("remote"),
    )
    .clone();
    assert_eq!(error_flags(&call), ["error", "throttle"]);
}

#[tokio::test]
async fn failed_calls_of_the_monolith_are_faults_with_their_causes() {
    let (port, _reservation) = reserve_port();
    let unreachable_address = format!("{}:{port}", Ipv4Addr::LOCALHOST);
    let silent_address = MonolithStub::start(Reply::Silence)
        .await
        .address
        .to_string();
    let failing_monolith =
        MonolithStub::start(Reply::json("500 Internal Server Error", "{}")).await;
    let failing_address = failing_monolith.address.to_string();
    for (monolith, status, kind, cause) in [
        (
            &unreachable_address,
            503,
            "MonolithUnreachable",
            "Connection refused",
        ),
        (&silent_address, 504, "MonolithTimeout", "in time"),
        (&failing_address, 502, "MonolithAnswer", "status 500"),
    ] {
        let (actual_status, documents) =
            trace_like(monolith, &[("MONOLITH_TIMEOUT_MS", "300")]).await;
        assert_eq!(actual_status, status);
        assert_eq!(documents.len(), 2, "{documents:#?}");
        for document in &documents {
            assert_eq!(error_flags(document), ["fault"], "{document:#}");
            let exceptions = document["cause"]["exceptions"].as_array().unwrap();
            assert_eq!(exceptions[0]["type"], kind, "{document:#}");
            assert!(format!("{exceptions:?}").contains(cause), "{exceptions:#?}");
            // Each exception refers to the next exception as its cause.
            for pair in exceptions.windows(2) {
                assert_eq!(pair[0]["cause"], pair[1]["id"]);
            }
        }
    }
}

#[tokio::test]
async fn each_log_line_of_a_like_contains_its_trace_id() {
    for format in ["json", "text"] {
        let monolith = MonolithStub::start_fulfilling().await;
        let mut variables = chaos_variables("100", "0");
        variables.push(("LOG_FORMAT", format));
        let service = start_with_monolith(&monolith, &variables);
        service.wait_for_line(|line| line.contains("is listening"));
        let (_, header) = post_like(&service, "one").await;
        service.signal(rustix::process::Signal::TERM);
        let (_, lines) = service.stop();
        let lines: Vec<_> = lines
            .iter()
            .filter(|line| !line.contains("draining"))
            .collect();
        assert_eq!(lines.len(), 6, "{lines:#?}");
        for line in lines {
            let logged_trace_id = match format {
                "json" => {
                    let line: Value = serde_json::from_str(line).unwrap();
                    assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
                    line["trace_id"].as_str().unwrap().to_owned()
                }
                _ => {
                    let (_, end) = line.split_once(" trace_id=").expect(line);
                    end.split(' ').next().unwrap().to_owned()
                }
            };
            assert_eq!(logged_trace_id, trace_id(&header), "{line}");
        }
    }
}

#[tokio::test]
async fn the_spans_and_metrics_of_a_like_are_exported_by_otlp() {
    let monolith = MonolithStub::start_fulfilling().await;
    let collector = Collector::start();
    let mut variables = chaos_variables("100", "0");
    variables.extend([
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        ),
    ]);
    let service = start_with_monolith(&monolith, &variables);
    let (_, header) = post_like(&service, "one").await;
    assert!(service.stop().0.success());

    let (spans, metrics) = collector.spans_and_metrics();
    assert_eq!(spans.len(), 2, "{spans:#?}");
    assert!(spans.iter().all(|(service, _)| service == "like service"));
    let span_of_kind = |kind: i32| &spans.iter().find(|(_, span)| span.kind == kind).unwrap().1;
    let (server, client) = (span_of_kind(2), span_of_kind(3));
    assert_eq!(server.name, "POST /mysfits/{id}/like");
    assert_eq!(client.name, "POST /mysfits/{id}/fulfill-like");
    assert_eq!(client.parent_span_id, server.span_id);
    assert_eq!(client.trace_id, server.trace_id);
    let hex_trace_id: String = server
        .trace_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex_trace_id, trace_id(&header)[2..].replace('-', ""));
    assert_eq!(attribute_text(&server.attributes, "chaos.fault"), "stress");
    assert_eq!(
        attribute_text(&server.attributes, "http.route"),
        "/mysfits/{id}/like"
    );
    assert_eq!(
        attribute_text(&client.attributes, "peer.service"),
        "monolith"
    );
    assert_eq!(
        attribute_text(&client.attributes, "server.address"),
        "127.0.0.1"
    );
    assert_eq!(
        attribute_text(&client.attributes, "server.port"),
        monolith.address.port().to_string()
    );

    let metric_names = metrics.iter().map(|metric| &*metric.name);
    // The exporter's own metrics are excluded, because the exporter does not always export its own metrics
    // before the shutdown.
    let mut metric_names: Vec<_> = metric_names
        .filter(|name| !name.starts_with("otel."))
        .collect();
    metric_names.sort_unstable();
    metric_names.dedup();
    assert_eq!(
        metric_names,
        [
            "chaos.faults",
            "http.server.active_requests",
            "http.server.request.duration",
            "mysfits.likes",
            "mysfits.log_lines.dropped"
        ]
    );
}

#[tokio::test]
async fn likes_are_counted_by_the_outcome_that_clients_see() {
    let monolith = MonolithStub::start_fulfilling().await;
    let mut variables = chaos_variables("0", "100");
    variables.push(("OTEL_METRICS_EXPORTER", "emf"));
    let service = start_with_monolith(&monolith, &variables);
    post_like(&service, "one").await;
    post_like(&service, "two").await;
    let (_, lines) = service.stop();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let counter_value = |name: &str, label: &str, value: &str| {
        let line = lines
            .iter()
            .find(|line| line[name].is_number() && line[label] == value);
        line.map(|line| line[name].clone())
    };
    assert_eq!(
        counter_value("mysfits.likes", "outcome", "not_found"),
        Some(json!(2))
    );
    assert_eq!(
        counter_value("chaos.faults", "chaos.fault", "not_found"),
        Some(json!(2))
    );
}

/// The stub of the ECS metadata endpoint sends this JSON to the request for container metadata and to the
/// request for task metadata.
const ECS_METADATA: &str = r#"{
    "Cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/mysfits",
    "TaskARN": "arn:aws:ecs:eu-west-1:123456789012:task/mysfits/158d1c8083dd49d6b527399fd6414f5c",
    "Family": "like", "Revision": "7", "LaunchType": "FARGATE", "AvailabilityZone": "eu-west-1a",
    "ContainerARN": "arn:aws:ecs:eu-west-1:123456789012:container/mysfits/158d/0206b271",
    "DockerId": "158d-1", "Name": "like", "Image": "like:latest", "ImageID": "sha256:cc",
    "LogDriver": "awslogs", "LogOptions": {
        "awslogs-group": "/ecs/like", "awslogs-region": "eu-west-1", "awslogs-stream": "like/1"
    }
}"#;

#[tokio::test]
async fn a_segment_on_fargate_contains_the_task_and_the_log_group() {
    let metadata = Collector::start_answering(ECS_METADATA);
    let uri = format!("{}/v4/158d-1", metadata.endpoint);
    let monolith = MonolithStub::start_fulfilling().await.address.to_string();
    let (_, documents) = trace_like(&monolith, &[("ECS_CONTAINER_METADATA_URI_V4", &uri)]).await;
    let documents: Vec<_> = documents.iter().collect();
    let segment = only_document(&documents, "like service", None);
    assert_eq!(segment["origin"], "AWS::ECS::Fargate");
    let aws = &segment["aws"];
    assert_eq!(aws["account_id"], "123456789012");
    assert_eq!(aws["ecs"]["container"], "like");
    assert_eq!(
        aws["cloudwatch_logs"],
        json!([{
            "log_group": "/ecs/like",
            "arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/like",
        }])
    );
}
