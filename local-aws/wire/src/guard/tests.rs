//! Tests of the hosts and origins that a protected listener accepts.

use std::net::Ipv4Addr;

use axum::http::request::Builder;
use clap::Parser;
use proptest::prelude::*;

use super::*;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    allowed: Allowed,
}

fn listener_on(port: u16, site_port: Option<u16>, options: &[&str]) -> Listener {
    let parsed = Options::try_parse_from(["test"].iter().chain(options));
    let allowed = parsed.unwrap_or_else(|error| panic!("{error}")).allowed;
    let guard = Guard::new(allowed);
    Listener {
        address: (Ipv4Addr::LOCALHOST, port).into(),
        guard: site_port.map_or(guard.clone(), |port| guard.with_site(port)),
    }
}

fn request_to(target: &str) -> Builder {
    Request::builder().uri(target)
}

fn accepts_request(listener: &Listener, request: Builder) -> bool {
    listener
        .rejection_message(&request.body(Body::empty()).unwrap())
        .is_none()
}

#[test]
fn only_loopback_names_with_the_listeners_port_are_accepted_as_host() {
    let listener = listener_on(3000, None, &[]);
    let accepts_host = |host: &str| accepts_request(&listener, request_to("/").header(HOST, host));
    for accepted in [
        "127.0.0.1:3000",
        "localhost:3000",
        "LocalHost:3000",
        "localhost.:3000",
        "[::1]:3000",
        "127.0.0.2:3000",
        "[::ffff:127.0.0.1]:3000",
    ] {
        assert!(accepts_host(accepted), "{accepted}");
    }
    for rejected in [
        "",
        ":3000",
        "localhost",
        "localhost:",
        "127.0.0.1",
        "127.0.0.1:3001",
        "127.0.0.1:+3000",
        "127.0.0.1:68536",
        "127.0.0.1:3000:3000",
        "127.0.0.1:3000,evil.example",
        "127.0.0.1:3000@evil.example",
        "evil@127.0.0.1:3000",
        "evil.example",
        "evil.example:3000",
        "127.0.0.1.evil.example:3000",
        "127.0.0.1.nip.io:3000",
        "localhost.evil.example:3000",
        "evil.localhost:3000",
        "localhost..:3000",
        "0.0.0.0:3000",
        "127.1:3000",
        "0x7f.0.0.1:3000",
        "0177.0.0.1:3000",
        "2130706433:3000",
        "128.0.0.1:3000",
        "192.168.1.7:3000",
        "::1:3000",
        "[::]:3000",
        "[::1:3000",
        "[::1]3000",
        "null",
    ] {
        assert!(!accepts_host(rejected), "{rejected}");
    }
    assert!(!accepts_request(
        &listener,
        request_to("/").header(HOST, "localhost\u{fffd}:3000")
    ));
}

#[test]
fn a_host_without_a_port_is_accepted_only_by_a_listener_on_port_80() {
    let listener = listener_on(80, None, &[]);
    assert!(accepts_request(
        &listener,
        request_to("/").header(HOST, "localhost")
    ));
    assert!(accepts_request(
        &listener,
        request_to("/").header(HOST, "localhost:80")
    ));
}

#[test]
fn the_bound_address_of_a_listener_is_accepted_as_host_unless_it_is_unspecified() {
    let listener_bound_to = |ip: [u8; 4]| Listener {
        address: (ip, 2000).into(),
        guard: Guard::default(),
    };
    let accepts_lan_host =
        |listener| accepts_request(&listener, request_to("/").header(HOST, "192.168.1.7:2000"));
    assert!(accepts_lan_host(listener_bound_to([192, 168, 1, 7])));
    assert!(!accepts_lan_host(listener_bound_to([192, 168, 1, 8])));
    assert!(!accepts_lan_host(listener_bound_to([0, 0, 0, 0])));
    let request_to_unspecified_address = request_to("/").header(HOST, "0.0.0.0:2000");
    assert!(!accepts_request(
        &listener_bound_to([0, 0, 0, 0]),
        request_to_unspecified_address
    ));
}

#[test]
fn a_request_with_no_host_two_host_headers_or_a_foreign_absolute_target_is_rejected() {
    let listener = listener_on(3000, None, &[]);
    assert!(!accepts_request(&listener, request_to("/")));
    let request_with_host = || request_to("/").header(HOST, "localhost:3000");
    assert!(!accepts_request(
        &listener,
        request_with_host().header(HOST, "localhost:3000")
    ));
    assert!(!accepts_request(
        &listener,
        request_with_host().header(HOST, "evil.example")
    ));
    let accepts_target =
        |target| accepts_request(&listener, request_to(target).header(HOST, "localhost:3000"));
    assert!(accepts_target("http://127.0.0.1:3000/"));
    assert!(!accepts_target("http://evil.example:3000/"));
    assert!(!accepts_target("http://localhost:3000@evil.example/"));
    assert!(!accepts_target("evil.example:3000"));
    // An HTTP/2 request contains its authority in the request target and has no Host header.
    assert!(accepts_request(
        &listener,
        request_to("http://127.0.0.1:3000/")
    ));
}

#[test]
fn only_the_origin_of_the_site_and_allowed_origins_are_accepted() {
    let allowed = ["--allowed-origin", "https://App.example"];
    for (options, accepts_app) in [(&[][..], false), (&allowed, true)] {
        let listener = listener_on(2000, Some(3000), options);
        let accepts_origin = |origin: &str| {
            let request = request_to("/").header(HOST, "localhost:2000");
            accepts_request(&listener, request.header(ORIGIN, origin))
        };
        for site in [
            "http://127.0.0.1:3000",
            "http://localhost:3000",
            "http://[::1]:3000",
        ] {
            assert!(accepts_origin(site), "{site}");
        }
        assert_eq!(accepts_origin("https://app.example"), accepts_app);
        for rejected in [
            "",
            "null",
            "*",
            "http://127.0.0.1:2000",
            "http://127.0.0.1:3001",
            "http://127.0.0.1",
            "https://127.0.0.1:3000",
            "http://127.0.0.1:3000/",
            "http://127.0.0.1:3000.evil.example",
            "http://127.0.0.1:3000@evil.example",
            "http://evil.example:3000",
            "http://localhost.evil.example:3000",
            "https://evil.example",
            "https://app.example.evil.example",
            "https://app.example:8443",
            "http://app.example",
            "file://",
        ] {
            assert!(!accepts_origin(rejected), "{rejected}");
        }
    }
}

#[test]
fn a_request_with_one_rejected_origin_among_several_is_rejected() {
    let listener = listener_on(2000, Some(3000), &[]);
    let request = request_to("/")
        .header(HOST, "localhost:2000")
        .header(ORIGIN, "http://localhost:3000");
    assert!(!accepts_request(
        &listener,
        request.header(ORIGIN, "https://evil.example")
    ));
}

#[test]
fn without_a_site_every_origin_is_rejected() {
    let listener = listener_on(2000, None, &[]);
    let request = request_to("/").header(HOST, "localhost:2000");
    assert!(!accepts_request(
        &listener,
        request.header(ORIGIN, "http://localhost:2000")
    ));
}

#[test]
fn an_allowed_host_is_accepted_on_any_port_and_in_the_origin_of_the_site() {
    let listener = listener_on(3000, Some(3000), &["--allowed-host", "Lab.example"]);
    for host in ["lab.example:3000", "LAB.example.:13000", "lab.example"] {
        assert!(
            accepts_request(&listener, request_to("/").header(HOST, host)),
            "{host}"
        );
    }
    for host in [
        "evil.lab.example:3000",
        "lab.example.evil:3000",
        "lab.example:x",
    ] {
        assert!(
            !accepts_request(&listener, request_to("/").header(HOST, host)),
            "{host}"
        );
    }
    let accepts_page = |origin: &str| {
        let request = request_to("/").header(HOST, "lab.example:3000");
        accepts_request(&listener, request.header(ORIGIN, origin))
    };
    assert!(accepts_page("http://lab.example:3000"));
    assert!(!accepts_page("http://lab.example:3001"));
    assert!(!accepts_page("http://evil.example:3000"));
}

proptest! {
    #[test]
    fn a_host_with_a_foreign_name_is_rejected(
        prefix in "[a-z0-9.@:-]{0,8}", name in "[a-z]{1,8}\\.(example|localhost|1)", suffix in "(:3000)?",
    ) {
        let host = format!("{prefix}{name}{suffix}");
        let is_accepted = accepts_request(&listener_on(3000, None, &[]), request_to("/").header(HOST, &host));
        prop_assert!(!is_accepted, "{}", host);
    }
}
