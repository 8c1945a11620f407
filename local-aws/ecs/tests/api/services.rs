//! Services: describe, list, update.

use serde_json::{Value, json};

use crate::cluster::{Cluster, GROUP, definition};

const ARN: &str = "arn:aws:ecs:us-east-1:000000000000:";

/// The members of the AWS CLI's examples of `describe-services` and `update-service`, without those of networks, zones and
/// roles, which a local cluster does not have.
#[tokio::test]
async fn a_steady_service_is_described() {
    let mut service = Cluster::start().await.service().await;
    let deployment = service["deployments"][0].take();
    let id = deployment["id"]
        .as_str()
        .unwrap()
        .strip_prefix("ecs-svc/")
        .unwrap()
        .to_owned();
    let events = service["events"].take();
    let messages: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["message"])
        .collect();
    assert_eq!(
        messages[..2],
        [
            "(service shop) has reached a steady state.",
            &format!("(service shop) (deployment ecs-svc/{id}) deployment completed."),
        ]
    );
    let created_at = service["createdAt"].take();
    assert!(created_at.is_f64());
    let revision = format!("{ARN}service-revision/market/shop/{id}");
    assert_eq!(
        service,
        json!({
            "serviceArn": format!("{ARN}service/market/shop"),
            "serviceName": "shop",
            "clusterArn": format!("{ARN}cluster/market"),
            "loadBalancers": [{ "targetGroupArn": GROUP, "containerName": "web", "containerPort": 8080 }],
            "serviceRegistries": [],
            "status": "ACTIVE",
            "desiredCount": 2,
            "runningCount": 2,
            "pendingCount": 0,
            "launchType": "FARGATE",
            "platformVersion": "LATEST",
            "platformFamily": "Linux",
            "taskDefinition": format!("{ARN}task-definition/shop:1"),
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": { "enable": true, "rollback": true },
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "strategy": "ROLLING",
                "bakeTimeInMinutes": 0,
            },
            "deployments": [null],
            "events": null,
            "createdAt": null,
            "currentServiceDeployment": format!("{ARN}service-deployment/market/shop/{id}"),
            "currentServiceRevisions": [{
                "arn": revision,
                "requestedTaskCount": 2,
                "runningTaskCount": 2,
                "pendingTaskCount": 0,
            }],
            "placementConstraints": [],
            "placementStrategy": [],
            "healthCheckGracePeriodSeconds": 60,
            "schedulingStrategy": "REPLICA",
            "deploymentController": { "type": "ECS" },
            "enableECSManagedTags": false,
            "propagateTags": "NONE",
            "enableExecuteCommand": false,
        })
    );
    assert_eq!(
        deployment,
        json!({
            "id": format!("ecs-svc/{id}"),
            "status": "PRIMARY",
            "taskDefinition": format!("{ARN}task-definition/shop:1"),
            "desiredCount": 2,
            "pendingCount": 0,
            "runningCount": 2,
            "failedTasks": 0,
            "createdAt": created_at,
            "updatedAt": deployment["updatedAt"],
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "rolloutState": "COMPLETED",
            "rolloutStateReason": format!("ECS deployment ecs-svc/{id} completed."),
        })
    );
}

#[tokio::test]
async fn services_are_found_by_name_and_arn_and_unknown_ones_are_failures() {
    let cluster = Cluster::start().await;
    let names = [
        "shop".to_owned(),
        format!("{ARN}service/market/shop"),
        format!("{ARN}service/shop"),
        "other".to_owned(),
        format!("{ARN}service/fair/shop"),
    ];
    let request = json!({ "cluster": "market", "services": names, "include": ["TAGS"] });
    let response = cluster.call("DescribeServices", request).await;
    let services = response["services"].as_array().unwrap();
    assert_eq!(services.len(), 3);
    assert!(services.iter().all(|service| service["tags"] == json!([])));
    assert_eq!(
        response["failures"],
        json!([
            { "arn": format!("{ARN}service/market/other"), "reason": "MISSING" },
            { "arn": format!("{ARN}service/fair/shop"), "reason": "MISSING" },
        ])
    );
    let response = cluster
        .call("ListServices", json!({ "cluster": "market" }))
        .await;
    assert_eq!(
        response,
        json!({ "serviceArns": [format!("{ARN}service/market/shop")] })
    );
}

/// Source of the first message: SDK users' logs of DescribeServices. The limit is that of the API reference.
#[tokio::test]
async fn no_service_and_more_than_ten_services_are_refused() {
    let cluster = Cluster::start().await;
    for (services, text) in [
        (vec![], "Services cannot be empty."),
        (vec!["shop"; 11], "more than 10"),
    ] {
        let request = json!({ "cluster": "market", "services": services });
        let (code, message) = cluster.refusal("DescribeServices", request).await;
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(text), "{message}");
    }
}

fn update(members: Value) -> Value {
    let mut request = json!({ "cluster": "market", "service": "shop" });
    let members = members.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(members);
    request
}

/// Source: API reference, `UpdateService`: `desiredCount` does not trigger a new service deployment.
#[tokio::test]
async fn a_desired_count_makes_no_deployment() {
    let cluster = Cluster::start().await;
    let before = cluster.service().await;
    let response = cluster
        .call("UpdateService", update(json!({ "desiredCount": 5 })))
        .await;
    let service = &response["service"];
    assert_eq!(
        (&service["desiredCount"], &service["runningCount"]),
        (&json!(5), &json!(2))
    );
    let after = cluster
        .wait_until("five tasks", |it| it["runningCount"] == 5)
        .await;
    assert_eq!(
        after["deployments"][0]["id"],
        before["deployments"][0]["id"]
    );
    assert_eq!(after["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(after["deployments"][0]["desiredCount"], 5);
}

/// Source of the count of 0: the AWS CLI's example of `update-service`.
#[tokio::test]
async fn a_new_revision_and_a_forced_deployment_replace_all_tasks() {
    let cluster = Cluster::start().await;
    cluster
        .call("RegisterTaskDefinition", definition("shop"))
        .await;
    for (members, revision) in [
        (json!({ "taskDefinition": "shop" }), 2),
        (
            json!({ "taskDefinition": "shop:2", "forceNewDeployment": true }),
            2,
        ),
        (
            json!({ "taskDefinition": format!("{ARN}task-definition/shop:1") }),
            1,
        ),
    ] {
        let before = cluster.tasks().await;
        let response = cluster.call("UpdateService", update(members)).await;
        let definition = format!("{ARN}task-definition/shop:{revision}");
        let [primary, active] = &response["service"]["deployments"].as_array().unwrap()[..] else {
            panic!("two deployments: {response}");
        };
        assert_eq!(
            (&primary["status"], &active["status"]),
            (&json!("PRIMARY"), &json!("ACTIVE"))
        );
        assert_eq!(
            (&primary["desiredCount"], &primary["rolloutState"]),
            (&json!(0), &json!("IN_PROGRESS"))
        );
        assert_eq!(
            (&primary["taskDefinition"], &active["runningCount"]),
            (&json!(definition), &json!(2))
        );
        cluster.ecs.steady("shop").await;
        let service = cluster.service().await;
        assert_eq!(service["taskDefinition"], definition);
        assert_eq!(
            (
                &service["runningCount"],
                service["deployments"].as_array().unwrap().len()
            ),
            (&json!(2), 1)
        );
        let after = cluster.tasks().await;
        assert!(
            after.iter().all(|task| !before.contains(task)),
            "{before:?} {after:?}"
        );
    }
    // The same task definition is no change.
    let response = cluster
        .call(
            "UpdateService",
            update(json!({ "taskDefinition": "shop:1" })),
        )
        .await;
    assert_eq!(
        response["service"]["deployments"].as_array().unwrap().len(),
        1
    );
}

/// The deployment configuration keeps the members that a request does not have.
#[tokio::test]
async fn settings_change_without_a_deployment() {
    let cluster = Cluster::start().await;
    let configuration = json!({ "maximumPercent": 150, "minimumHealthyPercent": 50, "strategy": "ROLLING", "bakeTimeInMinutes": 0 });
    let members =
        json!({ "deploymentConfiguration": configuration, "healthCheckGracePeriodSeconds": 5 });
    let response = cluster.call("UpdateService", update(members)).await;
    let service = &response["service"];
    let mut expected = configuration;
    expected["deploymentCircuitBreaker"] = json!({ "enable": true, "rollback": true });
    assert_eq!(service["deploymentConfiguration"], expected);
    assert_eq!(service["healthCheckGracePeriodSeconds"], 5);
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    let breaker = json!({ "enable": false, "rollback": false });
    let members = json!({ "deploymentConfiguration": { "deploymentCircuitBreaker": breaker } });
    let response = cluster.call("UpdateService", update(members)).await;
    expected["deploymentCircuitBreaker"] = breaker;
    assert_eq!(response["service"]["deploymentConfiguration"], expected);
    // What a description shows can be sent back.
    let members = json!({ "deploymentConfiguration": expected });
    cluster.call("UpdateService", update(members)).await;
}

/// Sources of the messages: those of the container and its port, and of an inactive task definition, public deployment logs;
/// that of 100 percent, a public collection of the errors of CreateService.
#[tokio::test]
async fn updates_that_ecs_refuses_are_refused() {
    let cluster = Cluster::start().await;
    let mut renamed = definition("shop");
    renamed["containerDefinitions"][0]["name"] = json!("other");
    cluster.call("RegisterTaskDefinition", renamed).await;
    let mut moved = definition("shop");
    moved["containerDefinitions"][0]["portMappings"] = json!([{ "containerPort": 9090 }]);
    cluster.call("RegisterTaskDefinition", moved).await;
    cluster
        .call("RegisterTaskDefinition", definition("shop"))
        .await;
    cluster
        .call(
            "DeregisterTaskDefinition",
            json!({ "taskDefinition": "shop:4" }),
        )
        .await;
    let before = cluster.service().await;
    let invalid = "InvalidParameterException";
    for (members, code, text) in [
        (
            json!({ "service": "other" }),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            json!({ "taskDefinition": "shop:2" }),
            invalid,
            "The container web does not exist in the task definition.",
        ),
        (
            json!({ "taskDefinition": "shop:3" }),
            invalid,
            "The container web did not have a container port 8080 defined.",
        ),
        (
            json!({ "taskDefinition": "shop:4" }),
            "ClientException",
            "TaskDefinition is inactive",
        ),
        (
            json!({ "taskDefinition": "shop:5" }),
            "ClientException",
            "TaskDefinition not found.",
        ),
        (json!({ "desiredCount": -1 }), invalid, "desiredCount"),
        (json!({ "desiredCount": 5001 }), invalid, "desiredCount"),
        (
            json!({ "healthCheckGracePeriodSeconds": -1 }),
            invalid,
            "healthCheckGracePeriodSeconds",
        ),
        (
            json!({ "deploymentConfiguration": { "minimumHealthyPercent": 101 } }),
            invalid,
            "minimumHealthyPercent",
        ),
        (
            json!({ "deploymentConfiguration": { "maximumPercent": 99 } }),
            invalid,
            "maximumPercent",
        ),
        (
            json!({ "deploymentConfiguration": { "maximumPercent": 100 } }),
            invalid,
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ),
        // The whole request is checked before anything changes.
        (
            json!({ "desiredCount": 4, "taskDefinition": "shop:2" }),
            invalid,
            "The container web",
        ),
    ] {
        let (found, message) = cluster.refusal("UpdateService", update(members)).await;
        assert_eq!(found, code, "{message}");
        assert!(message.contains(text), "{message}");
    }
    assert_eq!(cluster.service().await, before);
}
