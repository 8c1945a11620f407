//! Task definitions: register, deregister, describe, list.

use serde_json::{Value, json};

use crate::cluster::{Cluster, definition};

const ARN: &str = "arn:aws:ecs:us-east-1:000000000000:task-definition/";

/// The members that a description has besides those of a registration.
const READ_ONLY: [&str; 7] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
];

async fn register(cluster: &Cluster, family: &str) -> Value {
    let mut request = definition("shop");
    request["family"] = json!(family);
    cluster.call("RegisterTaskDefinition", request).await
}

async fn describe(cluster: &Cluster, name: &str) -> Value {
    let request = json!({ "taskDefinition": name });
    let mut response = cluster.call("DescribeTaskDefinition", request).await;
    assert_eq!(response["tags"], json!([]));
    response["taskDefinition"].take()
}

async fn list(cluster: &Cluster, request: Value) -> Vec<String> {
    let response = cluster.call("ListTaskDefinitions", request).await;
    let arns = response["taskDefinitionArns"].as_array().unwrap();
    let name = |arn: &Value| arn.as_str().unwrap().strip_prefix(ARN).unwrap().to_owned();
    arns.iter().map(name).collect()
}

#[tokio::test]
async fn revisions_of_a_family_are_numbered_and_described_as_they_were_registered() {
    let cluster = Cluster::empty();
    let first = register(&cluster, "shop").await;
    let second = register(&cluster, "shop").await;
    let description = &first["taskDefinition"];
    assert_eq!(description["taskDefinitionArn"], format!("{ARN}shop:1"));
    assert_eq!(
        (&description["revision"], &description["status"]),
        (&json!(1), &json!("ACTIVE"))
    );
    assert_eq!(description["containerDefinitions"][0]["memory"], 128);
    for (name, expected) in [
        ("shop:1", &first),
        ("shop:2", &second),
        ("shop", &second),
        (&format!("{ARN}shop:1"), &first),
    ] {
        assert_eq!(
            describe(&cluster, name).await,
            expected["taskDefinition"],
            "{name}"
        );
    }
}

/// The way of the workshop: describe, remove the members that only a description has, edit, register.
#[tokio::test]
async fn a_description_without_its_read_only_members_can_be_registered() {
    let cluster = Cluster::empty();
    register(&cluster, "shop").await;
    let mut request = describe(&cluster, "shop").await;
    request
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !READ_ONLY.contains(&&**name));
    let environment = json!([{ "name": "LOGLEVEL", "value": "DEBUG" }]);
    request["containerDefinitions"][0]["environment"] = environment;
    let response = cluster
        .call("RegisterTaskDefinition", request.clone())
        .await;
    let description = &response["taskDefinition"];
    assert_eq!(description["revision"], 2);
    for (name, value) in request.as_object().unwrap() {
        assert_eq!(&description[name], value, "{name}");
    }
}

#[tokio::test]
async fn the_runtime_refuses_what_it_cannot_run() {
    let refusal = Cluster::empty()
        .refusal("RegisterTaskDefinition", definition("nginx"))
        .await;
    let expected = ("ClientException", "The image nginx cannot run here");
    assert_eq!((&*refusal.0, &*refusal.1), expected);
}

#[tokio::test]
async fn a_deregistered_revision_is_inactive_and_no_longer_the_newest() {
    let cluster = Cluster::empty();
    register(&cluster, "shop").await;
    register(&cluster, "shop").await;
    let request = json!({ "taskDefinition": "shop:2" });
    let response = cluster
        .call("DeregisterTaskDefinition", request.clone())
        .await;
    let description = &response["taskDefinition"];
    assert_eq!(
        (&description["revision"], &description["status"]),
        (&json!(2), &json!("INACTIVE"))
    );
    assert!(description["deregisteredAt"].is_f64());
    assert_eq!(describe(&cluster, "shop").await["revision"], 1);
    assert_eq!(&describe(&cluster, "shop:2").await, description);
    assert_eq!(list(&cluster, json!({})).await, ["shop:1"]);
    assert_eq!(
        list(&cluster, json!({ "status": "INACTIVE" })).await,
        ["shop:2"]
    );
    // The number of a deregistered revision is not given again.
    assert_eq!(
        register(&cluster, "shop").await["taskDefinition"]["revision"],
        3
    );
}

/// Source of the message: tests and logs of public deployment tools, for example of fabfuel/ecs-deploy.
#[tokio::test]
async fn an_unknown_revision_is_refused() {
    let cluster = Cluster::empty();
    register(&cluster, "shop").await;
    for name in [
        "shop:2",
        "other",
        "shop:x",
        "shop:0",
        "",
        "arn:aws:ecs:eu-west-1:1:task-definition/shop:1",
    ] {
        for operation in ["DescribeTaskDefinition", "DeregisterTaskDefinition"] {
            if operation == "DeregisterTaskDefinition" && !name.contains(':') {
                continue;
            }
            let refusal = cluster
                .refusal(operation, json!({ "taskDefinition": name }))
                .await;
            let expected = ("ClientException", "Unable to describe task definition.");
            assert_eq!((&*refusal.0, &*refusal.1), expected, "{name}");
        }
    }
    // The API reference says of this operation: "You must specify a revision."
    let (code, message) = cluster
        .refusal(
            "DeregisterTaskDefinition",
            json!({ "taskDefinition": "shop" }),
        )
        .await;
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("revision"), "{message}");
}

/// Source: API reference, `ListTaskDefinitions` (family, status, sort) and `ListTaskDefinitionFamilies`.
#[tokio::test]
async fn lists_are_sorted_by_family_and_revision() {
    let cluster = Cluster::empty();
    for family in ["b", "a-b", "a", "a"] {
        register(&cluster, family).await;
    }
    for _ in 0..9 {
        register(&cluster, "b").await;
    }
    let all = ["a:1", "a:2", "a-b:1"].map(str::to_owned).into_iter();
    let all = all.chain((1..=10).map(|revision| format!("b:{revision}")));
    let all: Vec<String> = all.collect();
    assert_eq!(list(&cluster, json!({})).await, all);
    let reversed: Vec<String> = all.iter().rev().cloned().collect();
    assert_eq!(list(&cluster, json!({ "sort": "DESC" })).await, reversed);
    assert_eq!(
        list(&cluster, json!({ "familyPrefix": "a" })).await,
        ["a:1", "a:2"]
    );
    for (sort, expected) in [("ASC", all), ("DESC", reversed)] {
        for size in [1, 4, 100] {
            let request = json!({ "sort": sort });
            let pages = cluster
                .pages("ListTaskDefinitions", "taskDefinitionArns", request, size)
                .await;
            let expected = expected.iter().map(|name| json!(format!("{ARN}{name}")));
            assert_eq!(pages, Vec::from_iter(expected), "{sort} {size}");
        }
    }
    let request = json!({ "taskDefinition": "a-b:1" });
    cluster.call("DeregisterTaskDefinition", request).await;
    for (request, expected) in [
        (json!({}), &["a", "a-b", "b"][..]),
        (json!({ "status": "ACTIVE" }), &["a", "b"]),
        (json!({ "status": "INACTIVE" }), &["a-b"]),
        (json!({ "familyPrefix": "a" }), &["a", "a-b"]),
    ] {
        let pages = cluster
            .pages("ListTaskDefinitionFamilies", "families", request, 1)
            .await;
        assert_eq!(pages, expected);
    }
}

#[tokio::test]
async fn a_token_of_another_list_and_a_wrong_page_size_are_refused() {
    let cluster = Cluster::empty();
    register(&cluster, "shop").await;
    register(&cluster, "shop").await;
    let page = cluster
        .call("ListTaskDefinitions", json!({ "maxResults": 1 }))
        .await;
    for request in [
        json!({ "nextToken": page["nextToken"], "sort": "DESC" }),
        json!({ "nextToken": "x" }),
        json!({ "maxResults": 0 }),
        json!({ "maxResults": 101 }),
    ] {
        let (code, _) = cluster.refusal("ListTaskDefinitions", request).await;
        assert_eq!(code, "InvalidParameterException");
    }
}

#[tokio::test]
async fn the_number_of_revisions_is_limited() {
    let cluster = Cluster::empty();
    for _ in 0..1000 {
        cluster
            .ecs
            .register_task_definition(&definition("shop"))
            .await
            .unwrap();
    }
    let (code, _) = cluster
        .refusal("RegisterTaskDefinition", definition("shop"))
        .await;
    assert_eq!(code, "LimitExceededException");
}
