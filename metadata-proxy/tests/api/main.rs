//! The metadata proxy over real sockets. The endpoint's side of the wire is a raw socket, so that
//! each byte sent to it can be looked at.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::Value;
use test_support::program::Program;
use test_support::service::Service;

#[cfg(target_os = "linux")]
mod accept;
mod drain;
mod endpoint;
mod failures;
mod paths;
mod start;
mod wire;

use endpoint::Endpoint;

const BINARY: &str = env!("CARGO_BIN_EXE_metadata-proxy");

const METADATA_URI: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// What the proxy needs to start; the address is one where nothing answers.
const REQUIRED: &[(&str, &str)] = &[(METADATA_URI, "http://127.0.0.1:9/v4/none")];

const REJECTED_VALUES: &[(&str, &str)] = &[
    (METADATA_URI, ""),
    (METADATA_URI, "169.254.170.2/v4/a"),
    (METADATA_URI, "https://169.254.170.2/v4/a"),
    (METADATA_URI, "http://169.254.170.2"),
    (METADATA_URI, "http://169.254.170.2/v4/../v2/credentials"),
    (METADATA_URI, "http://user@169.254.170.2/v4/a"),
    ("METADATA_TIMEOUT_MS", "0"),
    ("METADATA_TIMEOUT_MS", "2s"),
];

const PROGRAM: Program = Program {
    binary: BINARY,
    required: REQUIRED,
    without_default: &[METADATA_URI],
    rejected_values: REJECTED_VALUES,
};

test_support::bodies_tests!(crate::PROGRAM);
test_support::shell_tests!(crate::PROGRAM);
test_support::variables_tests!(crate::PROGRAM);

/// A proxy without an endpoint.
fn start() -> Service {
    PROGRAM.start()
}

/// A proxy of this endpoint, which it asks nothing until it is asked itself.
fn start_before(endpoint: &Endpoint, more: &[(&str, &str)]) -> Service {
    let uri = endpoint.uri();
    let service = Service::start(BINARY, &[&[(METADATA_URI, &*uri)], more].concat());
    assert!(endpoint.take_heads().is_empty());
    service
}

/// Status and body of `GET path`, sent as it is written here.
fn get(service: &Service, path: &str) -> (u16, String) {
    let (head, body) = ask(service, &format!("GET {path} HTTP/1.1"));
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), body)
}

/// Head and body of the answer to a request with this first line.
fn ask(service: &Service, line: &str) -> (String, String) {
    let request = format!("{line}\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = service.send_raw(request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// The code of an error in the project's form.
fn code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect(body);
    assert!(body["error"]["message"].is_string(), "{body}");
    body["error"]["code"].as_str().expect("a code").to_owned()
}
