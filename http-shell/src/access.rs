//! One line for each request, whatever the log level: what the workshop's participants see first.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

/// The `tracing` target of access lines: the subscriber lets it through at every level.
pub const TARGET: &str = "access";

/// Longest user agent in bytes that a line shows; a client chooses its length, not we.
const MAX_USER_AGENT: usize = 256;

pub(crate) async fn middleware(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let start = Instant::now();
    let response = next.call(request).await?;
    let request = response.request();
    let user_agent = request.headers().get(header::USER_AGENT);
    let user_agent = user_agent.map_or(&[][..], |value| value.as_bytes());
    let user_agent = &user_agent[..user_agent.len().min(MAX_USER_AGENT)];
    tracing::info!(
        target: TARGET,
        method = request.method().as_str(),
        // The query is left out: it is the part in which clients send secrets.
        path = request.uri().path(),
        status = response.status().as_u16(),
        ms = milliseconds(start),
        user_agent = &*String::from_utf8_lossy(user_agent),
        "access"
    );
    Ok(response)
}

/// Milliseconds since `start`, to a tenth.
fn milliseconds(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}
