//! Documents of tasks whose containers wait, are checked, or have ended.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ecs::metadata::HealthView;
use ecs::{Binding, Protocol, RestartPolicy};
use serde_json::{Value, json};

use crate::documents::names;
use crate::tasks::{LIKE, PROXY, document, running_task, seconds};

/// The agent lists containers that Docker has not yet created after the others, without an id: `getTaskMetadata` of
/// `agent/handlers/v4/tmdsstate.go`. It does not list them in version 2.
#[tokio::test]
async fn a_container_that_waits_for_another_is_listed_last_and_only_in_version_4() {
    let mut task = running_task();
    task.containers[0].started_at = None;
    task.containers[0].figures = None;
    let v4 = document(&task, &format!("/v4/{PROXY}/task")).await;
    assert_eq!(names(&v4), ["metadata-proxy", "like-service"]);
    let waiting = &v4["Containers"][1];
    assert_eq!(waiting["KnownStatus"], "PULLED");
    assert_eq!(waiting["DesiredStatus"], "RUNNING");
    assert_eq!(waiting["DockerId"], "");
    assert_eq!(waiting["StartedAt"], Value::Null);
    assert_eq!(v4["KnownStatus"], "PULLED");

    let v2 = document(&task, &format!("/{PROXY}/v2/metadata")).await;
    assert_eq!(names(&v2), ["~internal~ecs~pause", "metadata-proxy"]);
    let stats = document(&task, &format!("/v4/{PROXY}/task/stats")).await;
    assert_eq!(stats, json!({ PROXY: {} }));
}

/// `dockerContainerHealthToV2Health` of `agent/handlers/v2/response.go`.
#[tokio::test]
async fn the_health_of_a_container_has_no_status_before_the_first_result() {
    let mut task = running_task();
    for (is_healthy, since, expected) in [
        (None, None, json!({})),
        (
            Some(true),
            Some(seconds(101)),
            json!({ "status": "HEALTHY", "statusSince": "1970-01-01T00:01:41Z" }),
        ),
        (
            Some(false),
            Some(seconds(102)),
            json!({ "status": "UNHEALTHY", "statusSince": "1970-01-01T00:01:42Z" }),
        ),
    ] {
        task.containers[0].health = Some(HealthView { is_healthy, since });
        let container = document(&task, &format!("/v4/{LIKE}")).await;
        assert_eq!(container["Health"], expected);
    }
}

#[tokio::test]
async fn a_container_that_has_ended_shows_its_exit_code_and_the_task_runs_on() {
    let mut task = running_task();
    task.containers[1].finished_at = Some(seconds(105));
    task.containers[1].exit_code = Some(137);
    let document = document(&task, &format!("/v4/{LIKE}/task")).await;
    assert_eq!(document["KnownStatus"], "RUNNING");
    let ended = &document["Containers"][1];
    assert_eq!(ended["KnownStatus"], "STOPPED");
    assert_eq!(ended["ExitCode"], 137);
    assert_eq!(ended["FinishedAt"], "1970-01-01T00:01:45Z");
}

/// `augmentContainerResponse` of `agent/handlers/v4/response.go`.
#[tokio::test]
async fn the_number_of_restarts_is_shown_in_version_4_for_a_container_with_a_restart_policy() {
    let mut task = running_task();
    let mut definition = (*task.definition).clone();
    definition.containers[1].restart_policy = Some(RestartPolicy {
        attempt_period: Duration::from_secs(60),
        ignored_exit_codes: Vec::new(),
    });
    task.definition = definition.into();
    task.containers[1].restart_count = 2;
    let v4 = document(&task, &format!("/v4/{LIKE}/task")).await;
    assert_eq!(v4["Containers"][0]["RestartCount"], Value::Null);
    assert_eq!(v4["Containers"][1]["RestartCount"], 2);
    let v2 = document(&task, &format!("/{LIKE}/v2/metadata/{PROXY}")).await;
    assert_eq!(v2["RestartCount"], Value::Null);
}

#[tokio::test]
async fn the_labels_of_the_task_definition_are_shown_besides_those_of_ecs() {
    let mut task = running_task();
    let mut definition = (*task.definition).clone();
    definition.document["containerDefinitions"][1]["dockerLabels"] = json!({ "team": "a" });
    task.definition = definition.into();
    let labels = document(&task, &format!("/v4/{PROXY}")).await["Labels"].clone();
    assert_eq!(labels["team"], "a");
    assert_eq!(labels["com.amazonaws.ecs.container-name"], "metadata-proxy");
}

#[tokio::test]
async fn a_stopping_task_wants_the_status_stopped_and_reaches_it_with_its_last_container() {
    let mut task = running_task();
    task.is_stopping = true;
    let stopping = document(&task, &format!("/{LIKE}/v2/metadata")).await;
    assert_eq!(stopping["DesiredStatus"], "STOPPED");
    assert_eq!(stopping["KnownStatus"], "RUNNING");
    assert_eq!(stopping["Containers"][0]["DesiredStatus"], "STOPPED");
    assert_eq!(
        stopping["Containers"][0]["KnownStatus"],
        "RESOURCES_PROVISIONED"
    );

    for container in &mut task.containers {
        container.finished_at = Some(seconds(105));
    }
    task.execution_stopped_at = Some(seconds(105));
    let stopped = document(&task, &format!("/{LIKE}/v2/metadata")).await;
    assert_eq!(stopped["KnownStatus"], "STOPPED");
    assert_eq!(stopped["ExecutionStoppedAt"], "1970-01-01T00:01:45Z");
    assert_eq!(stopped["Containers"][0]["KnownStatus"], "STOPPED");
}

/// `Ports` of a task with its own address are those of its task definition, and the agent does not list them.
#[tokio::test]
async fn ports_are_listed_only_if_they_differ_from_those_of_the_task_definition() {
    let mut task = running_task();
    let binding = |container: &str, host_port| Binding {
        container: container.to_owned(),
        container_port: 8080,
        host_port,
        protocol: Protocol::Tcp,
    };
    task.bindings = vec![binding("like-service", 8080)];
    let container = document(&task, &format!("/v4/{LIKE}")).await;
    assert_eq!(container["Ports"], Value::Null);

    task.address = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    task.bindings = vec![
        binding("like-service", 49152),
        binding("metadata-proxy", 49153),
    ];
    let v4 = document(&task, &format!("/v4/{LIKE}")).await;
    let mut port = json!({
        "ContainerPort": 8080, "Protocol": "tcp", "HostPort": 49152, "HostIp": "127.0.0.1",
    });
    assert_eq!(v4["Ports"], json!([port]));
    let v2 = document(&task, &format!("/{LIKE}/v2/metadata/{LIKE}")).await;
    port.as_object_mut().unwrap().remove("HostIp");
    assert_eq!(v2["Ports"], json!([port]));
}
