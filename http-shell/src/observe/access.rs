//! The access log: one line for each request, at every log level.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};

use super::failure::FailureReason;

/// The `tracing` target of access lines. The subscriber must accept this target at every log level.
pub const TARGET: &str = "access";

/// Maximum length of a user agent in a line or a span. Without a limit, clients could send any length.
pub(super) const MAX_USER_AGENT_BYTES: usize = 256;

/// Maximum length of a path in a line or a span. The longest mysfit id fits, even with each byte
/// percent-encoded.
pub(super) const MAX_PATH_BYTES: usize = 8 * 1024;

/// The parts of a request that its access line shows. They share the request's buffers.
pub(super) struct AccessLine {
    method: Method,
    uri: Uri,
    user_agent: Option<HeaderValue>,
}

impl AccessLine {
    pub fn new(request: &ServiceRequest) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            user_agent: request.headers().get(header::USER_AGENT).cloned(),
        }
    }

    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Writes the line. `status` is `None` if the request ended without a response.
    pub fn write(
        &self,
        status: Option<StatusCode>,
        failure: Option<FailureReason>,
        duration: Duration,
    ) {
        let user_agent = self.user_agent.as_ref();
        let user_agent = user_agent.map_or(&[][..], |value| value.as_bytes());
        let status = status.map(|status| status.as_u16());
        tracing::info!(
            target: TARGET,
            method = self.method.as_str(),
            // The query is omitted, because clients may send secrets in it.
            path = &*truncate_to_text(self.uri.path().as_bytes(), MAX_PATH_BYTES),
            status = status.or(failure.map(FailureReason::access_log_status)),
            ms = rounded_milliseconds(duration),
            user_agent = &*truncate_to_text(user_agent, MAX_USER_AGENT_BYTES),
            error_type = failure.map(FailureReason::error_type),
            "access"
        );
    }
}

/// Converts at most the first `max_bytes` bytes to text.
pub(super) fn truncate_to_text(bytes: &[u8], max_bytes: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(max_bytes)])
}

/// The duration in milliseconds, rounded to one decimal place.
fn rounded_milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
