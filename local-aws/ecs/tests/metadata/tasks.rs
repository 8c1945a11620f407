//! A task with two containers, and requests about it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use ecs::metadata::{ContainerView, Figures, Found, InterfaceCounters, Reading, TaskView, router};
use ecs::{Container, TaskDefinition, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const TASK: &str = "cd189a933e5849daa93386466019ab50";
pub const LIKE: &str = "cd189a933e5849daa93386466019ab50-2495160603";
pub const PROXY: &str = "cd189a933e5849daa93386466019ab50-1117626119";
pub const PAUSE: &str = "cd189a933e5849daa93386466019ab50-0000000000";

/// A running task with the containers `like-service` and `metadata-proxy`.
pub fn running_task() -> TaskView {
    TaskView {
        cluster: "Cluster".to_owned(),
        id: TASK.to_owned(),
        service: "Like-Service".to_owned(),
        definition: Arc::new(definition()),
        is_stopping: false,
        created_at: seconds(99),
        execution_stopped_at: None,
        address: Some(IpAddr::V4(Ipv4Addr::new(127, 0, 1, 2))),
        bindings: Vec::new(),
        containers: vec![
            ContainerView {
                figures: Some(figures()),
                ..running_container(LIKE)
            },
            running_container(PROXY),
        ],
    }
}

fn running_container(runtime_id: &str) -> ContainerView {
    ContainerView {
        runtime_id: runtime_id.to_owned(),
        started_at: Some(Timestamp(Duration::new(100, 500_000_000))),
        ..ContainerView::default()
    }
}

fn definition() -> TaskDefinition {
    let document = json!({
        "containerDefinitions": [
            {
                "name": "like-service",
                "cpu": 10,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-create-group": "true",
                        "awslogs-group": "like",
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "like-service"
                    }
                }
            },
            { "name": "metadata-proxy" }
        ]
    });
    let Value::Object(document) = document else {
        unreachable!("it is an object");
    };
    TaskDefinition {
        family: "like".to_owned(),
        revision: 5,
        cpu: 256,
        memory: 512,
        containers: vec![
            container("like-service", Some(128)),
            container("metadata-proxy", None),
        ],
        document,
    }
}

fn container(name: &str, memory: Option<u32>) -> Container {
    Container {
        name: name.to_owned(),
        image: name.to_owned(),
        essential: true,
        memory,
        environment: Vec::new(),
        port_mappings: Vec::new(),
        health_check: None,
        depends_on: Vec::new(),
        start_timeout: None,
        restart_policy: None,
        stop_timeout: Duration::from_secs(30),
    }
}

/// A process that used one of two CPUs for half a second of the last second.
pub fn figures() -> Figures {
    let reading = |at: u64, cpu_ms: u64, rx_bytes: u64| Reading {
        at: seconds(at),
        cpu: Duration::from_millis(cpu_ms),
        cpu_in_kernel: Some(Duration::from_millis(cpu_ms / 10)),
        memory: 6_000_000,
        max_memory: 8_000_000,
        machine_cpu: Duration::from_secs(at * 2),
        cpus: 2,
        interface: Some(InterfaceCounters {
            name: "lo".to_owned(),
            rx_bytes,
            tx_bytes: rx_bytes * 2,
            ..InterfaceCounters::default()
        }),
    };
    Figures {
        now: reading(110, 1500, 3000),
        before: Some(reading(109, 1000, 1000)),
    }
}

pub fn seconds(seconds: u64) -> Timestamp {
    Timestamp(Duration::from_secs(seconds))
}

/// Asks an endpoint that knows the two containers of `task`.
pub async fn get(task: &TaskView, path: &str) -> (StatusCode, Value) {
    let (status, body) = send(task, path).await;
    (status, serde_json::from_slice(&body).unwrap())
}

/// The document at `path`.
pub async fn document(task: &TaskView, path: &str) -> Value {
    let (status, document) = get(task, path).await;
    assert_eq!(status, StatusCode::OK, "{document}");
    document
}

/// The status and the body of the response.
pub async fn send(task: &TaskView, path: &str) -> (StatusCode, Vec<u8>) {
    let task = task.clone();
    let router = router(move |token| {
        let container = [LIKE, PROXY].iter().position(|id| *id == token)?;
        let task = task.clone();
        Some(Found { task, container })
    });
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, body.to_vec())
}
