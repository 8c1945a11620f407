//! An HTTP server with the API of the X-Ray daemon. Each test sets the responses of the server.
//!
//! The tests of polling need responses that a real X-Ray daemon does not return, and advance the clock by minutes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};
use serde_json::{Value, json};

use super::DaemonClient;
use crate::sampler::{Service, XraySampler};

/// A function that receives the body of a report, and returns the status and the body of the response.
type ReportHandler = dyn FnMut(&Value) -> (u16, String) + Send;

/// The requests that the daemon has received, and its responses.
pub(super) struct DaemonState {
    /// The path and the body of each request.
    pub requests: Vec<(String, Value)>,
    /// The pages of rules. The daemon responds to each request for rules with the first page. The daemon then
    /// removes the first page, if `rule_pages` contains more than one page.
    rule_pages: Vec<Value>,
    pub handle_report: Box<ReportHandler>,
}

#[derive(Clone)]
pub(super) struct FakeDaemon {
    pub address: SocketAddr,
    state: Arc<Mutex<DaemonState>>,
}

impl FakeDaemon {
    /// Starts a daemon that responds to every report with an empty object.
    pub fn start(rule_pages: impl Into<Vec<Value>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = DaemonState {
            requests: Vec::new(),
            rule_pages: rule_pages.into(),
            handle_report: Box::new(|_| (200, "{}".to_owned())),
        };
        let daemon = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(state)),
        };
        let server = daemon.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                server.serve(BufReader::new(stream.unwrap()));
            }
        });
        daemon
    }

    fn serve(&self, mut stream: BufReader<impl Read + Write>) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).unwrap();
        }
        let lower_case_head = head.to_lowercase();
        let content_length = lower_case_head.split("content-length: ").nth(1).unwrap();
        let content_length = content_length.split("\r\n").next().unwrap();
        let mut body = vec![0; content_length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let mut state = self.state();
        let (status, response) = match path.as_str() {
            "/GetSamplingRules" if state.rule_pages.len() > 1 => {
                (200, state.rule_pages.remove(0).to_string())
            }
            "/GetSamplingRules" => (200, state.rule_pages[0].to_string()),
            _ => (state.handle_report)(&body),
        };
        state.requests.push((path, body));
        let response_length = response.len();
        let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length:");
        let _ = write!(
            stream.get_mut(),
            "{head} {response_length}\r\n\r\n{response}"
        );
    }

    pub fn state(&self) -> MutexGuard<'_, DaemonState> {
        self.state.lock().unwrap()
    }

    pub fn set_rule_pages(&self, rule_pages: impl Into<Vec<Value>>) {
        self.state().rule_pages = rule_pages.into();
    }

    /// Sets the response to all further reports.
    pub fn set_report_response(&self, status: u16, body: impl ToString) {
        let body = body.to_string();
        self.state().handle_report = Box::new(move |_| (status, body.clone()));
    }

    /// The statistics documents of each report that was received.
    pub fn reports(&self) -> Vec<Vec<Value>> {
        let state = self.state();
        let requests = state.requests.iter();
        requests
            .filter(|(path, _)| path == "/SamplingTargets")
            .map(|(_, body)| {
                let documents = body["SamplingStatisticsDocuments"].as_array();
                documents.unwrap().clone()
            })
            .collect()
    }

    /// The number of requests for rules.
    pub fn refresh_count(&self) -> usize {
        let state = self.state();
        let paths = state.requests.iter().map(|(path, _)| path);
        paths.filter(|path| *path == "/GetSamplingRules").count()
    }

    pub fn client(&self) -> DaemonClient {
        DaemonClient::new(like_service_sampler(), self.address.to_string())
    }
}

/// Creates a page of rules with one rule for each name in `names`. Each rule matches the path `/<name>` and
/// contains the fields of `fields`.
pub(super) fn rule_page<'a>(names: impl IntoIterator<Item = &'a str>, fields: Value) -> Value {
    let rule_record = |name: &str| {
        let mut rule = json!({
            "RuleName": name, "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 0, "Version": 1,
            "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
            "URLPath": format!("/{name}"), "ResourceARN": "*", "Attributes": {},
        });
        for (key, value) in fields.as_object().unwrap() {
            rule[key] = value.clone();
        }
        json!({"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0})
    };
    let records: Vec<_> = names.into_iter().map(rule_record).collect();
    json!({"SamplingRuleRecords": records})
}

pub(super) fn like_service_sampler() -> XraySampler {
    XraySampler::new(Service {
        name: "like service".to_owned(),
        ..Service::default()
    })
}

/// An address that refuses connections.
pub(super) fn refusing_address() -> SocketAddr {
    // Only the superuser may listen on port 1, so no other test listens on port 1.
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// Decides whether to sample a request to `path`. The sampler of `client` counts the request.
pub(super) fn sample_request(client: &DaemonClient, path: &str) -> bool {
    let attributes = [KeyValue::new("url.path", path.to_owned())];
    let result = client.sampler.should_sample(
        None,
        TraceId::from(1),
        "",
        &SpanKind::Server,
        &attributes,
        &[],
    );
    result.decision == SamplingDecision::RecordAndSample
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
