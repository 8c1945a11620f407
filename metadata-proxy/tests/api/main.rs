//! Tests that run the metadata proxy as a process. The endpoint is a raw socket, so that the tests can check
//! each byte that the proxy sends.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use http_shell::env::Environment;
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

const METADATA_URI_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// The variables that the proxy requires. No server listens on the endpoint's address.
const REQUIRED_VARIABLES: &[(&str, &str)] =
    &[(METADATA_URI_VARIABLE, "http://127.0.0.1:9/v4/none")];

const REJECTED_VALUES: &[(&str, &str)] = &[
    (METADATA_URI_VARIABLE, ""),
    (METADATA_URI_VARIABLE, "169.254.170.2/v4/a"),
    (METADATA_URI_VARIABLE, "https://169.254.170.2/v4/a"),
    (METADATA_URI_VARIABLE, "http://169.254.170.2"),
    (
        METADATA_URI_VARIABLE,
        "http://169.254.170.2/v4/../v2/credentials",
    ),
    (METADATA_URI_VARIABLE, "http://user@169.254.170.2/v4/a"),
    ("METADATA_TIMEOUT_MS", "0"),
    ("METADATA_TIMEOUT_MS", "2s"),
];

const PROGRAM: Program = Program {
    binary: BINARY,
    required: REQUIRED_VARIABLES,
    without_default: &[METADATA_URI_VARIABLE],
    rejected_values: REJECTED_VALUES,
    read_config,
};

/// Reads the configuration from `variables`, without starting the program.
fn read_config(variables: &[(&str, &str)]) -> Result<(), String> {
    let to_owned_pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let env: Environment = variables.iter().map(to_owned_pair).collect();
    let config = metadata_proxy::Config::read(&env);
    config.map(drop).map_err(|error| error.to_string())
}

test_support::bodies_tests!(crate::PROGRAM);
test_support::shell_tests!(crate::PROGRAM);
test_support::variables_tests!(crate::PROGRAM);

/// Starts a proxy whose endpoint cannot be reached.
fn start() -> Service {
    PROGRAM.start()
}

/// Starts a proxy for `endpoint`, and asserts that the proxy sends no request when it starts.
fn start_proxy(endpoint: &Endpoint, variables: &[(&str, &str)]) -> Service {
    let uri = endpoint.uri();
    let service = Service::start(
        BINARY,
        &[&[(METADATA_URI_VARIABLE, &*uri)], variables].concat(),
    );
    assert!(endpoint.take_request_heads().is_empty());
    service
}

/// Sends `GET path` without normalising the path, and returns the status and the body of the response.
fn get(service: &Service, path: &str) -> (u16, String) {
    let (head, body) = send_request(service, &format!("GET {path} HTTP/1.1"));
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), body)
}

/// Sends a request with the given request line, and returns the head and the body of the response.
fn send_request(service: &Service, request_line: &str) -> (String, String) {
    let request = format!("{request_line}\r\nHost: x\r\nConnection: close\r\n\r\n");
    let response = service.send_raw(request.as_bytes());
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    (head.to_owned(), body.to_owned())
}

/// The field `code` in the body of an error response.
fn error_code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect(body);
    assert!(body["error"]["message"].is_string(), "{body}");
    body["error"]["code"].as_str().expect("a code").to_owned()
}
