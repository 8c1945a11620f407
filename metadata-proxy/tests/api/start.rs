//! How the proxy starts, or why it does not.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::endpoint::{Endpoint, Reply};
use crate::{BINARY, REQUIRED, get, start_before};
use test_support::service::run_to_end;

#[test]
fn outside_of_ecs_it_says_who_sets_the_variable_that_is_missing() {
    let ended = run_to_end(BINARY, &[], &[]);
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(64), "{error}");
    assert!(error.contains("ECS_CONTAINER_METADATA_URI_V4"), "{error}");
    assert!(error.contains("ECS sets it"), "{error}");
}

/// The line by which a proxy without `PORT` says where it listens, or why it does not: another
/// program may have the port. The proxy listens no longer than until that line.
fn first_words_without_port() -> String {
    let mut proxy = Command::new(BINARY)
        .env_clear()
        .envs(REQUIRED.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(proxy.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let listening = lines.find(|line| line.contains("is listening"));
    let _ = proxy.kill();
    let ended = proxy.wait_with_output().unwrap();
    listening.unwrap_or_else(|| String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn the_port_is_8001_unless_another_is_named() {
    let words = first_words_without_port();
    let listens = words.contains(r#""port":8001"#);
    assert!(
        listens || words.contains("cannot listen on port 8001"),
        "{words}"
    );
}

#[test]
fn the_level_of_the_logs_is_that_of_loglevel() {
    for (level, is_shown) in [("ERROR", false), ("INFO", true)] {
        let endpoint = Endpoint::start();
        let proxy = start_before(&endpoint, &[("LOGLEVEL", level)]);
        endpoint.reply(Reply::with("500 Wrong", "", ""));
        assert_eq!(get(&proxy, "/v4").0, 502);
        let (_, lines) = proxy.stop();
        let has = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(has("status 500"), "{level}: {lines:#?}");
        assert_eq!(has("draining"), is_shown, "{level}: {lines:#?}");
        // Access lines come whatever the level.
        assert!(has(r#""path":"/v4""#), "{level}: {lines:#?}");
    }
}
