//! `/logs` and `/lab`: what the person at this machine may see and do.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use elb::LoadBalancer;
use serde::Deserialize;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::logs::Logs;

pub fn routes(logs: Logs, load_balancer: Arc<LoadBalancer>) -> Router {
    let metrics = Router::new()
        .route("/lab/load-balancer", get(metrics))
        .with_state(load_balancer);
    Router::new()
        .route("/logs/{log}", get(tail))
        .with_state(logs)
        .merge(metrics)
}

/// An answer that says what was wrong, in the form in which the services do.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"error": {"code": code, "message": message}});
    (status, Json(body)).into_response()
}

/// Maximum number of lines in a response.
const MAX_LINES: usize = 10_000;

#[derive(Deserialize)]
struct Range {
    /// How many lines, from the end; by default [`MAX_LINES`].
    tail: Option<usize>,
}

/// `GET /logs/{log}?tail=N`: log lines as text. The lines of a service begin with the names of their streams.
/// Lines that are metrics are only in the log group: they name the faults of likes at any log level.
async fn tail(
    State(logs): State<Logs>,
    Path(log): Path<String>,
    Query(range): Query<Range>,
) -> Response {
    let Some(log) = logs.names().find(|name| *name == log) else {
        let known: Vec<_> = logs.names().collect();
        let message = format!("the logs are {}", known.join(" and "));
        return error(StatusCode::NOT_FOUND, "not_found", &message);
    };
    let count = range.tail.unwrap_or(MAX_LINES).min(MAX_LINES);
    match spawn_blocking(move || logs.tail(log, count)).await {
        Ok(lines) => ([(CACHE_CONTROL, "no-store")], lines).into_response(),
        Err(failed) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            error(status, "internal_error", &failed.to_string())
        }
    }
}

/// `GET /lab/load-balancer`: what the load balancer has counted since its start, under the names of CloudWatch's metrics.
async fn metrics(State(load_balancer): State<Arc<LoadBalancer>>) -> Response {
    let metrics = Json(load_balancer.metrics());
    ([(CACHE_CONTROL, "no-store")], metrics).into_response()
}
