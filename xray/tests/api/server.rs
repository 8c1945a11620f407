//! The binary: its sockets, its words, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::world::{World, always, like, segment};

/// How long anything may take that is expected to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Time between two looks at what a test waits for.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// An X-Ray in a process of its own.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub otlp: SocketAddr,
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
        let mut after = |mark: &str| {
            let line = lines.find_map(|line| Some(line.unwrap().split_once(mark)?.1.to_owned()));
            line.unwrap()
                .trim_end_matches(", for example:")
                .parse()
                .unwrap()
        };
        let address = after("answers on http://");
        let otlp = after("OTEL_EXPORTER_OTLP_ENDPOINT=http://");
        Self {
            child,
            address,
            otlp,
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends one datagram.
    pub fn send(&self, datagram: &[u8]) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(datagram, self.address).unwrap();
    }

    /// Asks, and returns status, headers and body.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String, Value) {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n",
            self.address
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // One who is refused early may not read all of it.
        let _ = stream.write_all(body.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (
            status,
            head.to_ascii_lowercase(),
            serde_json::from_str(body).unwrap_or_default(),
        )
    }

    pub fn status(&self) -> Value {
        self.ask("GET", "/status", "").2
    }

    /// Waits until the status is so.
    pub fn until(&self, is_so: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if is_so(&status) {
                return;
            }
            assert!(Instant::now() < deadline, "{status}");
            std::thread::park_timeout(POLL_INTERVAL);
        }
    }

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

fn datagram(document: &Value) -> Vec<u8> {
    format!("{{\"format\": \"json\", \"version\": 1}}\n{document:#}\n").into_bytes()
}

#[test]
fn documents_come_by_udp_and_questions_by_tcp() {
    let process = Process::start(&[]);
    for document in like() {
        process.send(&datagram(&document));
    }
    process.until(|status| status["Documents"] == 4);
    let (status, head, answer) = process.ask("POST", "/ServiceGraph", &always().to_string());
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(answer["Services"], json!(World::of(&like()).graph()));
    process.stop(Signal::TERM);
}

#[test]
fn datagrams_up_to_the_largest_are_read_and_odd_ones_counted() {
    let process = Process::start(&[]);
    let mut large = segment(1, "large", 0, 10);
    large["metadata"] = json!({ "x": "x".repeat(65_000) });
    process.send(&datagram(&large));
    for odd in [
        &b"nonsense"[..],
        b"{\"format\":\"json\",\"version\":1}\n",
        b"",
        b"{\"format\":\"json\",\"version\":1}\n{}",
        b"\xff\n\xff",
    ] {
        process.send(odd);
    }
    process.until(|status| status["Documents"] == 1 && status["DatagramsDropped"] == 5);
    process.stop(Signal::INT);
}

#[test]
fn errors_have_the_apis_own_form() {
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
        ("GET", "/ServiceGraph", "", "asked by POST"),
    ] {
        let (status, head, answer) = process.ask(method, path, body);
        assert_eq!(status, 400, "{path}");
        assert!(
            head.contains("x-amzn-errortype: invalidrequestexception"),
            "{head}"
        );
        let text = answer["Message"].as_str().unwrap();
        assert!(text.contains(message), "{text}");
    }
    let (status, _, answer) = process.ask("POST", "/Groups", "");
    assert_eq!((status, answer), (200, json!({ "Groups": [] })));
    let huge = format!(
        "{{\"TraceSegmentDocuments\": [\"{}\"]}}",
        "x".repeat(9 * 1024 * 1024)
    );
    assert_eq!(process.ask("POST", "/TraceSegments", &huge).0, 400);
    process.stop(Signal::TERM);
}

#[test]
fn one_bad_document_does_not_spoil_its_batch() {
    let process = Process::start(&[]);
    let put = |documents: Vec<String>| {
        let body = json!({ "TraceSegmentDocuments": documents }).to_string();
        process.ask("POST", "/TraceSegments", &body)
    };
    let mut nameless = segment(2, "", 0, 10);
    nameless["name"] = Value::Null;
    let large = json!({ "metadata": "x".repeat(65_536) });
    let documents =
        [segment(1, "shop", 0, 10), nameless, large].map(|document| document.to_string());
    let (status, _, answer) = put(documents.to_vec());
    assert_eq!(status, 200);
    assert_eq!(
        answer["UnprocessedTraceSegments"],
        json!([
            { "Id": "0000000000000002", "ErrorCode": "MissingName", "Message": "Invalid segment. ErrorCode: MissingName" },
            { "Id": null, "ErrorCode": "DocumentTooLarge", "Message": "Invalid segment. ErrorCode: DocumentTooLarge" },
        ])
    );
    assert_eq!(process.status()["Documents"], 1);
    let (status, _, answer) = put(vec![documents[0].clone(); 51]);
    assert_eq!(status, 400);
    let message = answer["Message"].as_str().unwrap();
    assert!(
        message.starts_with("TraceSegmentDocuments: expected 1 to 50 elements, not 51"),
        "{message}"
    );
    let record = json!({ "TelemetryRecords": [{ "Timestamp": 1.5, "SegmentsReceivedCount": 3 }] });
    assert_eq!(
        process
            .ask("POST", "/TelemetryRecords", &record.to_string())
            .2,
        json!({})
    );
    process.stop(Signal::TERM);
}

#[test]
fn the_command_line_bounds_the_store_and_sets_the_default_rule() {
    let process = Process::start(&[
        "--max-traces",
        "0",
        "--default-rate",
        "1",
        "--default-reservoir",
        "7",
    ]);
    process.send(&datagram(&segment(1, "shop", 0, 10)));
    process.until(|status| status["EvictedTraces"] == 1);
    let rules = process.ask("POST", "/GetSamplingRules", "").2;
    let rule = &rules["SamplingRuleRecords"][0]["SamplingRule"];
    assert_eq!(
        (&rule["FixedRate"], &rule["ReservoirSize"]),
        (&json!(1.0), &json!(7))
    );

    let port = process.address.port().to_string();
    let taken = Command::new(env!("CARGO_BIN_EXE_xray"))
        .args(["--port", &port])
        .output()
        .unwrap();
    assert_eq!(taken.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&taken.stderr).contains("--port"));
    let odd = Command::new(env!("CARGO_BIN_EXE_xray"))
        .args(["--default-rate", "2"])
        .output()
        .unwrap();
    assert_eq!(odd.status.code(), Some(2));
    process.stop(Signal::TERM);
}
