//! What can go wrong in the proxy, and the status that a client sees of it.

use std::io;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use http_shell::failure_response;
use http_shell::process::Failure;
use thiserror::Error;

/// Every error of this crate.
#[derive(Debug, Error)]
pub enum Error {
    /// The path is none of those that are answered, to the letter.
    #[error("there is nothing at this path")]
    NoSuchPath,
    /// The task has no container with the id in the path.
    #[error("the task has no container with this id")]
    NoSuchContainer,
    /// The container has not run for as long as it takes to have stats, or does not run any more.
    #[error("there are no stats of this container")]
    NoStats,
    /// The endpoint says 404.
    #[error("the metadata endpoint has no such document")]
    NoSuchDocument,
    /// The endpoint says 429. ECS' agent answers 40 requests a second on average
    /// (`DefaultTaskMetadataSteadyStateRate` in `amazon-ecs-agent`).
    #[error("the metadata endpoint takes no more requests at the moment")]
    EndpointThrottled,
    /// No connection to the endpoint.
    #[error("the metadata endpoint cannot be reached")]
    EndpointUnreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The endpoint did not answer within `METADATA_TIMEOUT_MS`.
    #[error("the metadata endpoint did not answer in time")]
    EndpointTimeout,
    /// The endpoint's answer is none that it may give: another status, no JSON, or too large.
    #[error("the metadata endpoint gave an answer that makes no sense")]
    EndpointAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The HTTP server failed.
    #[error("the server failed")]
    Server(#[from] io::Error),
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NoSuchContainer | Self::NoStats | Self::NoSuchDocument => {
                StatusCode::NOT_FOUND
            }
            Self::EndpointThrottled => StatusCode::TOO_MANY_REQUESTS,
            Self::EndpointUnreachable(_) | Self::EndpointAnswer(_) => StatusCode::BAD_GATEWAY,
            Self::EndpointTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Server(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        failure_response(self, self.status_code())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Run(Box::new(error))
    }
}
