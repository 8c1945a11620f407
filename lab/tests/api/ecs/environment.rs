//! The environment of tasks: the task definition's, and what the lab adds. Nothing of the reader's environment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Cluster, LIKE_SERVICE, MONOLITH_SERVICE, set_variable};
use crate::client::ecs;
use crate::process::Lab;

/// The page that lists the variables that the lab adds.
const PAGE: &str = include_str!("../../../../docs/local-aws.md");

/// The documented variables that the lab adds to the environment of an image.
fn documented(image: &str) -> BTreeSet<&'static str> {
    let (_, table) = PAGE.split_once("| Image | Variable | Value |\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?, cells.next()?))
    });
    let unquoted = |text: &'static str| text.split(", ").map(|word| word.trim_matches('`'));
    let of_image = rows.filter(|(images, _)| unquoted(images).any(|it| it == "all" || it == image));
    of_image.flat_map(|(_, names)| unquoted(names)).collect()
}

fn environment_of(pid: i32) -> BTreeMap<String, String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let variables = environment.split_terminator('\0');
    variables
        .map(|variable| {
            let (name, value) = variable.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn the_readers_own_keys_and_settings_never_reach_a_task() {
    let reader = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "a secret of the reader"),
        ("AWS_SESSION_TOKEN", "a token of the reader"),
        ("AWS_PROFILE", "production"),
        ("AWS_CONFIG_FILE", "/home/reader/config"),
        ("AWS_REGION", "nowhere-1"),
        ("HOME", "/home/reader"),
        ("PATH", "/home/reader/bin"),
        ("LD_LIBRARY_PATH", "/home/reader/lib"),
        ("HTTPS_PROXY", "http://proxy.example"),
        ("OTEL_SERVICE_NAME", "of the reader"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key=1"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "key=2"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "key=3"),
    ];
    let lab = Lab::start_with(&reader, &["--chaos", "off"]);
    let endpoints = lab.endpoints();
    for task in &endpoints.tasks {
        let service = match task.service.as_str() {
            "monolith" => MONOLITH_SERVICE,
            _ => LIKE_SERVICE,
        };
        let request = json!({ "taskDefinition": service });
        let (_, described) = ecs(&endpoints.aws, "DescribeTaskDefinition", &request).await;
        let container = &described["taskDefinition"]["containerDefinitions"][0];
        let defined = container["environment"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let defined: BTreeMap<_, _> = defined
            .map(|variable| (text(&variable["name"]), text(&variable["value"])))
            .collect();
        let environment = environment_of(task.pid);
        for (name, value) in &defined {
            let value = match name.as_str() {
                // The X-Ray daemon is at the task's address.
                "AWS_XRAY_DAEMON_ADDRESS" => task.url.strip_prefix("http://").unwrap(),
                _ => value,
            };
            let value = value.replace(":8080", ":2000");
            assert_eq!(environment.get(name), Some(&value), "{name}");
        }
        let added: BTreeSet<_> = environment
            .keys()
            .filter(|name| !defined.contains_key(*name))
            .map(String::as_str)
            .collect();
        // The task definition has the address that is replaced.
        let mut documented = documented(&task.service);
        documented.remove("AWS_XRAY_DAEMON_ADDRESS");
        assert_eq!(added, documented, "{}", task.service);
        // A variable with a documented prefix is in the task definition.
        assert_eq!(environment["OTEL_SERVICE_NAME"], "of the reader");
        assert_eq!(environment["AWS_REGION"], "us-east-1");
        let values = environment.values();
        let of_reader = |value: &&String| {
            value.contains("/home/reader")
                || value.contains("AKIDEXAMPLE")
                || value.contains("secret")
                || value.contains("token")
        };
        assert_eq!(values.filter(of_reader).count(), 0, "{environment:?}");
    }
}

#[tokio::test]
async fn a_task_definition_with_another_program_or_a_refused_variable_is_not_registered() {
    let cluster = Cluster::start(&[]);
    let request = json!({ "taskDefinition": LIKE_SERVICE });
    let described = cluster.call("DescribeTaskDefinition", request).await;
    let mut container = described["taskDefinition"]["containerDefinitions"][0].clone();
    // The request has only this container.
    container.as_object_mut().unwrap().remove("dependsOn");
    let container = container;
    let variable = |name: &str| {
        let mut container = container.clone();
        set_variable(&mut container, name, "x");
        container
    };
    let with = |member: &str, value: serde_json::Value| {
        let mut container = container.clone();
        container[member] = value;
        container
    };
    for (container, named) in [
        (with("image", json!("nginx")), "nginx"),
        (with("command", json!(["sh"])), "command"),
        (with("entryPoint", json!(["sh"])), "entryPoint"),
        (variable("LD_PRELOAD"), "LD_PRELOAD"),
        (variable("AWS_CONFIG_FILE"), "AWS_CONFIG_FILE"),
        (variable("AWS_ACCESS_KEY_ID"), "AWS_ACCESS_KEY_ID"),
    ] {
        let request = json!({
            "family": LIKE_SERVICE,
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": described["taskDefinition"]["executionRoleArn"],
            "containerDefinitions": [container],
        });
        let (status, error) = ecs(&cluster.aws, "RegisterTaskDefinition", &request).await;
        assert_eq!(status, 400, "{error}");
        assert!(error.to_string().contains(named), "{named}: {error}");
    }
}
