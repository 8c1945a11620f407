//! Service deployments: list, describe, stop.
//!
//! A service deployment is a deployment as the history of a service shows it. A rollback is a part of the deployment that failed
//! or was stopped, although the service shows it as a deployment of its own.

mod describe;
mod status;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::INVALID_PARAMETER;
use super::names::{check_cluster, check_list, id, missing, service};
use super::pages::{Order, Page, page};
use super::services::{DEPLOYMENT_KIND, revision_arn};
use crate::model::{Deployment, Service};
use crate::state::{RollBackError, State};
use crate::time::Timestamp;
use describe::{describe_deployment, outline};
use status::Status;

/// Maximum number of service deployments that a request describes.
const MAX_DEPLOYMENTS: usize = 20;

/// The present and past deployments of a service.
fn deployments(service: &Service) -> impl Iterator<Item = &Deployment> {
    service.deployments.iter().chain(&service.history)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListServiceDeployments {
    service: String,
    cluster: Option<String>,
    #[serde(default)]
    status: Vec<Status>,
    created_at: Option<CreatedAt>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// Times in seconds since the Unix epoch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreatedAt {
    before: Option<f64>,
    after: Option<f64>,
}

impl CreatedAt {
    fn includes(&self, time: Timestamp) -> bool {
        let time = time.as_secs_f64();
        self.before.is_none_or(|before| time < before)
            && self.after.is_none_or(|after| time > after)
    }
}

pub fn list(state: &State, request: ListServiceDeployments) -> Result<Value, Error> {
    // The ARN of a service names its cluster.
    if request.cluster.is_some() || !request.service.starts_with("arn:") {
        check_cluster(state, request.cluster.as_deref())?;
    }
    let service = service(state, &request.service)?;
    let (status, created_at) = (&request.status, &request.created_at);
    let found = deployments(service).filter(|it| {
        let is_created = created_at
            .as_ref()
            .is_none_or(|range| range.includes(it.created_at));
        is_created && (status.is_empty() || status.contains(&Status::of(service, it)))
    });
    let items = found.map(|it| {
        let key = format!("{:020}-{}", it.created_at.0.as_micros(), it.id);
        let mut item = outline(state, service, it);
        let revision = revision_arn(state, service, &it.id);
        item.insert("targetServiceRevisionArn".to_owned(), revision.into());
        (key, Value::from(item))
    });
    let mut items: Vec<_> = items.collect();
    items.sort_by(|(left, _), (right, _)| right.cmp(left));
    let range = created_at.as_ref().map(|range| {
        let bits = |time: Option<f64>| time.map(f64::to_bits);
        (bits(range.before), bits(range.after))
    });
    page(
        "serviceDeployments",
        items,
        (&service.name, status, range),
        Page {
            next_token: request.next_token.as_deref(),
            max_results: request.max_results,
            default_size: 20,
            order: Order::Descending,
        },
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeServiceDeployments {
    service_deployment_arns: Vec<String>,
}

pub fn describe(state: &State, request: DescribeServiceDeployments) -> Result<Value, Error> {
    let arns = &request.service_deployment_arns;
    check_list("Service deployment ARNs", arns, MAX_DEPLOYMENTS)?;
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for arn in arns {
        match find(state, DEPLOYMENT_KIND, arn) {
            Some((service, deployment)) => {
                found.push(describe_deployment(state, service, deployment));
            }
            None => failures.push(missing(state, DEPLOYMENT_KIND, arn)),
        }
    }
    Ok(json!({ "serviceDeployments": found, "failures": failures }))
}

/// Finds a deployment by the ARN of its service deployment or service revision, which is the `kind`.
pub fn find<'s>(state: &'s State, kind: &str, arn: &str) -> Option<(&'s Service, &'s Deployment)> {
    let name = arn.starts_with("arn:").then(|| id(state, kind, arn))??;
    let (service, deployment) = name.split_once('/')?;
    let service = state.services.get(service)?;
    let deployment = deployments(service).find(|it| it.id == deployment)?;
    Some((service, deployment))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StopServiceDeployment {
    service_deployment_arn: String,
    #[serde(rename = "stopType")]
    _stop_type: Option<StopType>,
}

/// AWS's model has `ABORT` too, but says that only `ROLLBACK` is valid.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum StopType {
    Rollback,
}

pub fn stop(
    state: &mut State,
    now: Timestamp,
    request: StopServiceDeployment,
) -> Result<Value, Error> {
    let arn = request.service_deployment_arn;
    let found = find(state, DEPLOYMENT_KIND, &arn).map(|(_, deployment)| deployment.id.clone());
    let result = found
        .ok_or(RollBackError::NotFound)
        .and_then(|id| state.roll_back(&id, now));
    let code = match result {
        Ok(()) => return Ok(json!({ "serviceDeploymentArn": arn })),
        Err(RollBackError::NotFound) => "ServiceDeploymentNotFoundException",
        Err(RollBackError::NotInProgress) => "ConflictException",
        Err(RollBackError::NothingCompleted) => INVALID_PARAMETER,
    };
    let message = result.err().map(|error| error.to_string());
    let message = message.unwrap_or_default();
    let message = format!("Service deployment {}: {message}.", shorten(&arn));
    Err(Error::bad_request(code, message))
}
