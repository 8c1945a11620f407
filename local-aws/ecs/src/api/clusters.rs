//! Clusters: describe, list. There is one cluster.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::names::{is_cluster, missing_cluster};
use super::pages::{Order, Page, page};
use crate::model::TaskStatus;
use crate::state::State;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeClusters {
    #[serde(default)]
    clusters: Vec<String>,
    #[serde(default)]
    include: Vec<Include>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Include {
    Settings,
    Tags,
}

pub fn describe(state: &State, request: DescribeClusters) -> Result<Value, Error> {
    let mut names = request.clusters;
    if names.is_empty() {
        names.push("default".to_owned());
    }
    let (found, unknown): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| is_cluster(state, name));
    let found = (!found.is_empty()).then(|| describe_cluster(state, &request.include));
    let failures: Vec<_> = unknown.iter().map(|name| missing_cluster(name)).collect();
    Ok(json!({ "clusters": Vec::from_iter(found), "failures": failures }))
}

fn describe_cluster(state: &State, include: &[Include]) -> Value {
    let count = |is_counted: fn(TaskStatus) -> bool| {
        let tasks = state.tasks.values();
        tasks.filter(|task| is_counted(task.status)).count()
    };
    let settings = match include.contains(&Include::Settings) {
        true => json!([{ "name": "containerInsights", "value": "disabled" }]),
        false => json!([]),
    };
    json!({
        "clusterArn": state.cluster_arn(),
        "clusterName": state.config.cluster,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": count(TaskStatus::is_running),
        "pendingTasksCount": count(TaskStatus::is_pending),
        "activeServicesCount": state.services.len(),
        "statistics": [],
        "tags": [],
        "settings": settings,
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListClusters {
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub fn list(state: &State, request: ListClusters) -> Result<Value, Error> {
    let cluster = state.cluster_arn();
    let items = [(cluster.clone(), cluster.into())];
    page(
        "clusterArns",
        items,
        (),
        Page {
            next_token: request.next_token.as_deref(),
            max_results: request.max_results,
            default_size: 100,
            order: Order::Ascending,
        },
    )
}
