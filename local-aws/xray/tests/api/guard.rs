//! Tests how the program `xray` checks the headers `Host` and `Origin`.

use std::net::SocketAddr;
use std::process::Command;

use reqwest::{Client, Method, RequestBuilder, StatusCode};

use crate::server::Process;

/// Returns a request to the X-Ray API and a request to the OTLP address. The header `Host` of both requests
/// has the value `host`, in which `PORT` stands for the port of the address.
fn build_requests(process: &Process, host: &str, method: &Method) -> [RequestBuilder; 2] {
    let client = Client::builder().no_proxy().build().unwrap();
    let build_request = |address: SocketAddr, path: &str| {
        client
            .request(method.clone(), format!("http://{address}{path}"))
            .header("Host", host.replace("PORT", &address.port().to_string()))
            .header("Content-Type", "application/json")
            .body("{}")
    };
    [
        build_request(process.address, "/GetSamplingRules"),
        build_request(process.otlp_address, "/v1/traces"),
    ]
}

#[tokio::test]
async fn an_unknown_host_or_any_origin_gets_403_with_an_error_that_names_the_option() {
    let process = Process::start(&[]);
    for (host, origin, option) in [
        ("evil.example:PORT", None, "--allowed-host"),
        ("localhost", None, "--allowed-host"),
        (
            "localhost:PORT",
            Some("https://evil.example"),
            "--allowed-origin",
        ),
        ("localhost:PORT", Some("null"), "--allowed-origin"),
        // Only the lab permits the tested origin, because the lab serves a website, but the program `xray`
        // serves no website.
        (
            "localhost:PORT",
            Some("http://localhost:3000"),
            "--allowed-origin",
        ),
    ] {
        for mut request in build_requests(&process, host, &Method::POST) {
            if let Some(origin) = origin {
                request = request.header("Origin", origin);
            }
            let response = request.send().await.unwrap();
            assert_eq!(
                response.status(),
                StatusCode::FORBIDDEN,
                "{host} {origin:?}"
            );
            let permitted_origin = response.headers().get("access-control-allow-origin");
            assert_eq!(permitted_origin, None);
            let error: serde_json::Value = response.json().await.unwrap();
            assert_eq!(error["__type"], "AccessDeniedException");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(option), "{message}");
        }
    }
    for request in build_requests(&process, "LocalHost:PORT", &Method::POST) {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn the_options_for_hosts_and_origins_permit_requests_with_these_headers() {
    let process = Process::start(&[
        "--allowed-host",
        "xray.example",
        "--allowed-origin",
        "https://app.example",
        "--allowed-origin",
        "http://localhost:5173",
    ]);
    for origin in ["https://app.example", "http://localhost:5173"] {
        for request in build_requests(&process, "xray.example:PORT", &Method::OPTIONS) {
            let preflight = request
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "content-type, x-amz-date");
            let response = preflight.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
            let headers = response.headers();
            assert_eq!(headers["access-control-allow-origin"], origin);
            assert_eq!(
                headers["access-control-allow-headers"],
                "content-type, x-amz-date"
            );
        }
        for request in build_requests(&process, "xray.example", &Method::POST) {
            let response = request.header("Origin", origin).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["access-control-allow-origin"], origin);
        }
    }
    for request in build_requests(&process, "xray.example", &Method::OPTIONS) {
        let preflight = request
            .header("Origin", "https://evil.example")
            .header("Access-Control-Request-Method", "POST");
        assert_eq!(
            preflight.send().await.unwrap().status(),
            StatusCode::FORBIDDEN
        );
    }
}

#[test]
fn a_wildcard_or_invalid_host_or_origin_is_refused_as_an_option() {
    for arguments in [
        ["--allowed-origin", "null"],
        ["--allowed-origin", "*"],
        ["--allowed-origin", "app.example"],
        ["--allowed-host", "*"],
        ["--allowed-host", "http://xray.example"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xray"));
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            error.contains(arguments[0]) && error.contains("expected"),
            "{error}"
        );
    }
}
