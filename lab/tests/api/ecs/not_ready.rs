//! Calls of ECS while the lab starts.

use std::net::TcpListener;

use serde_json::json;

use super::{Cluster, MONOLITH_SERVICE, QUICK, set_variable};
use crate::client::{CLUSTER, ecs};
use crate::found;
use crate::process::{Lab, PATIENT};

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_cannot_start_does_not_end_a_lab_that_is_not_ready() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let slow = ["--aws-port", &port, "--task-start-seconds", "4"];
    let mut cluster = Cluster {
        lab: Lab::spawn(PATIENT, &[QUICK, &slow].concat()),
        aws: format!("http://127.0.0.1:{port}"),
        alb: String::new(),
    };
    let before = found("the service of the monolith is there", async || {
        let request = json!({ "cluster": CLUSTER, "services": [MONOLITH_SERVICE] });
        // Until the lab listens, there is no response.
        let endpoint = cluster.aws.trim_start_matches("http://");
        std::net::TcpStream::connect(endpoint).ok()?;
        let (_, response) = ecs(&cluster.aws, "DescribeServices", &request).await;
        let definition = response["services"][0]["taskDefinition"].as_str()?;
        Some(definition.to_owned())
    })
    .await;
    cluster
        .deploy(MONOLITH_SERVICE, |container| {
            set_variable(container, "LOGLEVEL", "LOUD");
        })
        .await;
    let stopped = cluster
        .stopped_task(MONOLITH_SERVICE, |task| {
            task["stopCode"] == "EssentialContainerExited"
        })
        .await;
    assert_eq!(stopped["containers"][0]["exitCode"], 64, "{stopped}");
    let change = json!({ "taskDefinition": before });
    cluster.update(MONOLITH_SERVICE, change).await;
    cluster.lab.wait_until_ready();
}
