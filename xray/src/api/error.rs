//! What the API answers when it cannot.

use axum::http::StatusCode;

use crate::filter::Invalid;

/// An error of the API's own form.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is not right.
    #[error("{0}")]
    InvalidRequest(String),
    /// The filter expression is none.
    #[error(transparent)]
    Filter(#[from] Invalid),
    /// The quota of sampling rules is used up.
    #[error("There are {0} sampling rules already")]
    TooManyRules(usize),
    /// No such operation, or none that a laptop needs.
    #[error("This local X-Ray has no operation {0}")]
    UnknownOperation(String),
    /// The body is too large, or broke off.
    #[error("The request's body broke off or is larger than {0} bytes")]
    Body(usize),
    /// A question ended in a panic.
    #[error("The question could not be answered; this is a defect of the local X-Ray")]
    Broken,
}

impl Error {
    /// The request is not right.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidRequest(message.into())
    }

    /// The exception's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_)
            | Self::Filter(_)
            | Self::UnknownOperation(_)
            | Self::Body(_) => "InvalidRequestException",
            Self::TooManyRules(_) => "RuleLimitExceededException",
            Self::Broken => "InternalFailure",
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
