//! Errors of the API's operations. The module `api` converts these errors to HTTP responses.

use axum::http::StatusCode;

use wire::BodyError;

use crate::filter::ParseError;

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request violates a rule of the operation.
    #[error("{0}")]
    InvalidRequest(String),
    /// The filter expression cannot be parsed.
    #[error(transparent)]
    Filter(#[from] ParseError),
    /// The quota of sampling rules is exhausted.
    #[error("There are {0} sampling rules already")]
    TooManyRules(usize),
    /// The path belongs to no operation, or to an operation that is not implemented.
    #[error("This local X-Ray has no operation {0}")]
    UnknownOperation(String),
    /// The request body could not be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The operation panicked.
    #[error("The operation panicked; this is a defect of the local X-Ray")]
    Panicked,
}

impl Error {
    /// The request violates a rule of the operation; `message` states the rule.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidRequest(message.into())
    }

    /// Name of the AWS exception, as clients receive it.
    pub fn exception_name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_)
            | Self::Filter(_)
            | Self::UnknownOperation(_)
            | Self::Body(_) => "InvalidRequestException",
            Self::TooManyRules(_) => "RuleLimitExceededException",
            Self::Panicked => "InternalFailure",
        }
    }

    /// HTTP status of the response.
    pub fn status(&self) -> StatusCode {
        if let Self::Panicked = self {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        }
    }
}
