//! What can go wrong in the monolith, and the status that a client sees of it.

use std::io;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use http_shell::env::ConfigError;
use http_shell::failure_response;
use http_shell::id::IdError;
use http_shell::process::Failure;
use thiserror::Error;

use crate::mysfit::FilterError;

/// Every error of this crate.
#[derive(Debug, Error)]
pub enum Error {
    /// The path holds no id that could be one.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The query holds no filter that could be one.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// No such mysfit in the table, or only half of one.
    #[error("there is no mysfit with this id")]
    NoSuchMysfit,
    /// DynamoDB did not answer within `DDB_TIMEOUT_MS`. What it did is not known.
    #[error("the database did not answer in time")]
    DatabaseTimeout,
    /// DynamoDB refused, or could not be reached.
    #[error("the database is not available")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The SDK found no region to talk to.
    #[error("no AWS region is configured")]
    NoRegion,
    /// The HTTP server failed.
    #[error("the server failed")]
    Server(#[from] io::Error),
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Id(error) => error.status(),
            Self::Filter(_) => StatusCode::BAD_REQUEST,
            Self::NoSuchMysfit => StatusCode::NOT_FOUND,
            Self::DatabaseTimeout | Self::Database(_) | Self::NoRegion | Self::Server(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        failure_response(self, self.status_code())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoRegion => ConfigError::Missing("AWS_REGION".to_owned()).into(),
            error => Self::Run(Box::new(error)),
        }
    }
}
