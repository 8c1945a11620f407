//! Tests of the program `xray`: sockets, output, options and shutdown.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::local_xray::{LocalXray, like_documents, longest_range, segment};

/// Maximum time that a test waits for an expected event. The test fails if the event does not happen within
/// the maximum time.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Interval at which a test polls for an expected event.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// The program `xray` as a child process.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub otlp_address: SocketAddr,
}

impl Process {
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xray"));
        command
            .args(["--port", "0", "--otlp-port", "0"])
            .args(arguments)
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut read_address = |prefix: &str| {
            let address =
                lines.find_map(|line| Some(line.unwrap().split_once(prefix)?.1.to_owned()));
            let address = address.unwrap();
            address.trim_end_matches(", for example:").parse().unwrap()
        };
        let address = read_address("serves its API on http://");
        let otlp_address = read_address("OTEL_EXPORTER_OTLP_ENDPOINT=http://");
        Self {
            child,
            address,
            otlp_address,
        }
    }

    /// The process's id.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends one datagram.
    pub fn send_datagram(&self, datagram: &[u8]) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(datagram, self.address).unwrap();
    }

    /// Sends a request to the API, and returns the status, the head and the body of the response.
    pub fn request(&self, method: &str, path: &str, body: &str) -> (u16, String, Value) {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n",
            self.address
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // The server may respond and close the connection before the server has read the whole request body.
        let _ = stream.write_all(body.as_bytes());
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response);
        let response = String::from_utf8(response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (
            status,
            head.to_ascii_lowercase(),
            serde_json::from_str(body).unwrap_or_default(),
        )
    }

    pub fn status(&self) -> Value {
        self.request("GET", "/status", "").2
    }

    /// Waits until the response of `GET /status` meets the condition.
    pub fn wait_for_status(&self, condition: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let status = self.status();
            if condition(&status) {
                return;
            }
            assert!(Instant::now() < deadline, "{status}");
            std::thread::park_timeout(POLL_INTERVAL);
        }
    }

    /// Stops the process, and asserts that the process exits successfully.
    fn stop(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn build_datagram(document: &Value) -> Vec<u8> {
    format!("{{\"format\": \"json\", \"version\": 1}}\n{document:#}\n").into_bytes()
}

#[test]
fn documents_sent_by_udp_are_in_the_service_graph_that_the_api_returns() {
    let process = Process::start(&[]);
    for document in like_documents() {
        process.send_datagram(&build_datagram(&document));
    }
    process.wait_for_status(|status| status["Documents"] == 4);
    let (status, head, response) =
        process.request("POST", "/ServiceGraph", &longest_range().to_string());
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(
        response["Services"],
        json!(LocalXray::with_documents(&like_documents()).service_graph())
    );
    process.stop(Signal::TERM);
}

#[test]
fn a_datagram_of_the_maximum_size_is_stored_and_invalid_ones_are_counted() {
    let process = Process::start(&[]);
    let mut large_segment = segment(1, "large", 0, 10);
    large_segment["metadata"] = json!({ "x": "x".repeat(65_000) });
    process.send_datagram(&build_datagram(&large_segment));
    for invalid in [
        &b"nonsense"[..],
        b"{\"format\":\"json\",\"version\":1}\n",
        b"",
        b"{\"format\":\"json\",\"version\":1}\n{}",
        b"\xff\n\xff",
    ] {
        process.send_datagram(invalid);
    }
    process.wait_for_status(|status| status["Documents"] == 1 && status["DatagramsDropped"] == 5);
    process.stop(Signal::INT);
}

#[test]
fn an_invalid_request_gets_status_400_and_the_name_of_the_exception() {
    let process = Process::start(&[]);
    for (method, path, body, message) in [
        ("POST", "/TraceSummaries", "{", "The request: EOF"),
        ("POST", "/TraceSummaries", "{}", "missing field `StartTime`"),
        (
            "POST",
            "/TraceSummaries",
            r#"{"StartTime": "noon", "EndTime": 1}"#,
            "expected f64",
        ),
        (
            "POST",
            "/TraceSummaries",
            r#"{"StartTime": 1795219200000, "EndTime": 1}"#,
            "seconds since 1970",
        ),
        (
            "POST",
            "/PutEncryptionConfig",
            "{}",
            "no operation /PutEncryptionConfig",
        ),
        ("POST", "/", "{}", "no operation /"),
        (
            "GET",
            "/ServiceGraph",
            "",
            "/ServiceGraph accepts only POST",
        ),
    ] {
        let (status, head, response) = process.request(method, path, body);
        assert_eq!(status, 400, "{path}");
        assert!(
            head.contains("x-amzn-errortype: invalidrequestexception"),
            "{head}"
        );
        let text = response["Message"].as_str().unwrap();
        assert!(text.contains(message), "{text}");
    }
    let (status, _, response) = process.request("POST", "/Groups", "");
    assert_eq!((status, response), (200, json!({ "Groups": [] })));
    let too_large_body = format!(
        "{{\"TraceSegmentDocuments\": [\"{}\"]}}",
        "x".repeat(9 * 1024 * 1024)
    );
    assert_eq!(
        process.request("POST", "/TraceSegments", &too_large_body).0,
        400
    );
    process.stop(Signal::TERM);
}

#[test]
fn an_invalid_document_does_not_affect_the_others_in_its_batch() {
    let process = Process::start(&[]);
    let put_documents = |documents: Vec<String>| {
        let body = json!({ "TraceSegmentDocuments": documents }).to_string();
        process.request("POST", "/TraceSegments", &body)
    };
    let mut segment_without_name = segment(2, "", 0, 10);
    segment_without_name["name"] = Value::Null;
    let too_large_document = json!({ "metadata": "x".repeat(65_536) });
    let documents = [
        segment(1, "shop", 0, 10),
        segment_without_name,
        too_large_document,
    ]
    .map(|document| document.to_string());
    let (status, _, response) = put_documents(documents.to_vec());
    assert_eq!(status, 200);
    assert_eq!(
        response["UnprocessedTraceSegments"],
        json!([
            { "Id": "0000000000000002", "ErrorCode": "MissingName", "Message": "Invalid segment. ErrorCode: MissingName" },
            { "Id": null, "ErrorCode": "DocumentTooLarge", "Message": "Invalid segment. ErrorCode: DocumentTooLarge" },
        ])
    );
    assert_eq!(process.status()["Documents"], 1);
    let (status, _, response) = put_documents(vec![documents[0].clone(); 51]);
    assert_eq!(status, 400);
    let message = response["Message"].as_str().unwrap();
    assert!(
        message.starts_with("TraceSegmentDocuments: expected 1 to 50 elements, not 51"),
        "{message}"
    );
    let record = json!({ "TelemetryRecords": [{ "Timestamp": 1.5, "SegmentsReceivedCount": 3 }] });
    assert_eq!(
        process
            .request("POST", "/TelemetryRecords", &record.to_string())
            .2,
        json!({})
    );
    process.stop(Signal::TERM);
}

#[test]
fn options_limit_the_store_and_set_the_rates_of_the_default_rule() {
    let process = Process::start(&[
        "--max-traces",
        "0",
        "--default-rate",
        "1",
        "--default-reservoir",
        "7",
    ]);
    process.send_datagram(&build_datagram(&segment(1, "shop", 0, 10)));
    process.wait_for_status(|status| status["EvictedTraces"] == 1);
    let rules = process.request("POST", "/GetSamplingRules", "").2;
    let rule = &rules["SamplingRuleRecords"][0]["SamplingRule"];
    assert_eq!(
        (&rule["FixedRate"], &rule["ReservoirSize"]),
        (&json!(1.0), &json!(7))
    );

    process.stop(Signal::TERM);
}

#[test]
fn a_port_in_use_and_an_invalid_rate_end_the_program_with_an_error() {
    let process = Process::start(&[]);
    let run_xray = |arguments: [&str; 2]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xray"));
        command.args(arguments).output().unwrap()
    };
    let port_in_use = run_xray(["--port", &process.address.port().to_string()]);
    assert_eq!(port_in_use.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&port_in_use.stderr).contains("--port"));
    let invalid_rate = run_xray(["--default-rate", "2"]);
    assert_eq!(invalid_rate.status.code(), Some(2));
    process.stop(Signal::TERM);
}
