//! The errors of requests to the monolith, and the HTTP status of each error.
//!
//! An error that prevents the start is a [`ProcessError`](http_shell::process::ProcessError).

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use http_shell::failure_response;
use http_shell::id::IdError;
use thiserror::Error;

use crate::mysfit::FilterError;

/// The error of a failed request. One failed update can be the error of several requests, so errors can be
/// cloned.
#[derive(Clone, Debug, Error)]
pub enum Error {
    /// The path contains no valid id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The query contains no valid filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The table has no item with this id, or the item is invalid.
    #[error("there is no mysfit with this id")]
    NoSuchMysfit,
    /// DynamoDB did not answer within `DDB_TIMEOUT_MS`. DynamoDB may have written the item.
    #[error("the database did not answer in time")]
    DatabaseTimeout,
    /// DynamoDB answered with an error, or could not be reached.
    #[error("the database is not available")]
    Database(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Id(error) => error.status(),
            Self::Filter(_) => StatusCode::BAD_REQUEST,
            Self::NoSuchMysfit => StatusCode::NOT_FOUND,
            Self::DatabaseTimeout | Self::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        failure_response(self, self.status_code())
    }
}
