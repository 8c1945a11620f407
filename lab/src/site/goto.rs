//! `GET /lab/goto`: what the verb `goto` has to know of the running lab.

use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

/// The path of the answer.
pub const PATH: &str = "/lab/goto";

/// The answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AboutLab {
    /// The port of the AWS endpoint.
    pub aws_port: u16,
    /// The directory of the checkout in which the lab looks for worktrees. Characters that are not UTF-8 are replaced.
    pub sources: String,
    /// The most tasks of one service that the lab runs.
    pub max_tasks: u32,
    /// What a reset would lose, if it has to be confirmed.
    pub confirmation_required: Option<String>,
}

pub fn routes(lab: AboutLab) -> Router {
    Router::new().route(PATH, get(async move || Json(lab)))
}
