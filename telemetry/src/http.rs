//! A blocking HTTP client for exporters and samplers. Exporters and samplers run on separate threads, so a blocking
//! call does not delay a request.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use opentelemetry_http::{Bytes, Request, Response};
use thiserror::Error;
use ureq::Agent;

use crate::error_type::{OTHER_ERROR_TYPE, io_error_type};

/// Maximum size of a response body. A request fails if the body of its response is larger than
/// `MAX_BODY_BYTES`.
const MAX_BODY_BYTES: u64 = 1024 * 1024;

/// The reason why a request failed, or why a backend rejected some items of a request.
#[derive(Clone, Debug, Error)]
#[error("{cause}")]
pub(crate) struct Failure {
    /// The value of `error.type` in OpenTelemetry's semantic conventions: a status code or the name of an error.
    pub error_type: String,
    /// The description of the failure for log lines.
    pub cause: String,
    /// The status of the response, or `None` if no response was received.
    pub status: Option<StatusCode>,
    /// Number of items that the backend rejected in a partial success response.
    pub rejected_items: u64,
}

impl Failure {
    /// Creates a failure without a status.
    pub fn new(error_type: String, cause: String) -> Self {
        Self {
            error_type,
            cause,
            status: None,
            rejected_items: 0,
        }
    }

    /// Creates a failure with the `error.type` `_OTHER`, because no more specific value exists.
    pub fn other(cause: impl fmt::Display) -> Self {
        Self::new(OTHER_ERROR_TYPE.to_owned(), cause.to_string())
    }

    /// Whether a response was received and `is_expected` returns true for its status.
    pub fn has_status(&self, is_expected: impl FnOnce(&StatusCode) -> bool) -> bool {
        self.status.as_ref().is_some_and(is_expected)
    }
}

/// The failure of the last request of an HTTP client. OpenTelemetry's exporters return errors without the
/// cause. The HTTP client of the exporters therefore stores the failure in a `LastFailure`.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastFailure(Arc<Mutex<Option<Failure>>>);

impl LastFailure {
    pub fn set(&self, failure: Option<Failure>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Removes and returns the stored failure, so that each failure is reported once.
    pub fn take(&self) -> Option<Failure> {
        let mut failure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }
}

/// An HTTP client that blocks the calling thread.
#[derive(Debug)]
pub(crate) struct BlockingClient(Agent);

impl BlockingClient {
    /// Creates a client whose requests fail after `timeout`.
    pub fn new(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            // The client connects directly and ignores `HTTP_PROXY` and similar variables.
            .proxy(None)
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self(config.into())
    }

    /// Sends `request` and reads the body of a 2xx response. The body of a non-2xx response is not read.
    ///
    /// # Errors
    ///
    /// Returns an error if the response is not complete, its status is not 2xx, or its body is longer than
    /// [`MAX_BODY_BYTES`].
    pub fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        // The cause contains the host but not the path and the query, because the path and the query can
        // contain an API key.
        let host = request.uri().authority().map(ToString::to_string);
        let host = host.unwrap_or_default();
        let failure = |error: ureq::Error, status| Failure {
            status,
            ..Failure::new(ureq_error_type(&error), format!("{host}: {error}"))
        };
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, &body[..]);
        let response = self.0.run(request).map_err(|error| failure(error, None))?;
        let (head, body) = response.into_parts();
        let status = Some(head.status);
        if !head.status.is_success() {
            let code = head.status.as_str().to_owned();
            return Err(Failure {
                status,
                ..Failure::new(code, format!("{host} answered {}", head.status))
            });
        }
        // `ureq` also returns an error for a body whose length equals the limit.
        let body = body.into_with_config().limit(MAX_BODY_BYTES + 1);
        let body = body.read_to_vec().map_err(|error| failure(error, status))?;
        Ok(Response::from_parts(head, body.into()))
    }
}

/// The value of `error.type` for an error of the HTTP client.
fn ureq_error_type(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => io_error_type(error),
        ureq::Error::Timeout(_) => "timeout".to_owned(),
        _ => OTHER_ERROR_TYPE.to_owned(),
    }
}

#[cfg(test)]
mod tests;
