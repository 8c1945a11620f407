//! Names and ARNs of clusters, services, tasks and deployments.

use serde_json::{Value, json};
use wire::{Error, REGION, shorten};

use super::INVALID_PARAMETER;
use crate::model::Service;
use crate::state::State;

/// The lengths of a task's id: 32 digits, or a UUID.
const TASK_ID_LENGTHS: [usize; 2] = [32, 36];

/// The ARN of a resource, for example `service/<cluster>/<name>`.
pub fn arn(resource: &str) -> String {
    wire::arn("ecs", REGION, resource)
}

impl State {
    pub fn cluster_arn(&self) -> String {
        arn(&format!("cluster/{}", self.config.cluster))
    }

    /// The ARN of a resource of the cluster. `kind` is for example `service`, and `id` the name of a service.
    pub fn arn(&self, kind: &str, id: &str) -> String {
        arn(&format!("{kind}/{}/{id}", self.config.cluster))
    }
}

/// Checks the name or ARN of a cluster.
///
/// # Errors
///
/// Fails if it is not the cluster of the state. Without a name, AWS takes the cluster `default`.
pub fn check_cluster(state: &State, cluster: Option<&str>) -> Result<(), Error> {
    if is_cluster(state, cluster.unwrap_or("default")) {
        return Ok(());
    }
    let message = "Cluster not found.";
    Err(Error::bad_request("ClusterNotFoundException", message))
}

/// Whether this is the name or ARN of the cluster.
pub fn is_cluster(state: &State, name_or_arn: &str) -> bool {
    name_or_arn == state.config.cluster || name_or_arn == state.cluster_arn()
}

/// The id in an id or ARN of a resource of the cluster. An ARN may have the form without the cluster's name, as before
/// 2018. Returns `None` for the ARN of something else.
pub fn id<'a>(state: &State, kind: &str, id_or_arn: &'a str) -> Option<&'a str> {
    if !id_or_arn.starts_with("arn:") {
        return Some(id_or_arn);
    }
    let id = id_or_arn.strip_prefix(&arn(kind))?.strip_prefix('/')?;
    match id.split_once('/') {
        None => Some(id),
        Some((cluster, id)) => (cluster == state.config.cluster).then_some(id),
    }
}

/// Finds a service by its name or ARN.
pub fn find_service<'a>(state: &'a State, name_or_arn: &str) -> Option<&'a Service> {
    state.services.get(id(state, "service", name_or_arn)?)
}

/// Finds a service by its name or ARN.
///
/// # Errors
///
/// Fails if there is no such service.
pub fn service<'a>(state: &'a State, name_or_arn: &str) -> Result<&'a Service, Error> {
    find_service(state, name_or_arn)
        .ok_or_else(|| Error::bad_request("ServiceNotFoundException", "Service not found."))
}

/// The id in an id or ARN of a task.
///
/// # Errors
///
/// Fails if the id does not have the form of a task's id.
pub fn task_id<'a>(state: &State, id_or_arn: &'a str) -> Result<&'a str, Error> {
    let id = id(state, "task", id_or_arn).unwrap_or_default();
    if TASK_ID_LENGTHS.contains(&id.len()) {
        return Ok(id);
    }
    let message = "taskId length should be one of [32,36]";
    Err(Error::bad_request(INVALID_PARAMETER, message))
}

/// Refuses a list that is empty or longer than the API allows. `name` is the parameter as the API's messages write it.
pub fn check_list<T>(name: &str, items: &[T], max: usize) -> Result<(), Error> {
    let message = match items.len() {
        0 => format!("{name} cannot be empty."),
        length if length > max => {
            format!("{name} cannot have more than {max} items, and this request has {length}.")
        }
        _ => return Ok(()),
    };
    Err(Error::bad_request(INVALID_PARAMETER, message))
}

/// The failure of a resource of the cluster that does not exist.
pub fn missing(state: &State, kind: &str, id_or_arn: &str) -> Value {
    failure(id_or_arn, |id| state.arn(kind, id))
}

/// The failure of a cluster that does not exist.
pub fn missing_cluster(name_or_arn: &str) -> Value {
    failure(name_or_arn, |name| arn(&format!("cluster/{name}")))
}

fn failure(id_or_arn: &str, arn_of: impl FnOnce(&str) -> String) -> Value {
    let id_or_arn = shorten(id_or_arn);
    let arn = match id_or_arn.starts_with("arn:") {
        true => id_or_arn,
        false => arn_of(&id_or_arn),
    };
    json!({ "arn": arn, "reason": "MISSING" })
}

/// The ARN of a container of a task. `index` is its index in the task definition.
pub fn container_arn(cluster: &str, task_id: &str, index: usize) -> String {
    let id = uuid_from(task_id, index + 1);
    arn(&format!("container/{cluster}/{task_id}/{id}"))
}

/// A UUID that belongs to a task: the same number gives the same UUID.
pub fn uuid_from(task_id: &str, number: usize) -> String {
    let id = u128::from_str_radix(task_id, 16).unwrap_or_default();
    let digits = format!("{:032x}", id.wrapping_add(number as u128 + 1));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| &digits[part]).join("-")
}
