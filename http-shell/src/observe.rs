//! Records a span, an access line and metrics for each request.
//!
//! Spans and metrics are created with OpenTelemetry's API. The process configures the exporters, and the
//! propagators that read trace ids from headers.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use actix_web::HttpResponse;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, InternalError};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::web::Data;
use futures_util::FutureExt as _;
use opentelemetry::trace::FutureExt as _;

pub mod access;
mod attributes;
mod exchange;
mod failure;
mod metrics;
mod observer;
mod response_body;
mod span;
#[cfg(test)]
pub(crate) mod tests;

pub use exchange::{RequestEnd, RequestHook};
pub use observer::Observer;
pub use response_body::ResponseBody;

use crate::cors;
use crate::error::error_response;
use exchange::Exchange;

/// Records `request` and its response. `respond` runs inside the request's span.
///
/// A panic of `respond` produces a response with status 500.
pub(crate) async fn record_request(
    observer: Data<Observer>,
    request: ServiceRequest,
    respond: impl AsyncFnOnce(ServiceRequest) -> Result<ServiceResponse, actix_web::Error>,
) -> Result<ServiceResponse<ResponseBody>, actix_web::Error> {
    let mut exchange = Exchange::start(observer, &request);
    let handling = AssertUnwindSafe(respond(request)).catch_unwind();
    let (error, mut response) = match handling.with_context(exchange.context()).await {
        Ok(Ok(mut response)) => {
            exchange.record_response(response.response_mut());
            return Ok(response.map_body(|_, body| ResponseBody::new(exchange, body)));
        }
        Ok(Err(error)) => {
            let response = error.error_response();
            (error, response)
        }
        Err(panic) => {
            exchange.record_panic(panic_message(&*panic));
            (ErrorInternalServerError("panic"), panic_response())
        }
    };
    // A `ServiceResponse` requires the request, which `respond` has consumed. The response is therefore
    // returned inside an error, and the CORS headers are added here.
    cors::allow_any_origin(response.headers_mut());
    exchange.record_response(&mut response);
    let response = response.map_body(|_, body| ResponseBody::new(exchange, body));
    Err(InternalError::from_response(error, response.map_into_boxed_body()).into())
}

/// The response to a request whose handling panicked. The response closes the connection, because a part of
/// the request may be unread.
fn panic_response() -> HttpResponse {
    let message = "the service failed while it handled this request";
    let mut response = error_response(StatusCode::INTERNAL_SERVER_ERROR, message);
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    response
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let message = payload.downcast_ref::<String>().map(String::as_str);
    message
        .or_else(|| payload.downcast_ref().copied())
        .unwrap_or("panicked")
}
