//! Service deployments: list, describe, stop.

use serde_json::{Value, json};

use crate::cluster::{Cluster, definition};

const ARN: &str = "arn:aws:ecs:us-east-1:000000000000:";

async fn deploy(cluster: &Cluster, image: &str) -> Value {
    let registered = cluster
        .call("RegisterTaskDefinition", definition(image))
        .await;
    let request = json!({
        "cluster": "market",
        "service": "shop",
        "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"],
    });
    let response = cluster.call("UpdateService", request).await;
    response["service"]["currentServiceDeployment"].clone()
}

async fn list(cluster: &Cluster, status: Value) -> Vec<Value> {
    let request = json!({ "cluster": "market", "service": "shop", "status": status });
    let response = cluster.call("ListServiceDeployments", request).await;
    response["serviceDeployments"].as_array().unwrap().clone()
}

async fn describe(cluster: &Cluster, arn: &Value) -> Value {
    let request = json!({ "serviceDeploymentArns": [arn] });
    let mut response = cluster.call("DescribeServiceDeployments", request).await;
    assert_eq!(response["failures"], json!([]), "{response}");
    response["serviceDeployments"][0].take()
}

/// The members of the AWS CLI's examples of `list-service-deployments` and `describe-service-deployments`, without those of
/// deployment alarms.
#[tokio::test]
async fn a_completed_deployment_is_successful() {
    let cluster = Cluster::start().await;
    let service = cluster.service().await;
    let id = service["deployments"][0]["id"].as_str().unwrap();
    let id = id.strip_prefix("ecs-svc/").unwrap();
    let arn = format!("{ARN}service-deployment/market/shop/{id}");
    let revision = format!("{ARN}service-revision/market/shop/{id}");
    let [listed] = &list(&cluster, json!([])).await[..] else {
        panic!("one deployment");
    };
    let common = json!({
        "serviceDeploymentArn": arn,
        "serviceArn": format!("{ARN}service/market/shop"),
        "clusterArn": format!("{ARN}cluster/market"),
        "startedAt": service["createdAt"],
        "createdAt": service["createdAt"],
        "finishedAt": listed["finishedAt"],
        "status": "SUCCESSFUL",
    });
    assert!(listed["finishedAt"].is_f64());
    let mut expected = common.clone();
    expected["targetServiceRevisionArn"] = json!(revision);
    assert_eq!(*listed, expected);
    let description = describe(&cluster, &json!(arn)).await;
    let mut expected = common;
    for (member, value) in [
        ("updatedAt", description["updatedAt"].clone()),
        ("sourceServiceRevisions", json!([])),
        (
            "targetServiceRevision",
            json!({ "arn": revision, "requestedTaskCount": 2, "runningTaskCount": 2, "pendingTaskCount": 0 }),
        ),
        (
            "deploymentConfiguration",
            service["deploymentConfiguration"].clone(),
        ),
        (
            "deploymentCircuitBreaker",
            json!({ "status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3 }),
        ),
    ] {
        expected[member] = value;
    }
    assert_eq!(description, expected);
}

#[tokio::test]
async fn a_deployment_in_progress_has_a_source_and_a_target() {
    let cluster = Cluster::start().await;
    let arn = deploy(&cluster, "slow").await;
    let description = describe(&cluster, &arn).await;
    assert_eq!(
        (
            &description["status"],
            &description["deploymentCircuitBreaker"]["status"]
        ),
        (&json!("IN_PROGRESS"), &json!("MONITORING"))
    );
    assert_eq!(
        description["sourceServiceRevisions"][0]["runningTaskCount"],
        2
    );
    assert!(description.get("finishedAt").is_none());
    let newest_first = list(&cluster, json!([])).await;
    assert_eq!(newest_first.len(), 2);
    assert_eq!(newest_first[0]["serviceDeploymentArn"], arn);
    assert_eq!(
        list(&cluster, json!(["SUCCESSFUL"])).await,
        newest_first[1..]
    );
    assert_eq!(
        list(&cluster, json!(["IN_PROGRESS", "STOPPED"])).await,
        newest_first[..1]
    );
    for service in ["shop".to_owned(), format!("{ARN}service/market/shop")] {
        let request = json!({ "cluster": "market", "service": service });
        let pages = cluster
            .pages("ListServiceDeployments", "serviceDeployments", request, 1)
            .await;
        assert_eq!(pages, newest_first);
    }
    // The ARN of a service names its cluster.
    let request = json!({ "service": format!("{ARN}service/market/shop") });
    cluster.call("ListServiceDeployments", request).await;
    for (range, count) in [(json!({ "after": 1.5 }), 2), (json!({ "before": 1 }), 0)] {
        let request = json!({ "cluster": "market", "service": "shop", "createdAt": range });
        let response = cluster.call("ListServiceDeployments", request).await;
        assert_eq!(
            response["serviceDeployments"].as_array().unwrap().len(),
            count
        );
    }
}

/// Source: API reference, `StopServiceDeployment` and `Rollback`.
#[tokio::test]
async fn a_stopped_deployment_is_rolled_back() {
    let cluster = Cluster::start().await;
    let [completed] = &list(&cluster, json!([])).await[..] else {
        panic!("one deployment");
    };
    let arn = deploy(&cluster, "slow").await;
    let request = json!({ "serviceDeploymentArn": arn, "stopType": "ROLLBACK" });
    let response = cluster.call("StopServiceDeployment", request.clone()).await;
    assert_eq!(response, json!({ "serviceDeploymentArn": arn }));
    let service = cluster.service().await;
    assert_eq!(service["currentServiceDeployment"], arn);
    assert_eq!(
        service["taskDefinition"],
        format!("{ARN}task-definition/shop:1")
    );
    cluster.ecs.steady("shop").await;
    let description = describe(&cluster, &arn).await;
    assert_eq!(description["status"], "ROLLBACK_SUCCESSFUL");
    assert!(description["stoppedAt"].is_f64());
    let rollback = &description["rollback"];
    assert_eq!(
        rollback["serviceRevisionArn"],
        completed["targetServiceRevisionArn"]
    );
    assert!(rollback["reason"].is_string() && rollback["startedAt"].is_f64());
    // The rollback is no service deployment of its own.
    assert_eq!(list(&cluster, json!([])).await.len(), 2);
    let (code, _) = cluster.refusal("StopServiceDeployment", request).await;
    assert_eq!(code, "ConflictException");
}

#[tokio::test]
async fn a_failed_deployment_shows_its_circuit_breaker() {
    let cluster = Cluster::start().await;
    let arn = deploy(&cluster, "broken").await;
    cluster
        .wait_until("a rollback", |service| {
            service["taskDefinition"] == format!("{ARN}task-definition/shop:1")
        })
        .await;
    cluster.ecs.steady("shop").await;
    let description = describe(&cluster, &arn).await;
    assert_eq!(description["status"], "ROLLBACK_SUCCESSFUL");
    assert!(description["statusReason"].is_string());
    let breaker = &description["deploymentCircuitBreaker"];
    assert_eq!(
        (&breaker["status"], &breaker["threshold"]),
        (&json!("TRIGGERED"), &json!(3))
    );
    // Two tasks can fail at the same time.
    assert!(breaker["failureCount"].as_u64() >= Some(3), "{breaker}");
    let service = cluster.service().await;
    assert_eq!(service["runningCount"], 2);
}

#[tokio::test]
async fn a_deployment_that_another_one_replaces_is_stopped() {
    let cluster = Cluster::start().await;
    let replaced = deploy(&cluster, "slow").await;
    let arn = deploy(&cluster, "shop").await;
    cluster.ecs.steady("shop").await;
    assert_eq!(describe(&cluster, &replaced).await["status"], "STOPPED");
    assert_eq!(describe(&cluster, &arn).await["status"], "SUCCESSFUL");
    assert_eq!(list(&cluster, json!([])).await.len(), 3);
}

/// The members of the AWS CLI's example of `describe-service-revisions`, without those of networks and image digests.
#[tokio::test]
async fn a_service_revision_is_described() {
    let cluster = Cluster::start().await;
    let service = cluster.service().await;
    let revision = &service["currentServiceRevisions"][0]["arn"];
    let unknown = format!("{ARN}service-revision/market/shop/1");
    let request = json!({ "serviceRevisionArns": [revision, unknown] });
    assert_eq!(
        cluster.call("DescribeServiceRevisions", request).await,
        json!({
            "serviceRevisions": [{
                "serviceRevisionArn": revision,
                "serviceArn": service["serviceArn"],
                "clusterArn": service["clusterArn"],
                "taskDefinition": service["taskDefinition"],
                "launchType": "FARGATE",
                "platformVersion": "1.4.0",
                "platformFamily": "Linux",
                "loadBalancers": service["loadBalancers"],
                "containerImages": [{ "containerName": "web", "image": "shop" }],
                "guardDutyEnabled": false,
                "createdAt": service["createdAt"],
            }],
            "failures": [{ "arn": unknown, "reason": "MISSING" }],
        })
    );
}

#[tokio::test]
async fn unknown_deployments_are_refused() {
    let cluster = Cluster::start().await;
    let unknown = format!("{ARN}service-deployment/market/shop/1");
    let request = json!({ "serviceDeploymentArns": [unknown, "x"] });
    let response = cluster.call("DescribeServiceDeployments", request).await;
    assert_eq!(response["serviceDeployments"], json!([]));
    assert_eq!(response["failures"].as_array().unwrap().len(), 2);
    let request = json!({ "serviceDeploymentArn": unknown });
    let (code, message) = cluster.refusal("StopServiceDeployment", request).await;
    assert_eq!(code, "ServiceDeploymentNotFoundException");
    assert!(message.contains(&unknown), "{message}");
    let request = json!({ "serviceDeploymentArn": unknown, "stopType": "ABORT" });
    let (code, message) = cluster.refusal("StopServiceDeployment", request).await;
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("ABORT"), "{message}");
    let request = json!({ "cluster": "market", "service": "other" });
    let (code, _) = cluster.refusal("ListServiceDeployments", request).await;
    assert_eq!(code, "ServiceNotFoundException");
}
