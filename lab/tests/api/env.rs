//! The verb `env`: the shell commands for the AWS clients.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use crate::PATIENCE;
use crate::client::client;
use crate::process::{Directory, Endpoints, Lab};

/// Names of `env` that `infra/script/env` does not print: the reader signs in to AWS with their own credentials.
const NAMES_OF_THE_LAB: [&str; 3] = [
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
];

/// Runs the verb. The command finds no programs, except those in `path`.
fn env(url: &str, variables: &[(&str, &str)], path: &Path) -> Output {
    let port = url.rsplit(':').next().unwrap();
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["env", "--aws-port", port])
        .env_clear()
        .envs(variables.iter().copied())
        .env("PATH", path)
        .output()
        .unwrap()
}

/// The commands for the running lab.
fn commands(endpoints: &Endpoints) -> String {
    let output = env(&endpoints.aws, &[], Path::new("/nonexistent"));
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a script in a shell, and returns the variables of the program that the script starts at its end.
fn variables_after(
    shell: &str,
    script: &str,
    variables: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let output = Command::new(shell)
        .args(["-euc", &format!("{script}\n/usr/bin/env -0")])
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{shell}: {output:?}");
    let output = String::from_utf8(output.stdout).unwrap();
    let lines = output.split_terminator('\0');
    let pairs = lines.map(|line| line.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The names that the commands of `script` export.
fn exported_names(script: &str) -> Vec<&str> {
    let lines = script
        .lines()
        .filter_map(|line| line.strip_prefix("export "));
    lines.map(|line| line.split_once('=').unwrap().0).collect()
}

/// Writes a program that runs `script`.
fn write_program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn the_commands_set_the_names_of_the_running_labs_resources() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let commands = commands(&endpoints);
    let set = variables_after("sh", &commands, &[]);
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoints.aws.as_str()),
        ("AWS_ACCESS_KEY_ID", "lab"),
        ("AWS_SECRET_ACCESS_KEY", "lab"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_PAGER", ""),
        ("ALB", &endpoints.alb),
        ("TABLE", &endpoints.table),
        ("CLUSTER", "Cluster-mysfits"),
        ("LIKE_SERVICE", "Mythical-Like-Service-mysfits"),
        ("MONOLITH_SERVICE", "Mythical-Monolith-Service-mysfits"),
    ] {
        assert_eq!(set.get(name).map(String::as_str), Some(value), "{name}");
    }
    // Each ARN is one that the load balancer's API knows.
    for (name, action) in [
        ("LISTENER", "DescribeListeners&ListenerArns.member.1"),
        ("LIKE_RULE", "DescribeRules&RuleArns.member.1"),
        ("LIKE_TARGET_GROUP", "DescribeTargetHealth&TargetGroupArn"),
        (
            "MONOLITH_TARGET_GROUP",
            "DescribeTargetHealth&TargetGroupArn",
        ),
    ] {
        let form = format!("Version=2015-12-01&Action={action}={}", set[name]);
        let request = client().post(&endpoints.aws).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(request.send().await.unwrap().status(), 200, "{name}");
    }
}

#[test]
fn shells_run_the_commands_with_and_without_quotation_marks() {
    let lab = Lab::start(&["--chaos", "off"]);
    let commands = commands(&lab.endpoints());
    let before = [
        ("COMMANDS", commands.as_str()),
        ("AWS_PROFILE", "work"),
        ("AWS_SESSION_TOKEN", "secret"),
    ];
    for shell in ["sh", "bash", "dash", "zsh"] {
        if Command::new(shell).args(["-c", ":"]).output().is_err() {
            continue;
        }
        for eval in [r#"eval "$COMMANDS""#, "eval $COMMANDS"] {
            // Unlike the other shells, zsh does not split the value into words.
            let set = variables_after(shell, eval, &before);
            assert_eq!(set["AWS_ACCESS_KEY_ID"], "lab", "{shell} {eval}");
            assert_eq!(
                set["AWS_ENDPOINT_URL"],
                lab.endpoints().aws,
                "{shell} {eval}"
            );
            for name in exported_names(&commands) {
                assert!(set.contains_key(name), "{shell} {eval}: {name}");
            }
            for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN"] {
                assert!(!set.contains_key(name), "{shell} {eval}: {name}");
            }
        }
    }
}

#[test]
fn an_aws_cli_that_ignores_the_variable_of_the_endpoint_gets_an_alias() {
    let lab = Lab::start(&["--chaos", "off"]);
    let url = lab.endpoints().aws;
    let directory = Directory::new();
    let path = directory.path("");
    for (version, is_old) in [("2.9.19", true), ("2.13.0", false)] {
        write_program(
            &path.join("aws"),
            &format!("echo aws-cli/{version} Python/3.11.2"),
        );
        let output = env(&url, &[], &path);
        let printed = String::from_utf8(output.stdout).unwrap();
        let warned = String::from_utf8(output.stderr).unwrap();
        let alias = format!("alias aws='aws --endpoint-url {url}';");
        assert_eq!(
            printed.lines().any(|line| line == alias),
            is_old,
            "{printed}"
        );
        assert_eq!(warned.contains(version), is_old, "{warned}");
    }
}

#[test]
fn the_endpoint_of_one_service_is_unset() {
    let lab = Lab::start(&["--chaos", "off"]);
    let variable = [("AWS_ENDPOINT_URL_DYNAMODB", "http://elsewhere.example")];
    let output = env(&lab.endpoints().aws, &variable, Path::new("/nonexistent"));
    let commands = String::from_utf8(output.stdout).unwrap();
    let set = variables_after("sh", &commands, &variable);
    assert!(!set.contains_key("AWS_ENDPOINT_URL_DYNAMODB"), "{commands}");
}

#[test]
fn without_a_lab_at_the_port_the_message_names_the_option() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = format!("http://{}", free.local_addr().unwrap());
    for (url, message) in [
        (&free, "no lab answers at"),
        (&endpoints.dynamodb, "is not the lab"),
        (&endpoints.alb, "is not the lab"),
    ] {
        let output = env(url, &[], Path::new("/nonexistent"));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        for text in [message, "--aws-port", url] {
            assert!(error.contains(text), "{text}: {error}");
        }
    }
}

/// On a machine of many people another one can listen on the port before the lab does.
#[test]
fn names_that_no_lab_exports_are_not_printed() {
    for name in ["A=1; touch /tmp/file; export B", "PATH", "TABLE x"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let body =
            serde_json::json!([{ "name": "TABLE", "value": "x" }, { "name": name, "value": "x" }]);
        let server = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = BufReader::new(connection.try_clone().unwrap()).lines();
            while request.next().is_some_and(|line| line.unwrap() != "") {}
            let body = body.to_string();
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            connection.write_all((head + &body).as_bytes()).unwrap();
        });
        let output = env(&url, &[], Path::new("/nonexistent"));
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("is not the lab"), "{error}");
    }
}

#[test]
fn an_aws_cli_that_does_not_end_is_not_waited_for() {
    let lab = Lab::start(&["--chaos", "off"]);
    let directory = Directory::new();
    let path = directory.path("");
    write_program(&path.join("aws"), "exec /bin/sleep 60");
    let start = Instant::now();
    let output = env(&lab.endpoints().aws, &[], &path);
    assert!(output.status.success(), "{output:?}");
    assert!(start.elapsed() < PATIENCE / 2, "the command was waited for");
}

#[test]
fn the_script_for_aws_prints_the_same_names() {
    let lab = Lab::start(&["--chaos", "off"]);
    let commands = commands(&lab.endpoints());
    let names = exported_names(&commands);
    let infra = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra");
    let directory = Directory::new();
    let path = directory.path("");
    // The response of DescribeStacks contains the outputs of all templates.
    let outputs = r"sed -n '/^Outputs:/,$s/^  \([A-Za-z]*\):$/output\t\1\tvalue/p' infra/*.yml";
    write_program(&path.join("aws"), outputs);
    let programs = std::env::var("PATH").unwrap();
    let output = Command::new("bash")
        .arg(infra.join("script/env"))
        .args(["--region", "eu-west-1"])
        .env_clear()
        .env("PATH", format!("{}:{programs}", path.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let script = String::from_utf8(output.stdout).unwrap();
    let mut expected = names;
    expected.retain(|name| !NAMES_OF_THE_LAB.contains(name));
    assert_eq!(exported_names(&script), expected);
}
