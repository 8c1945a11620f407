//! Reads and drops request bodies, because no route of the services uses a request body.
//!
//! The body is read before the handler runs, so that the connection can be used for another request. This
//! module limits the size of the body and the time for reading the body.
//! [`crate::connection`] limits the bytes of chunk headers and trailers.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
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

/// A request body that was read to its end, or rejected.
pub(crate) struct DiscardedBody {
    /// The rest of the body, which was not read if the body was rejected.
    payload: Payload,
    /// The error is the status of the response to a rejected body.
    result: Result<(), StatusCode>,
    closes_connection: bool,
}

impl DiscardedBody {
    /// Reads the body of `request` and drops its bytes.
    pub async fn read(request: &mut ServiceRequest) -> Self {
        let mut payload = request.take_payload();
        let result = match payload {
            Payload::None => Ok(()),
            _ => timeout(BODY_TIMEOUT, read_to_end(request, &mut payload))
                .await
                .unwrap_or(Err(StatusCode::REQUEST_TIMEOUT)),
        };
        let closes_connection = result.is_err() || offers_upgrade(request);
        if let Some(connection) = request.conn_data::<Rc<Connection>>() {
            connection.set_read_stage(if closes_connection {
                ReadStage::Closing
            } else {
                ReadStage::Response
            });
        }
        Self {
            payload,
            result,
            closes_connection,
        }
    }

    /// The response with status 400, 408 or 413 to an unreadable, late or oversized body.
    pub fn rejection(&self) -> Option<HttpResponse> {
        self.result.err().map(rejection_response)
    }

    /// Whether the response must close the connection, because the client may send more bytes that belong
    /// to the request.
    pub fn closes_connection(&self) -> bool {
        self.closes_connection
    }

    /// If the response closes the connection, keeps the unread rest of the request's body until `response`
    /// has been sent.
    pub fn keep_until_sent(self, response: ServiceResponse) -> ServiceResponse {
        if !self.closes_connection {
            return response;
        }
        let payload = self.payload;
        response.map_body(|_, body| BoxBody::new(FinalResponseBody { body, payload }))
    }
}

/// Reads the body of `request` to its end. If the body is rejected, the returned error is the status of the
/// response.
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
    // If a request offers a protocol upgrade, actix reports the end of the request's body only if the body
    // is chunked.
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
/// reject every offer to switch the protocol.
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
/// its end and keeps the connection open. If the payload still exists when the response is complete, actix
/// closes the connection.
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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const MAX_BYTES: usize = MAX_BODY_BYTES as usize;

    /// Reads a body of `bytes` bytes whose head declares `content_length`, and returns the result.
    async fn read(bytes: usize, content_length: Option<usize>) -> Result<(), StatusCode> {
        let mut request = TestRequest::post().set_payload(vec![b'x'; bytes]);
        if let Some(length) = content_length {
            request = request.insert_header((header::CONTENT_LENGTH, length));
        }
        let mut request = request.to_srv_request();
        let mut payload = request.take_payload();
        read_to_end(&request, &mut payload).await
    }

    #[tokio::test]
    async fn a_body_of_64_kib_is_read_and_a_longer_body_is_rejected() {
        assert_eq!(read(MAX_BYTES, None).await, Ok(()));
        let too_large = Err(StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(read(MAX_BYTES + 1, None).await, too_large);
    }

    #[tokio::test]
    async fn a_content_length_over_64_kib_is_rejected_before_the_body_is_read() {
        assert_eq!(read(0, Some(MAX_BYTES)).await, Ok(()));
        let too_large = Err(StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(read(0, Some(MAX_BYTES + 1)).await, too_large);
    }

    #[test]
    fn connect_and_the_upgrade_header_offer_an_upgrade() {
        let connect = TestRequest::default().method(Method::CONNECT);
        assert!(offers_upgrade(&connect.to_srv_request()));
        let upgrade = TestRequest::default().insert_header((header::UPGRADE, "h2c"));
        assert!(offers_upgrade(&upgrade.to_srv_request()));
        assert!(!offers_upgrade(&TestRequest::default().to_srv_request()));
    }

    #[tokio::test]
    async fn the_response_to_a_rejected_body_has_its_status_and_states_the_limit() {
        for (status, text) in [
            (StatusCode::PAYLOAD_TOO_LARGE, "65536 bytes"),
            (StatusCode::REQUEST_TIMEOUT, "5 s"),
            (StatusCode::BAD_REQUEST, "could not be read"),
        ] {
            let response = rejection_response(status);
            assert_eq!(response.status(), status);
            let body = actix_web::body::to_bytes(response.into_body())
                .await
                .unwrap();
            let body = String::from_utf8_lossy(&body).into_owned();
            assert!(body.contains(text), "{body}");
        }
    }
}
