//! One line for each request, whatever the log level: what the workshop's participants see first.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};

use super::exchange::Failure;

/// The `tracing` target of access lines: the subscriber lets it through at every level.
pub const TARGET: &str = "access";

/// Longest user agent in bytes that is shown; a client chooses its length, not we.
pub(super) const MAX_USER_AGENT: usize = 256;

/// Longest path in bytes that is shown: room for a mysfit's id with each byte encoded.
pub(super) const MAX_PATH: usize = 8 * 1024;

/// The parts of a request that its line shows. They share the request's buffers.
pub(super) struct Line {
    method: Method,
    uri: Uri,
    user_agent: Option<HeaderValue>,
}

impl Line {
    pub fn of(request: &ServiceRequest) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            user_agent: request.headers().get(header::USER_AGENT).cloned(),
        }
    }

    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Writes the line of a request that was answered with `status`, or not at all, or not wholly.
    pub fn write(&self, status: Option<StatusCode>, failure: Option<Failure>, elapsed: Duration) {
        let user_agent = self.user_agent.as_ref();
        let user_agent = user_agent.map_or(&[][..], |value| value.as_bytes());
        let status = status.map(|status| status.as_u16());
        tracing::info!(
            target: TARGET,
            method = self.method.as_str(),
            // The query is left out: it is the part in which clients send secrets.
            path = &*start_of(self.uri.path().as_bytes(), MAX_PATH),
            status = status.or(failure.map(Failure::status)),
            ms = milliseconds(elapsed),
            user_agent = &*start_of(user_agent, MAX_USER_AGENT),
            error_type = failure.map(Failure::error_type),
            "access"
        );
    }
}

/// At most `most` bytes as text.
pub(super) fn start_of(bytes: &[u8], most: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(most)])
}

/// To a tenth of a millisecond.
fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10_000.0).round() / 10.0
}
