//! How the proxy starts, or why it does not.

use std::net::{Ipv4Addr, TcpListener};

use crate::endpoint::{Endpoint, Reply};
use crate::service::output;
use crate::{BINARY, REQUIRED, get, start_before};

#[test]
fn outside_of_ecs_it_says_who_sets_the_variable_that_is_missing() {
    let ended = output(BINARY, &[], &[]);
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(64), "{error}");
    assert!(error.contains("ECS_CONTAINER_METADATA_URI_V4"), "{error}");
    assert!(error.contains("ECS sets it"), "{error}");
}

#[test]
fn the_port_is_8001_unless_another_is_named() {
    let names_it = |arguments: &[&str]| {
        let ended = output(BINARY, REQUIRED, arguments);
        assert_eq!(ended.status.code(), Some(1));
        let error = String::from_utf8_lossy(&ended.stderr);
        assert!(error.contains("port 8001"), "{error}");
    };
    // Taken by this test, or by somebody else who may be live.
    let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8001));
    if let Ok(listener) = &taken {
        let listener = listener.try_clone().unwrap();
        // Who checks learns at once that nothing lives here.
        std::thread::spawn(move || listener.accept().map(drop));
        names_it(&["--health-check"]);
    }
    names_it(&[]);
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
