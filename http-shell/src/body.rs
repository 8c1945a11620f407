//! Middleware that reads and drops request bodies, because no route of the services uses a request body.
//!
//! The middleware reads the body before the handler runs, so that the connection can be used for another
//! request. The middleware limits the size of the body and the time for reading the body.
//! [`crate::connection`] limits the bytes of chunk headers and trailers.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::error::error_response;
use crate::request_reader::ReadStage;

/// Maximum size of a request body.
const MAX_BODY_BYTES: u64 = 64 * 1024;

/// Maximum time in which a client must send the body of a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Middleware that reads the body and then calls `next`. An unreadable, late or oversized body is answered
/// with 400, 408 or 413.
pub(crate) async fn discard_request_body(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut payload = request.take_payload();
    let result = timeout(BODY_TIMEOUT, read_to_end(&request, &mut payload)).await;
    let result = result.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT));
    let must_close = result.is_err() || offers_upgrade(&request);
    if let Some(connection) = request.conn_data::<Rc<Connection>>() {
        connection.set_read_stage(if must_close {
            ReadStage::Closing
        } else {
            ReadStage::Response
        });
    }
    let mut response = match result {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(status) => request.into_response(rejection_response(status)),
    };
    if must_close {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
        response = response.map_body(|_, body| BoxBody::new(FinalResponseBody { body, payload }));
    }
    Ok(response)
}

/// Reads the body to its end. For a rejected body, returns the status of the response as the error.
async fn read_to_end(request: &ServiceRequest, payload: &mut Payload) -> Result<(), StatusCode> {
    let content_length = request.headers().get(header::CONTENT_LENGTH);
    let content_length: Option<u64> =
        content_length.and_then(|value| value.to_str().ok()?.parse().ok());
    if content_length.is_some_and(|bytes| bytes > MAX_BODY_BYTES) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let is_chunked = request.chunked().unwrap_or(false);
    if let Some(connection) = request.conn_data::<Rc<Connection>>() {
        connection.set_read_stage(if is_chunked {
            ReadStage::ChunkedBody
        } else {
            ReadStage::Body(content_length.unwrap_or(0))
        });
    }
    // After an offer to upgrade, actix reports the end of a body only if the body is chunked.
    let has_no_end = offers_upgrade(request) && !is_chunked;
    let bytes_to_read = has_no_end.then_some(content_length.unwrap_or(0));
    let mut bytes_read = 0;
    while bytes_to_read.is_none_or(|bytes| bytes_read < bytes)
        && let Some(chunk) = payload.next().await
    {
        let is_read_limit_reached = || {
            let connection = request.conn_data::<Rc<Connection>>();
            connection.is_some_and(|connection| connection.is_read_limit_reached())
        };
        match chunk {
            Ok(chunk) => bytes_read += chunk.len() as u64,
            Err(_) if is_read_limit_reached() => return Err(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return Err(StatusCode::BAD_REQUEST),
        }
        if bytes_read > MAX_BODY_BYTES {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
    Ok(())
}

/// Whether the request offers to switch to another protocol, with `CONNECT` or `Upgrade`. The services
/// reject every such offer.
///
/// actix treats all bytes after the head of an upgrade request as a body without an end.
fn offers_upgrade(request: &ServiceRequest) -> bool {
    request.method() == Method::CONNECT
        || request.headers().contains_key(header::UPGRADE)
        || request.head().upgrade()
}

/// The response to a request whose body was rejected with `status`.
fn rejection_response(status: StatusCode) -> HttpResponse {
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => format!("the body is longer than {MAX_BODY_BYTES} bytes"),
        StatusCode::REQUEST_TIMEOUT => {
            let seconds = BODY_TIMEOUT.as_secs();
            format!("the body did not arrive within {seconds} s")
        }
        _ => "the body could not be read".to_owned(),
    };
    error_response(status, &message)
}

/// The body of the last response on a connection, and the unread rest of the request's body.
///
/// If the payload of a chunked body is dropped before the response is complete, actix reads the payload to
/// its end and keeps the connection open. If the payload still exists at that time, actix closes the
/// connection.
struct FinalResponseBody {
    body: BoxBody,
    #[expect(
        dead_code,
        reason = "dropping the payload changes how actix ends the connection"
    )]
    payload: Payload,
}

impl MessageBody for FinalResponseBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
