//! Remote sampling: the X-Ray daemon or a Jaeger server decides which traces are sampled.

use std::time::Instant;

use reqwest::Client;

use crate::start_with;
use test_support::collector::Collector;
use test_support::service::{Service, WAIT_LIMIT};

/// A sampling rule that samples all health checks. Without this rule, the sampler samples 5 % of all
/// requests.
const SAMPLING_RULES: &str = r#"{"SamplingRuleRecords": [{"SamplingRule": {
    "RuleName": "all", "Priority": 1, "FixedRate": 1.0, "ReservoirSize": 0, "Version": 1,
    "ServiceName": "like service", "ServiceType": "*", "Host": "*", "HTTPMethod": "GET",
    "URLPath": "/health/*", "ResourceARN": "*", "Attributes": {}
}}]}"#;

/// Sends requests until thirty answers in a row are sampled. At the default sampling rate of 5 %, thirty
/// sampled answers in a row are practically impossible.
async fn assert_all_are_sampled(service: &Service) {
    let client = Client::new();
    let deadline = Instant::now() + WAIT_LIMIT;
    let mut sampled = 0;
    while sampled < 30 {
        assert!(
            Instant::now() < deadline,
            "thirty traces in a row were not sampled within the time limit"
        );
        let answer = client
            .get(service.url("/health/live"))
            .send()
            .await
            .unwrap();
        let header = answer.headers()["x-amzn-trace-id"].to_str().unwrap();
        sampled = if header.ends_with(";Sampled=1") {
            sampled + 1
        } else {
            0
        };
    }
}

#[tokio::test]
async fn the_daemons_sampling_rules_decide_which_traces_are_sampled() {
    let daemon = Collector::start_answering(SAMPLING_RULES);
    let address = daemon.endpoint.replace("http://", "udp:127.0.0.1:9 tcp:");
    for exporter in ["xray", "otlp"] {
        let service = start_with(&[
            ("OTEL_TRACES_EXPORTER", exporter),
            ("AWS_XRAY_DAEMON_ADDRESS", &address),
        ]);
        assert_all_are_sampled(&service).await;
    }
}

#[tokio::test]
async fn a_jaeger_sampling_server_decides_which_traces_are_sampled() {
    let strategy =
        r#"{"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1.0}}"#;
    let server = Collector::start_answering(strategy);
    let sampler_argument = format!(
        "endpoint={}/sampling,pollingIntervalMs=10,initialSamplingRate=0",
        server.endpoint
    );
    let service = start_with(&[
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", &sampler_argument),
    ]);
    assert_all_are_sampled(&service).await;
}
