//! Clusters: describe, list.

use serde_json::json;

use crate::cluster::Cluster;

const ARN: &str = "arn:aws:ecs:us-east-1:000000000000:cluster/market";

/// The members of the AWS CLI's example of `describe-clusters`.
#[tokio::test]
async fn the_cluster_is_described_by_name_and_by_arn() {
    let cluster = Cluster::start().await;
    for name in ["market", ARN] {
        let request = json!({ "clusters": [name] });
        assert_eq!(
            cluster.call("DescribeClusters", request).await,
            json!({
                "clusters": [{
                    "clusterArn": ARN,
                    "clusterName": "market",
                    "status": "ACTIVE",
                    "registeredContainerInstancesCount": 0,
                    "runningTasksCount": 2,
                    "pendingTasksCount": 0,
                    "activeServicesCount": 1,
                    "statistics": [],
                    "tags": [],
                    "settings": [],
                    "capacityProviders": [],
                    "defaultCapacityProviderStrategy": [],
                }],
                "failures": [],
            })
        );
    }
}

#[tokio::test]
async fn an_unknown_cluster_is_a_failure_of_describe_and_an_error_of_the_others() {
    let cluster = Cluster::start().await;
    // Without a name, AWS takes the cluster `default`, which does not exist here.
    for (request, missing) in [
        (json!({}), "default"),
        (json!({ "clusters": ["other"] }), "other"),
    ] {
        let arn = format!("arn:aws:ecs:us-east-1:000000000000:cluster/{missing}");
        assert_eq!(
            cluster.call("DescribeClusters", request).await,
            json!({ "clusters": [], "failures": [{ "arn": arn, "reason": "MISSING" }] })
        );
    }
    for (operation, request) in [
        ("ListServices", json!({})),
        ("ListTasks", json!({ "cluster": "other" })),
        ("DescribeServices", json!({ "services": ["shop"] })),
        ("DescribeTasks", json!({ "tasks": ["t"] })),
        ("UpdateService", json!({ "service": "shop" })),
        ("StopTask", json!({ "task": "t" })),
        ("ListServiceDeployments", json!({ "service": "shop" })),
    ] {
        let refusal = cluster.refusal(operation, request).await;
        let expected = ("ClusterNotFoundException", "Cluster not found.");
        assert_eq!((&*refusal.0, &*refusal.1), expected, "{operation}");
    }
}

#[tokio::test]
async fn the_cluster_is_listed() {
    let response = Cluster::empty().call("ListClusters", json!({})).await;
    assert_eq!(response, json!({ "clusterArns": [ARN] }));
}
