//! The errors of requests to the Like service, and the HTTP status of each error.
//!
//! An error that prevents the start is a [`ProcessError`](http_shell::process::ProcessError).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use http_shell::failure_response;
use http_shell::id::IdError;
use http_shell::upstream::UpstreamError;
use thiserror::Error;

use crate::chaos::{ChaosError, Overloaded};

/// The error of a failed request.
#[derive(Debug, Error)]
pub enum Error {
    /// The path contains no valid id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The fault of the like is a simulated 404. The message is the same as for a real 404, because an
    /// exercise of the workshop is to distinguish a simulated 404 from a real 404.
    #[error("there is no mysfit with this id")]
    SimulatedNotFound,
    /// The monolith answered 404.
    #[error("there is no mysfit with this id")]
    NoSuchMysfit,
    /// Too many likes are burning CPU time, or wait for a burn or for a worker.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The connection to the monolith failed.
    #[error("the monolith cannot be reached")]
    MonolithUnreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The monolith or the load balancer answered 503, or the health check did not answer in time.
    #[error("the monolith is not available")]
    MonolithUnavailable,
    /// The monolith did not answer within `MONOLITH_TIMEOUT_MS`, or answered 504.
    #[error("the monolith did not answer in time")]
    MonolithTimeout,
    /// The monolith answered with an unexpected status, or with a body that is not a JSON object.
    #[error("the monolith sent an invalid answer")]
    MonolithAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The monolith's health check answered with a status other than 2xx; the field is this status.
    #[error("Health check, monolith service answers {0}.")]
    MonolithUnhealthy(StatusCode),
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Id(error) => error.status(),
            Self::SimulatedNotFound | Self::NoSuchMysfit => StatusCode::NOT_FOUND,
            Self::Overloaded(_) | Self::MonolithUnreachable(_) | Self::MonolithUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::MonolithTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::MonolithAnswer(_) => StatusCode::BAD_GATEWAY,
            Self::MonolithUnhealthy(status) => *status,
        }
    }

    fn error_response(&self) -> HttpResponse {
        failure_response(self, self.status_code())
    }
}

impl From<ChaosError> for Error {
    fn from(error: ChaosError) -> Self {
        match error {
            ChaosError::NotFound => Self::SimulatedNotFound,
            ChaosError::Overloaded(error) => Self::Overloaded(error),
        }
    }
}

impl From<UpstreamError> for Error {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Unreachable(source) => Self::MonolithUnreachable(source),
            UpstreamError::InvalidResponse(source) => Self::MonolithAnswer(source),
        }
    }
}
