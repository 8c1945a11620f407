//! `POST /lab/reset`: everything back to the start.

use std::path::Path;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http_shell::format_error;
use serde::{Deserialize, Serialize};

use super::control::error;
use crate::reset::{KeptLedger, Reset};

/// The path of the reset.
pub const PATH: &str = "/lab/reset";

/// The query with which a reset also replaces a database on disk.
pub const CONFIRMED: &str = "confirmed=true";

#[derive(Deserialize)]
struct Confirmation {
    #[serde(default)]
    confirmed: bool,
}

/// The body of a successful response.
#[derive(Debug, Deserialize, Serialize)]
pub struct Done {
    /// How long the reset took, in milliseconds.
    pub milliseconds: u64,
}

/// The body of a response that asks for a confirmation.
#[derive(Debug, Deserialize, Serialize)]
pub struct ConfirmationRequired {
    /// What would be lost.
    pub confirmation_required: String,
}

pub fn routes(reset: Arc<Reset>) -> Router {
    Router::new().route(PATH, post(run)).with_state(reset)
}

async fn run(
    State(reset): State<Arc<Reset>>,
    query: Result<Query<Confirmation>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else {
        let message = "the value of the parameter confirmed must be true or false";
        return error(StatusCode::BAD_REQUEST, "bad_request", message);
    };
    if let Some(directory) = reset.data_dir.as_deref().filter(|_| !query.confirmed) {
        let confirmation_required = question(directory);
        let body = Json(ConfirmationRequired {
            confirmation_required,
        });
        return (StatusCode::CONFLICT, body).into_response();
    }
    match reset.run(KeptLedger::Nothing).await {
        Ok(time) => {
            let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            Json(Done { milliseconds }).into_response()
        }
        Err(failure) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            error(status, "internal_error", &format_error(&failure))
        }
    }
}

/// What a reset loses that has to be confirmed.
pub fn question(directory: &Path) -> String {
    let directory = directory.display();
    format!("The likes and adoptions in the directory {directory} would be lost.")
}
