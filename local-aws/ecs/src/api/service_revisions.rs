//! Service revisions: describe. A revision is what a deployment deploys.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::names::{check_list, missing};
use super::service_deployments::find;
use super::services::{PLATFORM_VERSION, REVISION_KIND, describe_load_balancers, revision_arn};
use crate::model::{Deployment, Service};
use crate::state::State;

/// Maximum number of service revisions that a request describes.
const MAX_REVISIONS: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeServiceRevisions {
    service_revision_arns: Vec<String>,
}

pub fn describe(state: &State, request: DescribeServiceRevisions) -> Result<Value, Error> {
    let arns = &request.service_revision_arns;
    check_list("Service revision ARNs", arns, MAX_REVISIONS)?;
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for arn in arns {
        match find(state, REVISION_KIND, arn) {
            Some((service, deployment)) => {
                found.push(describe_revision(state, service, deployment));
            }
            None => failures.push(missing(state, REVISION_KIND, arn)),
        }
    }
    Ok(json!({ "serviceRevisions": found, "failures": failures }))
}

fn describe_revision(state: &State, service: &Service, deployment: &Deployment) -> Value {
    let containers = deployment.definition.containers.iter();
    let images = containers.map(|it| json!({ "containerName": it.name, "image": it.image }));
    json!({
        "serviceRevisionArn": revision_arn(state, service, &deployment.id),
        "serviceArn": state.arn("service", &service.name),
        "clusterArn": state.cluster_arn(),
        "taskDefinition": deployment.definition.arn(),
        "launchType": "FARGATE",
        "platformVersion": PLATFORM_VERSION,
        "platformFamily": "Linux",
        "loadBalancers": describe_load_balancers(&service.load_balancers),
        "containerImages": Vec::from_iter(images),
        "guardDutyEnabled": false,
        "createdAt": deployment.created_at.as_secs_f64(),
    })
}
