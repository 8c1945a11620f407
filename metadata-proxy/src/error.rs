//! The errors of requests to the proxy, and the HTTP status of each error.
//!
//! An error that prevents the start is a [`ProcessError`](http_shell::process::ProcessError).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use http_shell::failure_response;
use http_shell::upstream::UpstreamError;
use thiserror::Error;

/// The reason why a request to the proxy fails.
#[derive(Debug, Error)]
pub enum Error {
    /// The proxy has no route for the path.
    #[error("there is nothing at this path")]
    NoSuchPath,
    /// The task has no container with the id in the path.
    #[error("the task has no container with this id")]
    NoSuchContainer,
    /// The endpoint has no stats of the container, because the container has just started or has stopped.
    #[error("there are no stats of this container")]
    NoStats,
    /// The endpoint responded with status 404.
    #[error("the metadata endpoint has no such document")]
    NoSuchDocument,
    /// The endpoint responded with status 429. The ECS agent allows 40 requests per second on average
    /// (`DefaultTaskMetadataSteadyStateRate` in `amazon-ecs-agent`).
    #[error("the metadata endpoint limits the rate of requests: try again later")]
    EndpointThrottled,
    /// No connection to the endpoint could be opened.
    #[error("the metadata endpoint cannot be reached")]
    EndpointUnreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The endpoint did not answer within `METADATA_TIMEOUT_MS`.
    #[error("the metadata endpoint did not answer in time")]
    EndpointTimeout,
    /// The endpoint's response has an unexpected status, is not JSON, or is too large.
    #[error("the metadata endpoint sent an invalid response")]
    InvalidEndpointResponse(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NoSuchContainer | Self::NoStats | Self::NoSuchDocument => {
                StatusCode::NOT_FOUND
            }
            Self::EndpointThrottled => StatusCode::TOO_MANY_REQUESTS,
            Self::EndpointUnreachable(_) | Self::InvalidEndpointResponse(_) => {
                StatusCode::BAD_GATEWAY
            }
            Self::EndpointTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        failure_response(self, self.status_code())
    }
}

impl From<UpstreamError> for Error {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Unreachable(source) => Self::EndpointUnreachable(source),
            UpstreamError::InvalidResponse(source) => Self::InvalidEndpointResponse(source),
        }
    }
}
