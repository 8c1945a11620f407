//! What people can change in the lab, as one document: two labs in the same state have the same fingerprint.
//!
//! It has no ids, times and counts that differ after each start.

use serde_json::{Map, Value, json};

use super::aws::{AUTO_SCALING, Aws, CLOUDWATCH, DYNAMODB, ECS, Failed, LOGS, List};

/// Members that differ between two labs in the same state.
const VOLATILE: [&str; 23] = [
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "ConsumedCapacity",
    "CreatedAt",
    "CreationTime",
    "LastModified",
    "ModifiedAt",
    "ScalableTargetARN",
    "ScannedCount",
    "Size",
    "StateReason",
    "StateReasonData",
    "StateTransitionedTimestamp",
    "StateUpdatedTimestamp",
    "StateValue",
    "createdAt",
    "creationTime",
    "currentServiceDeployment",
    "currentServiceRevisions",
    "deployments",
    "events",
    "id",
    "updatedAt",
];

const DEFINITIONS: List<'static> = List {
    service: Some(ECS),
    operation: "ListTaskDefinitions",
    items: "taskDefinitionArns",
    tokens: ["nextToken"; 2],
};

const ALARMS: List<'static> = List {
    service: Some(CLOUDWATCH),
    operation: "DescribeAlarms",
    items: "MetricAlarms",
    tokens: ["NextToken"; 2],
};

const DASHBOARDS: List<'static> = List {
    operation: "ListDashboards",
    items: "DashboardEntries",
    ..ALARMS
};

const METRIC_FILTERS: List<'static> = List {
    service: Some(LOGS),
    operation: "DescribeMetricFilters",
    items: "metricFilters",
    tokens: ["nextToken"; 2],
};

const ITEMS: List<'static> = List {
    service: Some(DYNAMODB),
    operation: "Scan",
    items: "Items",
    tokens: ["LastEvaluatedKey", "ExclusiveStartKey"],
};

/// Services and task definitions, the listener and its rules, target groups without their attributes, scaling, alarms, dashboards,
/// metric filters, sampling rules, and the items of the table.
///
/// # Errors
///
/// Fails if an operation fails.
pub async fn fingerprint(aws: &Aws) -> Result<Value, Failed> {
    let names = ["LIKE_SERVICE", "MONOLITH_SERVICE"].map(|name| aws.name(name));
    let listener = [("ListenerArn", aws.name("LISTENER"))];
    let listeners = [("ListenerArns.member.1", aws.name("LISTENER"))];
    let of_ecs = json!({ "ServiceNamespace": "ecs" });
    let mut state = json!({
        "services": aws.services(&names).await?,
        "task_definitions": aws.list(DEFINITIONS, json!({})).await?,
        "listener": aws.elb("DescribeListeners", &listeners).await?,
        "rules": aws.elb("DescribeRules", &listener).await?,
        "target_groups": aws.elb("DescribeTargetGroups", &[]).await?,
        "scalable_targets": aws.json(AUTO_SCALING, "DescribeScalableTargets", &of_ecs).await?,
        "scaling_policies": aws.json(AUTO_SCALING, "DescribeScalingPolicies", &of_ecs).await?,
        "alarms": aws.list(ALARMS, json!({})).await?,
        "dashboards": dashboards(aws).await?,
        "metric_filters": aws.list(METRIC_FILTERS, json!({})).await?,
        "sampling_rules": aws.xray("GetSamplingRules", &json!({})).await?,
        "items": items(aws).await?,
    });
    remove_volatile(&mut state);
    Ok(state)
}

/// The dashboards with their bodies.
async fn dashboards(aws: &Aws) -> Result<Vec<Value>, Failed> {
    let found = aws.list(DASHBOARDS, json!({})).await?;
    let mut dashboards = Vec::new();
    for dashboard in found {
        let request = json!({ "DashboardName": dashboard["DashboardName"] });
        dashboards.push(aws.json(CLOUDWATCH, "GetDashboard", &request).await?);
    }
    Ok(dashboards)
}

/// The items of the table, in the order of their ids.
///
/// # Errors
///
/// Fails if an operation fails.
pub async fn items(aws: &Aws) -> Result<Vec<Map<String, Value>>, Failed> {
    let scan = json!({ "TableName": aws.name("TABLE") });
    let items = aws.list(ITEMS, scan).await?;
    let items = items.into_iter().filter_map(|item| match item {
        Value::Object(item) => Some(item),
        _ => None,
    });
    let mut items: Vec<_> = items.collect();
    items.sort_by_key(|item| id(item).to_owned());
    Ok(items)
}

/// The ids of the mysfits, in their order.
///
/// # Errors
///
/// Fails if an operation fails.
pub async fn mysfits(aws: &Aws) -> Result<Vec<String>, Failed> {
    let items = items(aws).await?;
    Ok(items.iter().map(|item| id(item).to_owned()).collect())
}

/// The id of a mysfit.
pub fn id(item: &Map<String, Value>) -> &str {
    item.get("MysfitId")
        .and_then(|id| id["S"].as_str())
        .unwrap_or_default()
}

fn remove_volatile(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !VOLATILE.contains(&name.as_str()));
            members.values_mut().for_each(remove_volatile);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_volatile),
        _ => {}
    }
}
