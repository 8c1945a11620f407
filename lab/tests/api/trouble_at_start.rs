//! A lab that cannot start says why, and leaves nothing behind.

use std::net::TcpListener;
use std::process::Output;

use crate::process::{Directory, Lab, output};

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_taken_port_is_named_with_its_option() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in [
        "--site-port",
        "--alb-port",
        "--dynamodb-port",
        "--aws-port",
        "--xray-port",
        "--otlp-port",
    ] {
        let ended = output(&[], &[option, &port]);
        let error = error(&ended);
        assert_eq!(ended.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("port {port} is in use")), "{error}");
        assert!(error.contains(option), "{error}");
        assert!(ended.stdout.is_empty());
    }
}

#[test]
fn a_second_lab_on_the_same_ports_says_so_and_the_first_goes_on() {
    let mut first = Lab::start(&[]);
    let alb = first.endpoints().alb;
    let port = alb.rsplit(':').next().unwrap();
    let second = output(&[], &["--alb-port", port]);
    assert_eq!(second.status.code(), Some(1));
    assert!(error(&second).contains("--alb-port"));
    assert!(!first.has_ended());
}

#[test]
fn an_environment_that_a_service_refuses_ends_the_lab_with_the_services_words() {
    for (name, value) in [
        ("LOG_FORMAT", "xml"),
        ("CHAOS_STRESS_CPU_MS", "soon"),
        ("DDB_TIMEOUT_MS", "0"),
    ] {
        let ended = output(&[(name, value)], &[]);
        let error = error(&ended);
        assert_eq!(ended.status.code(), Some(64), "{error}");
        assert!(
            error.contains(name) && error.contains("expected"),
            "{error}"
        );
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let directory = Directory::new();
    let file = directory.path("file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    let ended = output(&[], &["--data-dir", file]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(error(&ended).contains(file), "{}", error(&ended));
    let inside = format!("{file}/endpoints.json");
    let ended = output(&[], &["--endpoints-file", &inside]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(error(&ended).contains(&inside), "{}", error(&ended));
}

#[test]
fn an_option_that_makes_no_sense_is_a_usage_error() {
    for arguments in [
        ["--like-tasks", "0"],
        ["--chaos", "maybe"],
        ["--tracing", "yes"],
    ] {
        let ended = output(&[], &arguments);
        assert_eq!(ended.status.code(), Some(2));
        assert!(error(&ended).contains(arguments[0]), "{}", error(&ended));
    }
}
