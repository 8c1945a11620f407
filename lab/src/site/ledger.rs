//! `GET /lab/ledger`: the records of the ledger.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::control::error;
use crate::ledger::{Ledger, Record};

/// The path of the ledger.
pub const PATH: &str = "/lab/ledger";

/// Maximum number of records in a response.
const MAX_RECORDS: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    /// The sequence number of the last record that the client has.
    #[serde(default)]
    after: u64,
    /// How many records; by default [`MAX_RECORDS`].
    limit: Option<usize>,
}

/// The body of a response.
#[derive(Debug, Deserialize, Serialize)]
pub struct Page {
    /// Oldest first.
    pub records: Vec<Record>,
    /// The number of records that are missing, in any page.
    pub dropped: u64,
}

pub fn routes(ledger: Ledger) -> Router {
    Router::new().route(PATH, get(page)).with_state(ledger)
}

async fn page(
    State(ledger): State<Ledger>,
    range: Result<Query<Range>, QueryRejection>,
) -> Response {
    let range = range.ok().map(|Query(range)| range);
    let is_valid = |range: &Range| range.limit.is_none_or(|limit| limit <= MAX_RECORDS);
    let Some(Range { after, limit }) = range.filter(is_valid) else {
        let message = format!(
            "the parameters are after, a sequence number, and limit, at most {MAX_RECORDS}"
        );
        return error(StatusCode::BAD_REQUEST, "bad_request", &message);
    };
    let (records, dropped) = ledger.page(after, limit.unwrap_or(MAX_RECORDS));
    let page = Json(Page { records, dropped });
    ([(CACHE_CONTROL, "no-store")], page).into_response()
}
