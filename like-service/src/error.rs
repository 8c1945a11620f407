//! The errors with which the Like service answers requests, and their statuses.
//!
//! An error that prevents the start is a [`ProcessError`](http_shell::process::ProcessError).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use http_shell::failure_response;
use http_shell::id::IdError;
use http_shell::upstream::UpstreamError;
use thiserror::Error;

use crate::chaos::{ChaosError, Overloaded};

/// Why a request fails.
#[derive(Debug, Error)]
pub enum Error {
    /// The path contains no valid id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// Chaos drew a 404. The message is that of a real 404: users of the workshop have to find the difference.
    #[error("there is no mysfit with this id")]
    SimulatedNotFound,
    /// The monolith answered 404.
    #[error("there is no mysfit with this id")]
    NoSuchMysfit,
    /// Too many likes burn CPU time, or wait for it.
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
    /// The monolith's answer is not one of those that the hook can give.
    #[error("the monolith gave an answer that makes no sense")]
    MonolithAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The monolith's health check answered with this status, which is not 2xx.
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
