//! The access log contains one line for each request. Access lines are logged at every log level.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};

use super::failure::FailureReason;

/// The `tracing` target of access lines. The subscriber must accept this target at every log level.
pub const TARGET: &str = "access";

/// Maximum length of a user agent in an access line or a span. The limit bounds the size of telemetry data.
pub(super) const MAX_USER_AGENT_BYTES: usize = 256;

/// Maximum length of a path in an access line or a span. A path with the longest mysfit id is shorter than
/// this limit, even if each byte is percent-encoded.
pub(super) const MAX_PATH_BYTES: usize = 8 * 1024;

/// The parts of a request that the access line contains. Cloning the URI and the header value does not copy
/// their bytes.
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

    /// Writes the access line of the request. `status` is `None` if the request ended without a response.
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
            // A field with a text needs less CPU time than a format string.
            message = "access",
            method = self.method.as_str(),
            // The query is omitted, because the query may contain secrets.
            path = &*truncate_to_text(self.uri.path().as_bytes(), MAX_PATH_BYTES),
            status = status.or(failure.map(FailureReason::access_log_status)),
            ms = rounded_milliseconds(duration),
            user_agent = &*truncate_to_text(user_agent, MAX_USER_AGENT_BYTES),
            error_type = failure.map(FailureReason::error_type),
        );
    }
}

/// Converts the first `max_bytes` bytes of a value to text. An input of fewer than `max_bytes` bytes is
/// converted completely.
pub(super) fn truncate_to_text(bytes: &[u8], max_bytes: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(max_bytes)])
}

/// Converts a duration to milliseconds, rounded to one decimal place.
fn rounded_milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_milliseconds_with_one_decimal_place() {
        for (microseconds, milliseconds) in
            [(40, 0.0), (60, 0.1), (1_240, 1.2), (2_000_000, 2_000.0)]
        {
            let duration = Duration::from_micros(microseconds);
            let difference = rounded_milliseconds(duration) - milliseconds;
            assert!(difference.abs() < 1e-9, "{microseconds} us: {difference}");
        }
    }
}
