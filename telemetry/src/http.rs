//! The HTTP client of exporters and samplers. It blocks, since they have threads of their own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_http::{Bytes, Request, Response};
use thiserror::Error;
use ureq::Agent;

use crate::export::{OTHER, error_type};

/// Most bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 * 1024;

/// Why a backend did not take a request, or not all of it.
#[derive(Clone, Debug, Error)]
#[error("{cause}")]
pub(crate) struct Failure {
    /// `error.type` of the semantic conventions: a status code, or the name of an error.
    pub error_type: String,
    /// For people.
    pub cause: String,
    /// How many items the backend rejected where it took the others.
    pub rejected: u64,
}

impl Failure {
    pub fn new(error_type: String, cause: String) -> Self {
        Self {
            error_type,
            cause,
            rejected: 0,
        }
    }
}

/// The failure of the last request. OpenTelemetry's exporters do not pass the cause on, so their HTTP
/// client leaves it here.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastFailure(Arc<Mutex<Option<Failure>>>);

impl LastFailure {
    pub fn set(&self, failure: Option<Failure>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Takes the failure out, so that it is reported once.
    pub fn take(&self) -> Option<Failure> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.take()
    }
}

/// A client whose requests end within a time.
#[derive(Debug)]
pub(crate) struct Blocking(Agent);

impl Blocking {
    /// A client whose requests end within `timeout`.
    pub fn within(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            // Connections are direct; no proxy variable is read.
            .proxy(None)
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self(config.into())
    }

    /// Sends the request. The answer is returned whatever its status; one without success comes with
    /// the failure that it means.
    pub fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<(Response<Bytes>, Option<Failure>), Failure> {
        // Path and query are left out, because they may hold a key.
        let host = request.uri().authority().map(ToString::to_string);
        let host = host.unwrap_or_default();
        let answer = self
            .exchange(request)
            .map_err(|error| Failure::new(kind(&error), format!("{host}: {error}")))?;
        let status = answer.status();
        let failure = (!status.is_success()).then(|| {
            let code = status.as_str().to_owned();
            Failure::new(code, format!("{host} answered {status}"))
        });
        Ok((answer, failure))
    }

    fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, &body[..]);
        let (head, body) = self.0.run(request)?.into_parts();
        let body = body.into_with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

/// `error.type` of an error of the client.
fn kind(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error_type(error),
        ureq::Error::Timeout(_) => "timeout".to_owned(),
        _ => OTHER.to_owned(),
    }
}

#[cfg(test)]
mod tests;
