//! `POST /lab/check/{steps}`: what of steps of the guide is done, for the buttons of the guide in the console.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http_shell::format_error;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::control::error;
use crate::guide::{Looked, Step};
use crate::scenario::find_steps;
use crate::track::look_at_steps;

#[derive(Clone)]
struct Checks {
    /// The port of the AWS endpoint.
    aws_port: u16,
    /// One check runs at a time: it starts several processes of the AWS CLI.
    running: Arc<Mutex<()>>,
}

pub fn routes(aws_port: u16) -> Router {
    let running = Arc::default();
    Router::new()
        .route("/lab/check/{steps}", post(check))
        .with_state(Checks { aws_port, running })
}

/// Checks a step, such as `1.2`, or all steps of a lab, such as `1`.
async fn check(State(checks): State<Checks>, Path(steps): Path<String>) -> Response {
    let steps = match find_steps(&steps) {
        Ok(steps) => steps,
        Err(message) => return error(StatusCode::NOT_FOUND, "not_found", &message),
    };
    let guard = checks.running.lock_owned().await;
    // The check goes on if the client closes the connection, and so does its lock.
    let looked = spawn_blocking(move || {
        let _guard = guard;
        look_at_steps(steps, checks.aws_port)
    });
    match looked.await {
        Ok(Ok(looked)) => {
            let steps = looked.iter().map(|(step, looked)| describe(step, looked));
            Json(steps.collect::<Vec<_>>()).into_response()
        }
        Ok(Err(failure)) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            error(status, "service_unavailable", &format_error(&failure))
        }
        Err(failed) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            error(status, "internal_error", &failed.to_string())
        }
    }
}

/// `isDone` is null if the step could not be checked; then `failure` says why.
fn describe(step: &Step, looked: &Looked) -> Value {
    let mut description =
        json!({ "id": step.id, "title": step.title, "isDone": null, "findings": [] });
    match looked {
        Ok(findings) => {
            description["isDone"] = findings.iter().all(Result::is_ok).into();
            let findings = findings.iter().map(|finding| match finding {
                Ok(saw) => json!({ "isDone": true, "text": saw }),
                Err(missing) => json!({ "isDone": false, "text": missing }),
            });
            description["findings"] = findings.collect();
        }
        Err(failure) => description["failure"] = failure.0.as_str().into(),
    }
    description
}
