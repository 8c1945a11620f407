//! Bodies that nobody reads: no route of the services takes one.
//!
//! What comes is read and dropped, so that the connection can go on, within a bound in size and time.

use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use futures_util::StreamExt;

use crate::error::error_response;

/// Largest request body in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// How long a client may take to send it.
const TIME: Duration = Duration::from_secs(5);

pub(crate) async fn middleware(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse().ok());
    let refused = if declared.is_some_and(|bytes: u64| bytes > MAX_BYTES as u64) {
        Some(StatusCode::PAYLOAD_TOO_LARGE)
    } else if ends_with_the_connection(&request) {
        None
    } else {
        discard(request.take_payload()).await.err()
    };
    let Some(status) = refused else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => format!("a body has at most {MAX_BYTES} bytes"),
        StatusCode::REQUEST_TIMEOUT => {
            format!("the body did not arrive within {} s", TIME.as_secs())
        }
        _ => "the body could not be read".to_owned(),
    };
    let mut response = error_response(status, &message);
    // What is left of the body must not be taken for the next request.
    response
        .head_mut()
        .set_connection_type(actix_web::http::ConnectionType::Close);
    Ok(request.into_response(response).map_into_boxed_body())
}

/// Whether what follows the head is another protocol, which has no end to wait for. Nobody here
/// speaks one, and the connection closes after the answer.
fn ends_with_the_connection(request: &ServiceRequest) -> bool {
    request.method() == Method::CONNECT || request.headers().contains_key(header::UPGRADE)
}

async fn discard(mut payload: Payload) -> Result<(), StatusCode> {
    let read = async {
        let mut bytes = 0;
        while let Some(chunk) = payload.next().await {
            bytes += chunk.map_err(|_| StatusCode::BAD_REQUEST)?.len();
            if bytes > MAX_BYTES {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
        }
        Ok(())
    };
    tokio::time::timeout(TIME, read)
        .await
        .unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}
