//! The guard of the X-Ray that runs alone.

use std::net::SocketAddr;
use std::process::Command;

use reqwest::{Client, Method, RequestBuilder, StatusCode};

use crate::server::Process;

/// A request for the X-Ray API and one for OTLP, to the name `host`.
fn requests(process: &Process, host: &str, method: &Method) -> [RequestBuilder; 2] {
    let client = Client::builder().no_proxy().build().unwrap();
    let to = |address: SocketAddr, path: &str| {
        client
            .request(method.clone(), format!("http://{address}{path}"))
            .header("Host", host.replace("PORT", &address.port().to_string()))
            .header("Content-Type", "application/json")
            .body("{}")
    };
    [
        to(process.address, "/GetSamplingRules"),
        to(process.otlp, "/v1/traces"),
    ]
}

#[tokio::test]
async fn foreign_hosts_and_every_origin_are_refused_with_an_error_that_clients_show() {
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
        // The lab serves a site there; this X-Ray has none.
        (
            "localhost:PORT",
            Some("http://localhost:3000"),
            "--allowed-origin",
        ),
    ] {
        for mut request in requests(&process, host, &Method::POST) {
            if let Some(origin) = origin {
                request = request.header("Origin", origin);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{host} {origin:?}");
            let allows = answer.headers().get("access-control-allow-origin");
            assert_eq!(allows, None);
            let error: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(error["__type"], "AccessDeniedException");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(option), "{message}");
        }
    }
    for request in requests(&process, "LocalHost:PORT", &Method::POST) {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn options_allow_a_host_and_origins() {
    let process = Process::start(&[
        "--allowed-host",
        "xray.example",
        "--allowed-origin",
        "https://app.example",
        "--allowed-origin",
        "http://localhost:5173",
    ]);
    for origin in ["https://app.example", "http://localhost:5173"] {
        for request in requests(&process, "xray.example:PORT", &Method::OPTIONS) {
            let preflight = request
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "content-type, x-amz-date");
            let answer = preflight.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::NO_CONTENT);
            let headers = answer.headers();
            assert_eq!(headers["access-control-allow-origin"], origin);
            assert_eq!(
                headers["access-control-allow-headers"],
                "content-type, x-amz-date"
            );
        }
        for request in requests(&process, "xray.example", &Method::POST) {
            let answer = request.header("Origin", origin).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["access-control-allow-origin"], origin);
        }
    }
    for request in requests(&process, "xray.example", &Method::OPTIONS) {
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
fn an_origin_that_every_page_can_have_is_no_option() {
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
