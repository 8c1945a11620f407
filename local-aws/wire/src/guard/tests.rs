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

fn listener(port: u16, site_port: Option<u16>, options: &[&str]) -> Listener {
    let parsed = Options::try_parse_from(["test"].iter().chain(options));
    let allowed = parsed.unwrap_or_else(|error| panic!("{error}")).allowed;
    let guard = Guard::new(allowed);
    Listener {
        address: (Ipv4Addr::LOCALHOST, port).into(),
        guard: site_port.map_or(guard.clone(), |port| guard.with_site(port)),
    }
}

fn request(target: &str) -> Builder {
    Request::builder().uri(target)
}

fn accepts(listener: &Listener, request: Builder) -> bool {
    listener
        .refusal(&request.body(Body::empty()).unwrap())
        .is_none()
}

#[test]
fn only_loopback_names_with_the_listeners_port_are_accepted_as_host() {
    let listener = listener(3000, None, &[]);
    let host = |host: &str| accepts(&listener, request("/").header(HOST, host));
    for good in [
        "127.0.0.1:3000",
        "localhost:3000",
        "LocalHost:3000",
        "localhost.:3000",
        "[::1]:3000",
        "127.0.0.2:3000",
        "[::ffff:127.0.0.1]:3000",
    ] {
        assert!(host(good), "{good}");
    }
    for bad in [
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
        assert!(!host(bad), "{bad}");
    }
    assert!(!accepts(
        &listener,
        request("/").header(HOST, "localhost\u{fffd}:3000")
    ));
}

#[test]
fn a_host_without_a_port_means_port_80() {
    let listener = listener(80, None, &[]);
    assert!(accepts(&listener, request("/").header(HOST, "localhost")));
    assert!(accepts(
        &listener,
        request("/").header(HOST, "localhost:80")
    ));
}

#[test]
fn the_address_that_a_listener_is_bound_to_is_a_name_of_it() {
    let bound = |ip: [u8; 4]| Listener {
        address: (ip, 2000).into(),
        guard: Guard::default(),
    };
    let lan = |listener| accepts(&listener, request("/").header(HOST, "192.168.1.7:2000"));
    assert!(lan(bound([192, 168, 1, 7])));
    assert!(!lan(bound([192, 168, 1, 8])));
    assert!(!lan(bound([0, 0, 0, 0])));
    let unspecified = request("/").header(HOST, "0.0.0.0:2000");
    assert!(!accepts(&bound([0, 0, 0, 0]), unspecified));
}

#[test]
fn exactly_one_host_is_needed_and_an_absolute_target_counts_too() {
    let listener = listener(3000, None, &[]);
    assert!(!accepts(&listener, request("/")));
    let twice = || request("/").header(HOST, "localhost:3000");
    assert!(!accepts(&listener, twice().header(HOST, "localhost:3000")));
    assert!(!accepts(&listener, twice().header(HOST, "evil.example")));
    let absolute = |target| accepts(&listener, request(target).header(HOST, "localhost:3000"));
    assert!(absolute("http://127.0.0.1:3000/"));
    assert!(!absolute("http://evil.example:3000/"));
    assert!(!absolute("http://localhost:3000@evil.example/"));
    assert!(!absolute("evil.example:3000"));
    // HTTP/2 has no Host header.
    assert!(accepts(&listener, request("http://127.0.0.1:3000/")));
}

#[test]
fn only_the_sites_origin_is_accepted_unless_an_option_allows_more() {
    let allowed = ["--allowed-origin", "https://App.example"];
    for (options, more) in [(&[][..], false), (&allowed, true)] {
        let xray = listener(2000, Some(3000), options);
        let origin = |origin: &str| {
            let request = request("/").header(HOST, "localhost:2000");
            accepts(&xray, request.header(ORIGIN, origin))
        };
        for site in [
            "http://127.0.0.1:3000",
            "http://localhost:3000",
            "http://[::1]:3000",
        ] {
            assert!(origin(site), "{site}");
        }
        assert_eq!(origin("https://app.example"), more);
        for bad in [
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
            assert!(!origin(bad), "{bad}");
        }
    }
}

#[test]
fn each_of_several_origins_must_be_accepted() {
    let listener = listener(2000, Some(3000), &[]);
    let request = request("/")
        .header(HOST, "localhost:2000")
        .header(ORIGIN, "http://localhost:3000");
    assert!(!accepts(
        &listener,
        request.header(ORIGIN, "https://evil.example")
    ));
}

#[test]
fn without_a_site_no_origin_is_accepted() {
    let listener = listener(2000, None, &[]);
    let request = request("/").header(HOST, "localhost:2000");
    assert!(!accepts(
        &listener,
        request.header(ORIGIN, "http://localhost:2000")
    ));
}

#[test]
fn an_allowed_host_is_accepted_on_any_port_and_names_the_site_too() {
    let listener = listener(3000, Some(3000), &["--allowed-host", "Lab.example"]);
    for host in ["lab.example:3000", "LAB.example.:13000", "lab.example"] {
        assert!(
            accepts(&listener, request("/").header(HOST, host)),
            "{host}"
        );
    }
    for host in [
        "evil.lab.example:3000",
        "lab.example.evil:3000",
        "lab.example:x",
    ] {
        assert!(
            !accepts(&listener, request("/").header(HOST, host)),
            "{host}"
        );
    }
    let page = |origin: &str| {
        let request = request("/").header(HOST, "lab.example:3000");
        accepts(&listener, request.header(ORIGIN, origin))
    };
    assert!(page("http://lab.example:3000"));
    assert!(!page("http://lab.example:3001"));
    assert!(!page("http://evil.example:3000"));
}

proptest! {
    #[test]
    fn no_host_with_a_foreign_name_is_accepted(
        before in "[a-z0-9.@:-]{0,8}", name in "[a-z]{1,8}\\.(example|localhost|1)", after in "(:3000)?",
    ) {
        let host = format!("{before}{name}{after}");
        let is_accepted = accepts(&listener(3000, None, &[]), request("/").header(HOST, &host));
        prop_assert!(!is_accepted, "{}", host);
    }
}
