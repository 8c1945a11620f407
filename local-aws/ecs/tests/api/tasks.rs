//! Tasks: list, describe, stop.

use serde_json::{Value, json};

use crate::cluster::{Cluster, definition};

const ARN: &str = "arn:aws:ecs:us-east-1:000000000000:";

async fn describe(cluster: &Cluster, task: &str) -> Value {
    let request = json!({ "cluster": "market", "tasks": [task] });
    let mut response = cluster.call("DescribeTasks", request).await;
    assert_eq!(response["failures"], json!([]));
    response["tasks"][0].take()
}

/// The members of the AWS CLI's example of `describe-tasks`, without those of images, subnets and MAC addresses, which a local
/// task does not have.
#[tokio::test]
async fn a_running_task_is_described() {
    let cluster = Cluster::start().await;
    let deployment = cluster.service().await["deployments"][0]["id"].clone();
    let arn = cluster.tasks().await.remove(0);
    let id = arn.strip_prefix(&format!("{ARN}task/market/")).unwrap();
    let mut task = describe(&cluster, id).await;
    assert_eq!(describe(&cluster, &arn).await, task);
    assert_eq!(describe(&cluster, &format!("{ARN}task/{id}")).await, task);
    let container = task["containers"][0].take();
    let [attachment] = &task["attachments"].as_array().unwrap()[..] else {
        panic!("one attachment: {task}");
    };
    let address = attachment["details"][0]["value"].as_str().unwrap();
    assert!(address.starts_with("127.0.1."));
    assert_eq!(
        container,
        json!({
            "containerArn": container["containerArn"],
            "taskArn": arn,
            "name": "web",
            "image": "shop",
            "runtimeId": container["runtimeId"],
            "lastStatus": "RUNNING",
            "networkBindings": [{ "bindIP": address, "containerPort": 8080, "hostPort": 8081, "protocol": "tcp" }],
            "networkInterfaces": [{ "attachmentId": attachment["id"], "privateIpv4Address": address }],
            "healthStatus": "HEALTHY",
            "cpu": "0",
            "memory": "128",
        })
    );
    let prefix = format!("{ARN}container/market/{id}/");
    assert!(
        container["containerArn"]
            .as_str()
            .unwrap()
            .starts_with(&prefix)
    );
    assert!(
        container["runtimeId"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{id}-"))
    );
    for time in ["createdAt", "startedAt", "connectivityAt"] {
        assert!(task[time].is_f64(), "{time}");
    }
    assert_eq!(
        task,
        json!({
            "attachments": [{
                "id": attachment["id"],
                "type": "ElasticNetworkInterface",
                "status": "ATTACHED",
                "details": [{ "name": "privateIPv4Address", "value": address }],
            }],
            "attributes": [],
            "availabilityZone": "us-east-1a",
            "clusterArn": format!("{ARN}cluster/market"),
            "connectivity": "CONNECTED",
            "connectivityAt": task["connectivityAt"],
            "containers": [null],
            "cpu": "256",
            "createdAt": task["createdAt"],
            "desiredStatus": "RUNNING",
            "enableExecuteCommand": false,
            "ephemeralStorage": { "sizeInGiB": 20 },
            "fargateEphemeralStorage": { "sizeInGiB": 20 },
            "group": "service:shop",
            "healthStatus": "HEALTHY",
            "lastStatus": "RUNNING",
            "launchType": "FARGATE",
            "memory": "512",
            "overrides": { "containerOverrides": [{ "name": "web" }], "inferenceAcceleratorOverrides": [] },
            "platformFamily": "Linux",
            "platformVersion": "1.4.0",
            "startedAt": task["startedAt"],
            "startedBy": deployment,
            "tags": [],
            "taskArn": arn,
            "taskDefinitionArn": format!("{ARN}task-definition/shop:1"),
            "version": task["version"],
        })
    );
}

#[tokio::test]
async fn a_task_that_has_not_started_has_no_address() {
    let cluster = Cluster::start().await;
    cluster
        .call("RegisterTaskDefinition", definition("slow"))
        .await;
    let update = json!({ "cluster": "market", "service": "shop", "taskDefinition": "shop:2" });
    cluster.call("UpdateService", update).await;
    let service = cluster
        .wait_until("pending tasks", |it| it["pendingCount"] == 2)
        .await;
    let started_by = &service["deployments"][0]["id"];
    let request = json!({ "cluster": "market", "startedBy": started_by });
    let tasks = cluster.call("ListTasks", request).await;
    let mut task = describe(&cluster, tasks["taskArns"][0].as_str().unwrap()).await;
    let container = task["containers"][0].take();
    assert_eq!(
        (&task["lastStatus"], &container["lastStatus"]),
        (&json!("PENDING"), &json!("PENDING"))
    );
    assert_eq!(
        (&task["healthStatus"], &task["attachments"]),
        (&json!("UNKNOWN"), &json!([]))
    );
    for absent in ["connectivity", "startedAt", "stopCode"] {
        assert!(task.get(absent).is_none(), "{absent}");
    }
    assert!(container.get("runtimeId").is_none());
}

/// Sources: `docs.aws.amazon.com`, API reference, `StopTask` and `DescribeTasks`; the default reason is that of the ECS
/// developer guide, "Amazon ECS stopped tasks error messages".
#[tokio::test]
async fn a_stopped_task_is_described_with_its_reason() {
    let cluster = Cluster::start().await;
    let tasks = cluster.tasks().await;
    for (task, reason, expected) in [
        (&tasks[0], json!("too old"), "too old"),
        (&tasks[1], Value::Null, "Task stopped by user"),
    ] {
        let request = json!({ "cluster": "market", "task": task, "reason": reason });
        let response = cluster.call("StopTask", request).await;
        let stopping = &response["task"];
        assert_eq!(
            (&stopping["desiredStatus"], &stopping["stopCode"]),
            (&json!("STOPPED"), &json!("UserInitiated"))
        );
        assert_eq!(
            (&stopping["stoppedReason"], &stopping["taskArn"]),
            (&json!(expected), &json!(task))
        );
        assert!(stopping["stoppingAt"].is_f64());
    }
    cluster.ecs.steady("shop").await;
    let mut found = describe(&cluster, &tasks[0]).await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while found["lastStatus"] != "STOPPED" {
        assert!(
            std::time::Instant::now() < deadline,
            "never stopped: {found}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        found = describe(&cluster, &tasks[0]).await;
    }
    assert_eq!(found["containers"][0]["exitCode"], 143);
    assert_eq!(found["containers"][0]["lastStatus"], "STOPPED");
    assert_eq!(found["attachments"][0]["status"], "DELETED");
    assert!(found["stoppedAt"].as_f64() >= found["executionStoppedAt"].as_f64());
    let stopped = json!({ "cluster": "market", "desiredStatus": "STOPPED", "serviceName": "shop" });
    let stopped = cluster.pages("ListTasks", "taskArns", stopped, 1).await;
    let mut expected: Vec<Value> = tasks.iter().map(|task| json!(task)).collect();
    expected.sort_by_key(|task| task.to_string());
    assert_eq!(stopped, expected);
    assert!(
        cluster
            .tasks()
            .await
            .iter()
            .all(|task| !tasks.contains(task))
    );
    // A task that has stopped can be stopped again.
    let request = json!({ "cluster": "market", "task": tasks[0], "reason": "again" });
    let response = cluster.call("StopTask", request).await;
    assert_eq!(response["task"]["stoppedReason"], "too old");
}

#[tokio::test]
async fn lists_of_tasks_are_filtered() {
    let cluster = Cluster::start().await;
    let tasks = cluster.tasks().await;
    let kiosk = cluster.start_kiosk().await;
    let started_by = cluster.service().await["deployments"][0]["id"].clone();
    for (filter, count) in [
        (json!({ "serviceName": "shop" }), 2),
        (
            json!({ "serviceName": format!("{ARN}service/market/shop") }),
            2,
        ),
        (json!({ "family": "shop" }), 2),
        (json!({ "family": "other" }), 0),
        (json!({ "startedBy": started_by }), 2),
        (json!({ "startedBy": "ecs-svc/1" }), 0),
        (json!({ "serviceName": "kiosk" }), 1),
        (json!({ "family": "kiosk" }), 1),
        (json!({ "launchType": "FARGATE" }), 3),
        (json!({ "desiredStatus": "RUNNING" }), 3),
        (json!({ "desiredStatus": "PENDING" }), 0),
        (json!({ "desiredStatus": "STOPPED" }), 0),
    ] {
        let mut request = filter;
        request["cluster"] = json!("market");
        let response = cluster.call("ListTasks", request.clone()).await;
        let found = response["taskArns"].as_array().unwrap();
        assert_eq!(found.len(), count, "{request}");
        let is_expected = |arn: &str| match count {
            1 => arn == kiosk,
            2 => arn != kiosk && tasks.iter().any(|task| task == arn),
            _ => true,
        };
        assert!(found.iter().all(|arn| is_expected(arn.as_str().unwrap())));
    }
    let request = json!({ "cluster": "market", "serviceName": "other" });
    let (code, _) = cluster.refusal("ListTasks", request).await;
    assert_eq!(code, "ServiceNotFoundException");
    let request = json!({ "cluster": "market", "serviceName": "shop", "startedBy": "ecs-svc/1" });
    let (code, _) = cluster.refusal("ListTasks", request).await;
    assert_eq!(code, "InvalidParameterException");
}

/// Sources of the messages: public logs of AWS CLI users ("taskId length …", "Tasks cannot be empty."), and
/// apache/airflow's tests of StopTask.
#[tokio::test]
async fn unknown_tasks_are_refused() {
    let cluster = Cluster::start().await;
    let unknown = "0".repeat(32);
    let request = json!({ "cluster": "market", "tasks": [unknown] });
    assert_eq!(
        cluster.call("DescribeTasks", request).await,
        json!({ "tasks": [], "failures": [{ "arn": format!("{ARN}task/market/{unknown}"), "reason": "MISSING" }] })
    );
    for (operation, request, expected) in [
        (
            "DescribeTasks",
            json!({ "tasks": ["None"] }),
            "taskId length should be one of [32,36]",
        ),
        (
            "DescribeTasks",
            json!({ "tasks": [] }),
            "Tasks cannot be empty.",
        ),
        (
            "StopTask",
            json!({ "task": "" }),
            "taskId length should be one of [32,36]",
        ),
        (
            "StopTask",
            json!({ "task": unknown }),
            "The referenced task was not found.",
        ),
        (
            "StopTask",
            json!({ "task": unknown, "reason": "r".repeat(1025) }),
            "1024",
        ),
    ] {
        let mut request = request;
        request["cluster"] = json!("market");
        let (code, message) = cluster.refusal(operation, request).await;
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(expected), "{message}");
    }
}
