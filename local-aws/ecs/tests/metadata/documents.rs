//! The documents have the members and types of recorded documents, except for listed differences.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tasks::{LIKE, PAUSE, PROXY, document, running_task};

/// Members of a network in Fargate's documents that a task on this machine does not have: it has an address of the loopback
/// interface.
const NETWORK_INTERFACE: [&str; 6] = [
    "Networks[].DomainNameSearchList",
    "Networks[].DomainNameServers",
    "Networks[].IPv4SubnetCIDRBlock",
    "Networks[].MACAddress",
    "Networks[].PrivateDNSName",
    "Networks[].SubnetGatewayIpv4Address",
];

#[tokio::test]
async fn the_container_document_of_version_4_has_the_members_of_fargates() {
    let ours = document(&running_task(), &format!("/v4/{LIKE}")).await;
    let recorded = include_str!("documents/v4-container.json");
    let mut missing = vec!["Snapshotter"];
    missing.extend(NETWORK_INTERFACE);
    assert_same_members(&ours, recorded, &missing, &[]);
    assert_eq!(
        ours,
        json!({
            "DockerId": LIKE,
            "Name": "like-service",
            "DockerName": "like-service",
            "Image": "like-service",
            "ImageID": "",
            "Labels": {
                "com.amazonaws.ecs.cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/Cluster",
                "com.amazonaws.ecs.container-name": "like-service",
                "com.amazonaws.ecs.task-arn":
                    "arn:aws:ecs:us-east-1:000000000000:task/Cluster/cd189a933e5849daa93386466019ab50",
                "com.amazonaws.ecs.task-definition-family": "like",
                "com.amazonaws.ecs.task-definition-version": "5",
            },
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "Limits": { "CPU": 10, "Memory": 128 },
            "CreatedAt": "1970-01-01T00:01:40.5Z",
            "StartedAt": "1970-01-01T00:01:40.5Z",
            "Type": "NORMAL",
            "Networks": [{
                "NetworkMode": "awsvpc",
                "IPv4Addresses": ["127.0.1.2"],
                "AttachmentIndex": 0,
            }],
            "LogDriver": "awslogs",
            "LogOptions": {
                "awslogs-create-group": "true",
                "awslogs-group": "like",
                "awslogs-region": "us-east-1",
                "awslogs-stream": "like-service/like-service/cd189a933e5849daa93386466019ab50",
            },
            "ContainerARN":
                "arn:aws:ecs:us-east-1:000000000000:container/Cluster/cd189a933e5849daa93386466019ab50/cd189a93-3e58-49da-a933-86466019ab52",
        })
    );
}

#[tokio::test]
async fn the_task_document_of_version_4_has_the_members_of_fargates() {
    let mut task = running_task();
    // The containers of the recorded document have neither logs nor a memory limit.
    task.definition = {
        let mut definition = (*task.definition).clone();
        definition.containers[0].memory = None;
        definition.document.clear();
        definition.into()
    };
    let ours = document(&task, &format!("/v4/{LIKE}/task")).await;
    let network = NETWORK_INTERFACE.map(|member| format!("Containers[].{member}"));
    // No image is pulled, and neither the clock nor the disk is measured.
    let mut missing = vec![
        "ClockDrift",
        "Containers[].Snapshotter",
        "EphemeralStorageMetrics",
        "PullStartedAt",
        "PullStoppedAt",
    ];
    missing.extend(network.iter().map(String::as_str));
    // The developer guide describes `ServiceName` for tasks of services on Fargate; the recorded task has no service. The
    // agent always writes `FaultInjectionEnabled`, which is younger than the recorded document.
    let additional = ["FaultInjectionEnabled", "ServiceName"];
    let recorded = include_str!("documents/v4-task.json");
    assert_same_members(&ours, recorded, &missing, &additional);

    assert_eq!(ours["Limits"], json!({ "CPU": 0.25, "Memory": 512 }));
    assert_eq!(ours["Revision"], "5");
    assert_eq!(ours["LaunchType"], "FARGATE");
    assert_eq!(ours["ServiceName"], "Like-Service");
    assert_eq!(ours["Containers"][1]["Limits"], json!({ "CPU": 2 }));
    assert_eq!(names(&ours), ["like-service", "metadata-proxy"]);
}

#[tokio::test]
async fn the_task_document_of_version_2_has_the_members_of_the_guides_and_the_pause_container() {
    let ours = document(&running_task(), &format!("/{LIKE}/v2/metadata")).await;
    let recorded = include_str!("documents/v2-task.json");
    // `Limits` is described in the guide; the recorded task has none.
    let additional = ["Limits", "Limits.CPU", "Limits.Memory"];
    assert_same_members(
        &ours,
        recorded,
        &["PullStartedAt", "PullStoppedAt"],
        &additional,
    );

    assert_eq!(
        names(&ours),
        ["~internal~ecs~pause", "like-service", "metadata-proxy"]
    );
    let pause = &ours["Containers"][0];
    assert_eq!(pause["DockerId"], PAUSE);
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    for member in [
        "Name",
        "Image",
        "ImageID",
        "DesiredStatus",
        "KnownStatus",
        "Limits",
        "Type",
    ] {
        assert_eq!(pause[member], recorded["Containers"][0][member], "{member}");
    }
    // `Memory` of a container without a limit: agent/handlers/v2/response.go.
    assert_eq!(
        ours["Containers"][2]["Limits"],
        json!({ "CPU": 2, "Memory": 0 })
    );
}

#[tokio::test]
async fn the_documents_of_single_containers_equal_those_in_the_task_document() {
    let task = running_task();
    let of_task = document(&task, &format!("/v4/{LIKE}/task")).await;
    for (index, id) in [LIKE, PROXY].into_iter().enumerate() {
        let container = document(&task, &format!("/v4/{id}")).await;
        assert_eq!(container, of_task["Containers"][index]);
    }
    let of_task = document(&task, &format!("/{PROXY}/v2/metadata")).await;
    for (index, id) in [PAUSE, LIKE, PROXY].into_iter().enumerate() {
        let container = document(&task, &format!("/{PROXY}/v2/metadata/{id}")).await;
        assert_eq!(container, of_task["Containers"][index]);
    }
}

#[tokio::test]
async fn the_documents_with_tags_equal_those_without_as_nothing_has_tags() {
    let task = running_task();
    for (with_tags, without) in [
        (
            format!("/v4/{LIKE}/taskWithTags"),
            format!("/v4/{LIKE}/task"),
        ),
        (
            format!("/{LIKE}/v2/metadata/taskWithTags"),
            format!("/{LIKE}/v2/metadata"),
        ),
    ] {
        assert_eq!(
            document(&task, &with_tags).await,
            document(&task, &without).await
        );
    }
}

/// Whole vCPUs are written without a decimal point, as Go does.
#[tokio::test]
async fn a_task_with_1024_cpu_units_has_the_limit_1() {
    let mut task = running_task();
    for (cpu_units, expected) in [(1024, "1"), (2048, "2"), (512, "0.5")] {
        task.definition = ecs::TaskDefinition {
            cpu: cpu_units,
            ..(*task.definition).clone()
        }
        .into();
        let document = document(&task, &format!("/v4/{LIKE}/task")).await;
        assert_eq!(document["Limits"]["CPU"].to_string(), expected);
    }
}

/// The names of the containers of a task document.
pub fn names(task: &Value) -> Vec<&str> {
    let containers = task["Containers"].as_array().unwrap();
    containers
        .iter()
        .map(|c| c["Name"].as_str().unwrap())
        .collect()
}

/// Asserts that a document has the members of a recorded one with the same types, without those at the paths `missing` and
/// with those at the paths `additional`. The elements of a list have one path.
pub fn assert_same_members(ours: &Value, recorded: &str, missing: &[&str], additional: &[&str]) {
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let mut expected = members(&recorded);
    for prefix in missing {
        let number = expected.len();
        expected.retain(|path, _| {
            let rest = path.strip_prefix(prefix);
            !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        assert!(
            expected.len() < number,
            "{prefix} is not in the recorded document"
        );
    }
    let mut ours = members(ours);
    for path in additional {
        assert!(ours.remove(*path).is_some(), "{path} is missing");
    }
    assert_eq!(ours, expected);
}

/// The type of each member, by its path.
fn members(document: &Value) -> BTreeMap<String, &'static str> {
    fn add(path: String, value: &Value, found: &mut BTreeMap<String, &'static str>) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(elements) => {
                for element in elements {
                    add(format!("{path}[]"), element, found);
                }
                "list"
            }
            Value::Object(object) => {
                for (name, value) in object {
                    let separator = if path.is_empty() { "" } else { "." };
                    add(format!("{path}{separator}{name}"), value, found);
                }
                "object"
            }
        };
        found.insert(path, kind);
    }
    let mut found = BTreeMap::new();
    add(String::new(), document, &mut found);
    found
}
