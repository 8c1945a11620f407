//! One line for each request, whatever the log level: what the workshop's participants see first.

use std::borrow::Cow;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

/// The `tracing` target of access lines: the subscriber lets it through at every level.
pub const TARGET: &str = "access";

/// Longest user agent in bytes that a line shows; a client chooses its length, not we.
const MAX_USER_AGENT: usize = 256;

/// Longest path in bytes that a line shows: room for a mysfit's id with each byte encoded.
const MAX_PATH: usize = 8 * 1024;

pub(crate) async fn middleware(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let start = Instant::now();
    let response = next.call(request).await?;
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
    Ok(response)
}

/// At most `most` bytes as text.
fn start_of(bytes: &[u8], most: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(most)])
}

/// Milliseconds since `start`, to a tenth.
fn milliseconds(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}
