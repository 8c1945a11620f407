//! The paths of the endpoint.
//!
//! On AWS the endpoint has a link-local address, and the agent finds the task of a request for version 2 by the address of
//! the sender. Here several tasks share a machine and an address, so that a token in the path names the container: in
//! version 4 as on AWS (`/v4/<token>`), in version 2 in front of the path (`/<token>/v2/metadata`).
//!
//! Source of paths, status codes and texts of errors: `ecs-agent/tmds/handlers/v4/handlers.go`,
//! `agent/handlers/v4/tmdsstate.go` and `agent/handlers/v2` of the agent, and the developer guide for
//! `/v2/metadata/taskWithTags`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use super::view::{ContainerView, TaskView};
use super::{Version, containers, statistics, tasks};
use crate::definition::Container;

/// The container that a token belongs to.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its task.
    pub task: TaskView,
    /// Its index in the task definition.
    pub container: usize,
}

type Find = Arc<dyn Fn(&str) -> Option<Found> + Send + Sync>;

/// The endpoint. `find` returns the container of a token, which has no slash.
///
/// A container gets `http://<address>/v4/<token>` as `ECS_CONTAINER_METADATA_URI_V4`.
pub fn router(find: impl Fn(&str) -> Option<Found> + Send + Sync + 'static) -> Router {
    // Nothing has tags here, so that the documents with tags equal those without.
    Router::new()
        .route("/v4/{token}", get(v4_container))
        .route("/v4/{token}/stats", get(v4_container_stats))
        .route("/v4/{token}/task", get(v4_task))
        .route("/v4/{token}/taskWithTags", get(v4_task))
        .route("/v4/{token}/task/stats", get(v4_task_stats))
        .route("/{token}/v2/metadata", get(v2_task))
        .route("/{token}/v2/metadata/taskWithTags", get(v2_task))
        .route("/{token}/v2/metadata/{id}", get(v2_container))
        .route("/{token}/v2/stats", get(v2_task_stats))
        .route("/{token}/v2/stats/{id}", get(v2_container_stats))
        .with_state(Arc::new(find) as Find)
}

async fn v4_container(State(find): State<Find>, Path(token): Path<String>) -> Response {
    match find(&token) {
        Some(Found { task, container }) => match task.containers().nth(container) {
            Some((definition, view)) => {
                json(&containers::document(Version::V4, &task, definition, view))
            }
            None => unknown("V4 container metadata handler", CONTAINER, &token),
        },
        None => unknown("V4 container metadata handler", CONTAINER, &token),
    }
}

async fn v4_container_stats(State(find): State<Find>, Path(token): Path<String>) -> Response {
    let Some(Found { task, container }) = find(&token) else {
        return unknown("V4 container stats handler", TASK, &token);
    };
    let stats = task.containers().nth(container);
    match stats.and_then(|(definition, view)| stats_of(Version::V4, &task, definition, view)) {
        Some(document) => json(&document),
        None => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("Unable to get container stats for: {token}"),
        ),
    }
}

async fn v4_task(State(find): State<Find>, Path(token): Path<String>) -> Response {
    match find(&token) {
        Some(found) => json(&tasks::document(Version::V4, &found.task)),
        None => unknown("V4 task metadata handler", TASK, &token),
    }
}

async fn v4_task_stats(State(find): State<Find>, Path(token): Path<String>) -> Response {
    match find(&token) {
        Some(found) => json(&all_stats(Version::V4, &found.task)),
        None => unknown("V4 task stats handler", TASK, &token),
    }
}

async fn v2_task(State(find): State<Find>, Path(token): Path<String>) -> Response {
    match find(&token) {
        Some(found) => json(&tasks::document(Version::V2, &found.task)),
        None => no_task(&token),
    }
}

async fn v2_container(
    State(find): State<Find>,
    Path((token, id)): Path<(String, String)>,
) -> Response {
    let Some(Found { task, .. }) = find(&token) else {
        return no_task(&token);
    };
    if id == task.pause_id() {
        return json(&containers::pause(&task));
    }
    match task
        .created()
        .find(|(_, container)| container.runtime_id == id)
    {
        Some((definition, container)) => json(&containers::document(
            Version::V2,
            &task,
            definition,
            container,
        )),
        None => error(
            StatusCode::BAD_REQUEST,
            &format!("Unable to generate metadata for container '{id}'"),
        ),
    }
}

async fn v2_task_stats(State(find): State<Find>, Path(token): Path<String>) -> Response {
    match find(&token) {
        Some(found) => json(&all_stats(Version::V2, &found.task)),
        None => no_task(&token),
    }
}

async fn v2_container_stats(
    State(find): State<Find>,
    Path((token, id)): Path<(String, String)>,
) -> Response {
    let Some(Found { task, .. }) = find(&token) else {
        return no_task(&token);
    };
    let container = task
        .created()
        .find(|(_, container)| container.runtime_id == id);
    match container.and_then(|(definition, view)| stats_of(Version::V2, &task, definition, view)) {
        Some(document) => json(&document),
        None => error(
            StatusCode::BAD_REQUEST,
            &format!("Unable to get container stats for: {id}"),
        ),
    }
}

/// Statistics by container id.
fn all_stats(version: Version, task: &TaskView) -> BTreeMap<String, Stats> {
    let pause = (version == Version::V2).then(|| (task.pause_id(), Stats::Missing));
    let of_containers = task.created().map(|(definition, container)| {
        let stats = match stats_of(version, task, definition, container) {
            Some(document) => Stats::Document(Box::new(document)),
            None if version == Version::V2 => Stats::Missing,
            None => Stats::Empty {},
        };
        (container.runtime_id.clone(), stats)
    });
    pause.into_iter().chain(of_containers).collect()
}

/// The statistics of a container. For one without figures, the agent writes `null` in version 2, and an object without
/// members in version 4.
#[derive(Serialize)]
#[serde(untagged)]
enum Stats {
    Document(Box<statistics::Document>),
    Missing,
    Empty {},
}

fn stats_of(
    version: Version,
    task: &TaskView,
    definition: &Container,
    container: &ContainerView,
) -> Option<statistics::Document> {
    let figures = container.figures.as_ref()?;
    let id = &container.runtime_id;
    Some(statistics::document(version, task, definition, id, figures))
}

/// What the agent could not find, in the words of its version 4.
const CONTAINER: &str = "container ID from request: unable to get docker ID";
const TASK: &str = "task arn from request: unable to get task Arn";

fn unknown(handler: &str, what: &str, token: &str) -> Response {
    error(
        StatusCode::NOT_FOUND,
        &format!("{handler}: unable to get {what} from v3 endpoint ID: {token}"),
    )
}

fn no_task(token: &str) -> Response {
    error(
        StatusCode::BAD_REQUEST,
        &format!("Unable to get task arn from request: unable to associate '{token}' with task"),
    )
}

/// The body of an error is its text as a JSON string.
fn error(status: StatusCode, text: &str) -> Response {
    (status, json(text)).into_response()
}

fn json(document: &(impl Serialize + ?Sized)) -> Response {
    match serde_json::to_vec(document) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
