//! Bodies of requests. No route of the services takes one.
//!
//! A body is read and dropped before its request is handled, so that the connection can be used again,
//! within a bound in size and time. [`crate::connection`] bounds the bytes around it.

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
use crate::intake::Stage;

/// Largest body in bytes.
const MAX_BODY: u64 = 64 * 1024;

/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn middleware(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut payload = request.take_payload();
    let read = timeout(BODY_TIMEOUT, discard(&request, &mut payload)).await;
    let read = read.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT));
    let is_last = read.is_err() || changes_protocol(&request);
    if let Some(connection) = request.conn_data::<Rc<Connection>>() {
        connection.set_stage(if is_last { Stage::Last } else { Stage::Answer });
    }
    let mut response = match read {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(status) => request.into_response(refusal(status)),
    };
    if is_last {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
        response = response.map_body(|_, body| BoxBody::new(LastAnswer { body, payload }));
    }
    Ok(response)
}

/// Reads the body to its end, if it has one.
async fn discard(request: &ServiceRequest, payload: &mut Payload) -> Result<(), StatusCode> {
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared: Option<u64> = declared.and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|bytes| bytes > MAX_BODY) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let is_chunked = request.chunked().unwrap_or(false);
    if let Some(connection) = request.conn_data::<Rc<Connection>>() {
        connection.set_stage(if is_chunked {
            Stage::ChunkedBody
        } else {
            Stage::Body(declared.unwrap_or(0))
        });
    }
    let has_no_end = changes_protocol(request) && !is_chunked;
    let end = has_no_end.then_some(declared.unwrap_or(0));
    let mut bytes = 0;
    while end.is_none_or(|end| bytes < end)
        && let Some(chunk) = payload.next().await
    {
        let is_cut = || {
            let connection = request.conn_data::<Rc<Connection>>();
            connection.is_some_and(|connection| connection.is_read_limit_reached())
        };
        match chunk {
            Ok(chunk) => bytes += chunk.len() as u64,
            Err(_) if is_cut() => return Err(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return Err(StatusCode::BAD_REQUEST),
        }
        if bytes > MAX_BODY {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
    Ok(())
}

/// Whether the client offers to speak another protocol after this request. No service accepts that.
///
/// For actix everything behind such a head may be of that protocol, and is a body without an end.
fn changes_protocol(request: &ServiceRequest) -> bool {
    request.method() == Method::CONNECT
        || request.headers().contains_key(header::UPGRADE)
        || request.head().upgrade()
}

fn refusal(status: StatusCode) -> HttpResponse {
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => format!("a body has at most {MAX_BODY} bytes"),
        StatusCode::REQUEST_TIMEOUT => {
            let seconds = BODY_TIMEOUT.as_secs();
            format!("the body did not arrive within {seconds} s")
        }
        _ => "the body could not be read".to_owned(),
    };
    error_response(status, &message)
}

/// The body of the last answer on a connection, with what is left of the request's body.
///
/// actix takes a chunked body that was dropped for one that it can drain, and then keeps the connection
/// open. Because the rest of the body is held until the answer is complete, actix closes the connection.
struct LastAnswer {
    body: BoxBody,
    #[expect(dead_code, reason = "it is held, not read")]
    payload: Payload,
}

impl MessageBody for LastAnswer {
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
