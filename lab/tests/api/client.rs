//! HTTP as the tests speak it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::{MYSFIT, PATIENCE};

/// A client that heeds no proxy of the machine.
pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// The body of `GET url`, which must answer 200.
pub async fn get(url: &str) -> String {
    let answer = client().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.unwrap()
}

/// The status of a like through the load balancer at `alb`.
pub async fn like(client: &Client, alb: &str) -> u16 {
    let url = format!("{alb}/mysfits/{MYSFIT}/like");
    let answer = client.post(url).send().await.unwrap();
    let status = answer.status();
    if status.is_server_error() {
        // Shown if the test fails.
        eprintln!(
            "{status} {:?} {:?}",
            answer.headers().clone(),
            answer.text().await
        );
    }
    status.as_u16()
}

/// How often the mysfit has been liked.
pub async fn likes(alb: &str) -> u64 {
    let profile = get(&format!("{alb}/mysfits/{MYSFIT}")).await;
    let profile: Value = serde_json::from_str(&profile).unwrap();
    profile["likes"].as_str().unwrap().parse().unwrap()
}

/// Sends these bytes on a connection of their own and reads until the other side closes it.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The other side may answer and close before it has read all of it.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The cluster of the lab.
pub const CLUSTER: &str = "Cluster-mysfits";

/// A call of an operation of ECS at the AWS endpoint `aws`.
pub fn ecs_request(aws: &str, operation: &str, request: &Value) -> RequestBuilder {
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    client()
        .post(aws)
        .header("X-Amz-Target", target)
        .header("Content-Type", "application/x-amz-json-1.1")
        .body(request.to_string())
}

/// Calls an operation of ECS. Returns the status and the body.
pub async fn ecs(aws: &str, operation: &str, request: &Value) -> (u16, Value) {
    let answer = ecs_request(aws, operation, request).send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

/// Removes what only the description of a task definition has. `RegisterTaskDefinition` refuses these members.
pub fn remove_read_only(definition: &mut serde_json::Map<String, Value>) {
    for name in [
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
    ] {
        definition.remove(name);
    }
}
