//! Unknown operations and parameters.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::cluster::{Cluster, definition};

#[tokio::test]
async fn an_operation_that_is_not_implemented_is_refused_by_its_name() {
    let cluster = Cluster::empty();
    for operation in [
        "CreateService",
        "DeleteService",
        "RunTask",
        "ListAttributes",
    ] {
        let (code, message) = cluster.refusal(operation, json!({})).await;
        assert_eq!(code, "UnknownOperationException");
        assert!(message.contains(operation), "{message}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_not_implemented_is_refused_by_its_name() {
    let cluster = Cluster::start().await;
    let update = |parameter: &str, value| {
        let mut request = json!({ "cluster": "market", "service": "shop" });
        request[parameter] = value;
        ("UpdateService", request, parameter.to_owned())
    };
    let configure = |parameter: &str, value| {
        let configuration = json!({ parameter: value });
        let request = json!({
            "cluster": "market",
            "service": "shop",
            "deploymentConfiguration": configuration,
        });
        ("UpdateService", request, parameter.to_owned())
    };
    let tasks = json!({ "cluster": "market", "containerInstance": "i" });
    for (operation, request, name) in [
        update("enableExecuteCommand", json!(true)),
        update("networkConfiguration", json!({})),
        update("capacityProviderStrategy", json!([])),
        configure(
            "alarms",
            json!({ "alarmNames": ["a"], "enable": true, "rollback": true }),
        ),
        configure("strategy", json!("BLUE_GREEN")),
        configure("bakeTimeInMinutes", json!(1)),
        configure("lifecycleHooks", json!([])),
        configure(
            "deploymentCircuitBreaker",
            json!({ "enable": true, "rollback": true, "resetOnHealthyTask": true }),
        ),
        ("ListTasks", tasks, "containerInstance".to_owned()),
        (
            "DescribeClusters",
            json!({ "include": ["STATISTICS"] }),
            "STATISTICS".to_owned(),
        ),
        (
            "DescribeServices",
            json!({ "cluster": "market", "services": "shop" }),
            "services".to_owned(),
        ),
    ] {
        let (code, message) = cluster.refusal(operation, request).await;
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(&name), "{message}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let (status, body) = Cluster::empty().send("ListClusters", "{").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["__type"], "SerializationException");
}

#[tokio::test]
async fn a_member_that_is_null_is_the_same_as_an_absent_one() {
    let cluster = Cluster::start().await;
    let tasks = cluster
        .call(
            "ListTasks",
            json!({ "cluster": "market", "desiredStatus": null }),
        )
        .await;
    assert_eq!(tasks["taskArns"].as_array().map(Vec::len), Some(2));
    let update = json!({ "cluster": "market", "service": "shop", "forceNewDeployment": null });
    let service = cluster.call("UpdateService", update).await;
    let deployments = service["service"]["deployments"].as_array();
    assert_eq!(deployments.map(Vec::len), Some(1));
    let mut request = definition("shop");
    for member in ["environment", "user", "healthCheck"] {
        request["containerDefinitions"][0][member] = Value::Null;
    }
    let registered = cluster.call("RegisterTaskDefinition", request).await;
    let container = &registered["taskDefinition"]["containerDefinitions"][0];
    assert_eq!(container["environment"], json!([]));
    assert!(container.get("user").is_none());
}

#[tokio::test]
async fn an_enum_that_is_a_number_is_an_invalid_parameter() {
    let cluster = Cluster::start().await;
    let request = json!({ "cluster": "market", "desiredStatus": 1 });
    let (code, message) = cluster.refusal("ListTasks", request).await;
    assert_eq!(code, "InvalidParameterException");
    assert!(message.starts_with("desiredStatus: "), "{message}");
}
