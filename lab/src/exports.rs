//! The names of the lab's resources that commands of the exercises use, as shell variables. The AWS endpoint shows them at
//! [`PATH`], and the verb `env` prints them.

use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

/// The path of the names at the AWS endpoint. No AWS service has this path.
pub const PATH: &str = "/lab/exports";

/// A shell variable.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Export {
    pub name: String,
    pub value: String,
}

impl Export {
    pub fn new(name: &str, value: &str) -> Self {
        let (name, value) = (name.to_owned(), value.to_owned());
        Self { name, value }
    }
}

/// Answers with the names.
pub fn router(exports: Vec<Export>) -> Router {
    Router::new().route(PATH, get(async move || Json(exports)))
}
