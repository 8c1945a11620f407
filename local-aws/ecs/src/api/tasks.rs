//! Tasks: list, describe, stop.

mod describe;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::INVALID_PARAMETER;
use super::names::{check_cluster, check_list, missing, service, task_id};
use super::pages::{Order, Page, page};
use super::services::LaunchType;
use super::task_definitions::Include;
use crate::model::Task;
use crate::state::State;
use crate::time::Timestamp;
use describe::describe_task;

/// Maximum number of tasks that a request describes.
const MAX_TASKS: usize = 100;

/// Maximum length of the reason of a stop in bytes.
const MAX_REASON_LENGTH: usize = 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListTasks {
    cluster: Option<String>,
    family: Option<String>,
    service_name: Option<String>,
    started_by: Option<String>,
    #[serde(default)]
    desired_status: DesiredStatus,
    #[serde(default, rename = "launchType")]
    _launch_type: Option<LaunchType>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// `desiredStatus`: no task has PENDING, which is a `lastStatus` only.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "UPPERCASE")]
enum DesiredStatus {
    Pending,
    #[default]
    Running,
    Stopped,
}

impl DesiredStatus {
    fn of(task: &Task) -> Self {
        if task.is_kept() {
            Self::Running
        } else {
            Self::Stopped
        }
    }
}

pub fn list(state: &State, request: ListTasks) -> Result<Value, Error> {
    let ListTasks {
        cluster,
        family,
        service_name,
        started_by,
        desired_status,
        next_token,
        max_results,
        ..
    } = request;
    check_cluster(state, cluster.as_deref())?;
    let service = match service_name.as_deref() {
        None => None,
        Some(name) => Some(&*service(state, name)?.name),
    };
    if started_by.is_some() && (family.is_some() || service.is_some()) {
        let message = "startedBy cannot be combined with family or serviceName.";
        return Err(Error::bad_request(INVALID_PARAMETER, message));
    }
    let is_asked = |task: &&Task| {
        desired_status == DesiredStatus::of(task)
            && family
                .as_ref()
                .is_none_or(|it| *it == task.definition.family)
            && service.is_none_or(|it| it == task.service)
            && started_by
                .as_ref()
                .is_none_or(|it| it.strip_prefix("ecs-svc/") == Some(&task.deployment))
    };
    let tasks = state.tasks.values().filter(is_asked);
    let items = tasks.map(|task| (task.id.clone(), Value::from(state.arn("task", &task.id))));
    page(
        "taskArns",
        items,
        (&family, service, &started_by, desired_status),
        Page {
            next_token: next_token.as_deref(),
            max_results,
            default_size: 100,
            order: Order::Ascending,
        },
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeTasks {
    cluster: Option<String>,
    tasks: Vec<String>,
    #[serde(default, rename = "include")]
    _include: Vec<Include>,
}

pub fn describe(state: &State, request: DescribeTasks) -> Result<Value, Error> {
    check_cluster(state, request.cluster.as_deref())?;
    check_list("Tasks", &request.tasks, MAX_TASKS)?;
    let mut tasks = Vec::new();
    let mut failures = Vec::new();
    for name in &request.tasks {
        match state.tasks.get(task_id(state, name)?) {
            Some(task) => tasks.push(describe_task(state, task)),
            None => failures.push(missing(state, "task", name)),
        }
    }
    Ok(json!({ "tasks": tasks, "failures": failures }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StopTask {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

pub fn stop(state: &mut State, now: Timestamp, request: StopTask) -> Result<Value, Error> {
    check_cluster(state, request.cluster.as_deref())?;
    let id = task_id(state, &request.task)?;
    let reason = request.reason;
    let reason = reason.unwrap_or_else(|| "Task stopped by user".to_owned());
    if reason.len() > MAX_REASON_LENGTH {
        let message = format!("The reason has more than {MAX_REASON_LENGTH} bytes.");
        return Err(Error::bad_request(INVALID_PARAMETER, message));
    }
    state.stop_task(id, reason, now);
    match state.tasks.get(id) {
        Some(task) => Ok(json!({ "task": describe_task(state, task) })),
        None => {
            let message = "The referenced task was not found.";
            Err(Error::bad_request(INVALID_PARAMETER, message))
        }
    }
}
