//! One line for each request, whatever the log level: what the workshop's participants see first.

use std::borrow::Cow;
use std::time::Instant;

use actix_web::dev::ServiceResponse;
use actix_web::http::header;

/// The `tracing` target of access lines: the subscriber lets it through at every level.
pub const TARGET: &str = "access";

/// Longest user agent in bytes that is shown; a client chooses its length, not we.
pub(super) const MAX_USER_AGENT: usize = 256;

/// Longest path in bytes that is shown: room for a mysfit's id with each byte encoded.
pub(super) const MAX_PATH: usize = 8 * 1024;

/// Writes the line of the request that began at `start`.
pub(super) fn line(response: &ServiceResponse<impl Sized>, start: Instant) {
    let request = response.request();
    let user_agent = request.headers().get(header::USER_AGENT);
    let user_agent = user_agent.map_or(&[][..], |value| value.as_bytes());
    tracing::info!(
        target: TARGET,
        method = request.method().as_str(),
        // The query is left out: it is the part in which clients send secrets.
        path = &*start_of(request.uri().path().as_bytes(), MAX_PATH),
        status = response.status().as_u16(),
        ms = milliseconds(start),
        user_agent = &*start_of(user_agent, MAX_USER_AGENT),
        "access"
    );
}

/// At most `most` bytes as text.
pub(super) fn start_of(bytes: &[u8], most: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(most)])
}

/// Milliseconds since `start`, to a tenth.
fn milliseconds(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}
