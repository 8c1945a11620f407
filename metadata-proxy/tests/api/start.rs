//! Tests of the proxy's behaviour at its start.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::endpoint::{Endpoint, Reply};
use crate::{BINARY, REQUIRED_VARIABLES, get, start_proxy};
use test_support::service::run_to_end;

#[test]
fn without_the_address_of_the_endpoint_the_proxy_exits_with_64_and_says_that_ecs_sets_it() {
    let output = run_to_end(BINARY, &[], &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{error}");
    assert!(error.contains("ECS_CONTAINER_METADATA_URI_V4"), "{error}");
    assert!(error.contains("ECS sets it"), "{error}");
}

/// Starts a proxy without the variable `PORT`, and returns the log line that contains the port. If another
/// program uses the port, returns the error message of the proxy.
fn startup_message_without_port() -> String {
    let mut proxy = Command::new(BINARY)
        .env_clear()
        .envs(REQUIRED_VARIABLES.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(proxy.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let listening_line = lines.find(|line| line.contains("is listening"));
    let _ = proxy.kill();
    let output = proxy.wait_with_output().unwrap();
    listening_line.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_default_port_is_8001() {
    let message = startup_message_without_port();
    let is_listening = message.contains(r#""port":8001"#);
    assert!(
        is_listening || message.contains("cannot listen on port 8001"),
        "{message}"
    );
}

#[test]
fn loglevel_filters_all_log_lines_except_access_lines() {
    for (level, is_shown) in [("ERROR", false), ("INFO", true)] {
        let endpoint = Endpoint::start();
        let proxy = start_proxy(&endpoint, &[("LOGLEVEL", level)]);
        endpoint.set_reply(Reply::from_parts("500 Wrong", "", ""));
        assert_eq!(get(&proxy, "/v4").0, 502);
        let (_, lines) = proxy.stop();
        let has_line_with = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(has_line_with("status 500"), "{level}: {lines:#?}");
        assert_eq!(has_line_with("draining"), is_shown, "{level}: {lines:#?}");
        // Access lines are logged at every level.
        assert!(has_line_with(r#""path":"/v4""#), "{level}: {lines:#?}");
    }
}
