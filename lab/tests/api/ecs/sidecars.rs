//! Task metadata, and containers beside that of the service: lab 1 and the beginning of lab 3 of the workshop.

#[cfg(target_os = "linux")]
use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Cluster, LIKE_SERVICE, QUICK, set_variable};
use crate::client::{client, get, like};
use crate::found;
use crate::process::Lab;
use crate::xray::always;

/// The container that lab 1 adds.
fn metadata_proxy() -> Value {
    json!({
        "name": "metadata-proxy",
        "image": "metadata-proxy",
        "essential": false,
        "memory": 128,
        "portMappings": [{ "containerPort": 8001, "protocol": "tcp" }],
        "environment": [{ "name": "PORT", "value": "8001" }],
    })
}

/// The document at `url`.
async fn document(url: &str) -> Value {
    serde_json::from_str(&get(url).await).unwrap()
}

/// The address of a task.
#[cfg(target_os = "linux")]
fn address(task: &Value) -> &str {
    let interface = &task["containers"][0]["networkInterfaces"][0];
    interface["privateIpv4Address"].as_str().unwrap()
}

/// A container of a task as `DescribeTasks` shows it.
fn container<'a>(task: &'a Value, name: &str) -> &'a Value {
    let mut containers = task["containers"].as_array().unwrap().iter();
    containers.find(|it| it["name"] == name).unwrap()
}

/// CPU time by the names of containers.
#[cfg(target_os = "linux")]
async fn cpu_times(address: &str) -> BTreeMap<String, u64> {
    let stats = document(&format!("http://{address}:8001/v2/stats")).await;
    let stats = stats.as_object().unwrap().values();
    let stats = stats.filter(|stats| stats["name"].is_string());
    stats
        .map(|stats| {
            let name = stats["name"].as_str().unwrap().to_owned();
            let total = &stats["cpu_stats"]["cpu_usage"]["total_usage"];
            (name, total.as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn the_endpoints_file_names_the_process_of_the_container_with_the_requests() {
    let cluster = Cluster::start(&["--like-tasks", "1"]);
    let arn = cluster
        .register_containers(LIKE_SERVICE, |containers| {
            containers.insert(0, metadata_proxy());
        })
        .await;
    let change = json!({ "taskDefinition": arn });
    cluster.update(LIKE_SERVICE, change).await;
    cluster.stable(LIKE_SERVICE).await;
    let id = cluster.tasks(LIKE_SERVICE, "RUNNING").await[0]["taskArn"].take();
    let task = found("the endpoints file has the new task", async || {
        let endpoints = cluster.lab.endpoints();
        let task = endpoints.of("like-service")[0].clone();
        id.as_str().unwrap().ends_with(&task.id).then_some(task)
    })
    .await;
    assert_eq!(document(&task.metadata).await["Name"], "like-service");
    kill_process(Pid::from_raw(task.pid).unwrap(), Signal::KILL).unwrap();
    let stopped = cluster
        .stopped_task(LIKE_SERVICE, |stopped| stopped["taskArn"] == id)
        .await;
    assert_eq!(container(&stopped, "like-service")["exitCode"], 137);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_sidecar_of_lab_1_shows_which_container_burns_cpu() {
    let cluster = Cluster::start_with(
        &[
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ],
        &["--chaos", "on"],
    );
    let arn = cluster
        .register_containers(LIKE_SERVICE, |containers| containers.push(metadata_proxy()))
        .await;
    cluster
        .update(
            LIKE_SERVICE,
            json!({
                "taskDefinition": arn,
                "deploymentConfiguration": { "minimumHealthyPercent": 50, "maximumPercent": 100 },
            }),
        )
        .await;
    cluster.stable(LIKE_SERVICE).await;
    let task = cluster.tasks(LIKE_SERVICE, "RUNNING").await.remove(0);
    let address = address(&task);

    let metadata = document(&format!("http://{address}:8001/v2/metadata")).await;
    assert_eq!(metadata["TaskARN"], task["taskArn"]);
    assert_eq!(metadata["Revision"], "2");
    assert_eq!(metadata["ServiceName"], LIKE_SERVICE);
    assert_eq!(metadata["Limits"], json!({ "CPU": 0.25, "Memory": 512 }));
    let names = metadata["Containers"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|container| &container["Name"]).collect();
    assert_eq!(names, ["like-service", "x-ray-daemon", "metadata-proxy"]);
    for shown in metadata["Containers"].as_array().unwrap() {
        let described = container(&task, shown["Name"].as_str().unwrap());
        assert_eq!(shown["DockerId"], described["runtimeId"]);
        assert_eq!(shown["ContainerARN"], described["containerArn"]);
        assert_eq!(shown["Networks"][0]["IPv4Addresses"][0], address);
    }

    let before = cpu_times(address).await;
    // The proxy also needs CPU time for each answer, so the likes come first. Each of the two tasks gets one of them.
    for _ in 0..2 {
        assert_eq!(like(&client(), &cluster.alb).await, 200);
    }
    let grown = found("a container burns CPU", async || {
        let now = cpu_times(address).await;
        let growth = |name: &str| now[name] - before[name];
        // A like burns more than a second of CPU time.
        (growth("like-service") > 500_000_000)
            .then(|| ["x-ray-daemon", "metadata-proxy"].map(growth))
    })
    .await;
    assert!(
        grown.iter().all(|growth| *growth < 250_000_000),
        "{grown:?}"
    );
}

#[tokio::test]
async fn the_endpoints_file_has_the_address_of_each_tasks_metadata() {
    let cluster = Cluster::start(&[]);
    for task in cluster.lab.endpoints().tasks {
        let container = document(&task.metadata).await;
        assert!(
            container["DockerId"]
                .as_str()
                .unwrap()
                .starts_with(&task.id)
        );
        assert_eq!(container["Health"]["status"], "HEALTHY");
        let of_task = document(&format!("{}/task", task.metadata)).await;
        assert_eq!(of_task["Containers"][0], container);
        // Statistics come once a second.
        let stats = found("statistics with a reading before", async || {
            let stats = document(&format!("{}/stats", task.metadata)).await;
            stats["precpu_stats"]["system_cpu_usage"]
                .is_u64()
                .then_some(stats)
        })
        .await;
        assert_eq!(stats["id"], container["DockerId"]);
        assert!(stats["memory_stats"]["usage"].as_u64().unwrap() > 1_000_000);
        let base = task.metadata.replace("/v4/", "/");
        let v2 = document(&format!("{base}/v2/metadata")).await;
        assert_eq!(v2["Containers"][0]["Name"], "~internal~ecs~pause");
    }
}

/// The ids of the tasks' processes of an image.
#[cfg(target_os = "linux")]
fn pids(image: &str, address: &str) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let pids = processes.filter_map(|process| {
        let path = process.ok()?.path();
        let arguments = std::fs::read_to_string(path.join("cmdline")).ok()?;
        let arguments: Vec<_> = arguments.split('\0').collect();
        let is_wanted = arguments.get(1..5) == Some(&["task", image, "--address", address]);
        let pid = path.file_name()?.to_str()?.parse().ok()?;
        is_wanted.then(|| Pid::from_raw(pid)).flatten()
    });
    pids.collect()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_sidecar_that_dies_is_seen_and_its_task_runs_on() {
    let cluster = Cluster::start(&["--like-tasks", "1"]);
    let task = cluster.tasks(LIKE_SERVICE, "RUNNING").await.remove(0);
    let daemon = pids("x-ray-daemon", address(&task));
    assert_eq!(daemon.len(), 1);
    kill_process(daemon[0], Signal::KILL).unwrap();
    let task = found("the sidecar has stopped", async || {
        let task = cluster.tasks(LIKE_SERVICE, "RUNNING").await.remove(0);
        (container(&task, "x-ray-daemon")["lastStatus"] == "STOPPED").then_some(task)
    })
    .await;
    assert_eq!(container(&task, "x-ray-daemon")["exitCode"], 137);
    assert_eq!(container(&task, "like-service")["lastStatus"], "RUNNING");
    assert_eq!(task["lastStatus"], "RUNNING");
    cluster.lab.wait_for("like-service-0/x-ray-daemon");
    let metadata = &cluster.lab.endpoints().of("like-service")[0]
        .metadata
        .clone();
    let metadata = document(&format!("{metadata}/task")).await;
    assert_eq!(metadata["Containers"][1]["ExitCode"], 137);
    assert_eq!(like(&client(), &cluster.alb).await, 200);
}

impl Cluster {
    fn start_with(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let lab = Lab::start_with(variables, &[&QUICK[2..], arguments].concat());
        let endpoints = lab.endpoints();
        Self {
            lab,
            aws: endpoints.aws,
            alb: endpoints.alb,
        }
    }

    /// Number of segments of the Like service that X-Ray has.
    async fn segments_of_likes(&self) -> usize {
        let mut request = always();
        request["FilterExpression"] = json!(r#"service("like service")"#);
        let url = format!("{}/TraceSummaries", self.lab.endpoints().xray.api);
        let answer = client().post(url).json(&request).send().await.unwrap();
        let summaries: Value = answer.json().await.unwrap();
        summaries["TraceSummaries"].as_array().unwrap().len()
    }
}

/// Lab 3.1: a task definition with the daemon's container and the exporter.
#[tokio::test]
async fn traces_arrive_once_the_tasks_have_the_daemon() {
    let cluster = Cluster::start(&["--tracing", "off", "--like-tasks", "1"]);
    let task = cluster.tasks(LIKE_SERVICE, "RUNNING").await.remove(0);
    assert_eq!(task["containers"].as_array().unwrap().len(), 1);

    // The exporter alone has nobody to send to.
    cluster
        .deploy(LIKE_SERVICE, |container| {
            set_variable(container, "OTEL_TRACES_EXPORTER", "xray");
            set_variable(container, "OTEL_BSP_SCHEDULE_DELAY", "10");
        })
        .await;
    cluster.stable(LIKE_SERVICE).await;
    let lost = format!("the traces of {LIKE_SERVICE}:2 are lost");
    cluster.lab.wait_for(&lost);
    assert_eq!(like(&client(), &cluster.alb).await, 200);
    assert_eq!(cluster.segments_of_likes().await, 0);

    let arn = cluster
        .register_containers(LIKE_SERVICE, |containers| {
            containers.push(json!({
                "name": "x-ray-daemon",
                "image": "x-ray-daemon",
                "portMappings": [{ "containerPort": 2000, "protocol": "udp" }],
            }));
        })
        .await;
    cluster
        .update(LIKE_SERVICE, json!({ "taskDefinition": arn }))
        .await;
    cluster.stable(LIKE_SERVICE).await;
    found("a trace of a like", async || {
        assert_eq!(like(&client(), &cluster.alb).await, 200);
        (cluster.segments_of_likes().await > 0).then_some(())
    })
    .await;
    assert_eq!(cluster.lab.printed().matches(&lost).count(), 1);
}

#[tokio::test]
async fn a_service_waits_until_the_container_on_which_it_depends_is_healthy() {
    let cluster = Cluster::start(&["--like-tasks", "1"]);
    let arn = cluster
        .register_containers(LIKE_SERVICE, |containers| {
            containers[0]["dependsOn"] =
                json!([{ "containerName": "metadata-proxy", "condition": "HEALTHY" }]);
            let mut proxy = metadata_proxy();
            proxy["healthCheck"] =
                json!({ "command": ["CMD", "/metadata-proxy", "--health-check"], "interval": 5 });
            containers.push(proxy);
        })
        .await;
    cluster
        .update(LIKE_SERVICE, json!({ "taskDefinition": arn }))
        .await;
    cluster.stable(LIKE_SERVICE).await;
    let metadata = found("the new task", async || {
        let endpoints = cluster.lab.endpoints();
        let metadata = &endpoints.of("like-service")[0].metadata;
        let metadata = document(&format!("{metadata}/task")).await;
        (metadata["Revision"] == "2").then_some(metadata)
    })
    .await;
    let containers = metadata["Containers"].as_array().unwrap();
    let of = |name: &str| containers.iter().find(|it| it["Name"] == name).unwrap();
    let healthy_since = of("metadata-proxy")["Health"]["statusSince"]
        .as_str()
        .unwrap();
    let started = of("like-service")["StartedAt"].as_str().unwrap();
    assert!(healthy_since <= started, "{healthy_since} {started}");
}
