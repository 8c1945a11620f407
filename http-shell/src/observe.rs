//! What is recorded of each request: its span, its access line, its metrics.
//!
//! All by the API of OpenTelemetry alone. Where spans and metrics go, and how traces travel, is the
//! business of whoever sets up the process.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, InternalError};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use futures_util::FutureExt as _;
use opentelemetry::global;
use opentelemetry::trace::FutureExt as _;

pub mod access;
mod answer;
mod exchange;
mod metrics;
mod span;
#[cfg(test)]
mod tests;

pub use exchange::{Exchange, Moment, RequestEnd, RequestHook};
pub use span::{annotate, record_exception, record_failure, tracer};

use crate::cors;
use crate::drain::Lifecycle;
use crate::error::error_response;
use answer::AnswerBody;
use metrics::Metrics;
use span::Spans;

/// The instruments of one server.
pub(crate) struct Observer {
    spans: Spans,
    metrics: Metrics,
    lifecycle: Lifecycle,
}

impl Observer {
    /// Instruments of the process' telemetry, as it is set up by now.
    pub fn new(trace_health_checks: bool, lifecycle: Lifecycle) -> Self {
        Self {
            spans: Spans::new(tracer(), trace_health_checks),
            metrics: Metrics::new(&global::meter("http-shell")),
            lifecycle,
        }
    }
}

/// The outermost of all that looks at requests: what the others do happens inside the span.
///
/// A panic of any of them is answered with a 500.
pub(crate) async fn middleware(
    observer: Data<Observer>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<AnswerBody>, actix_web::Error> {
    let mut exchange = Exchange::start(observer, &request);
    let handled = AssertUnwindSafe(async { next.call(request).await }).catch_unwind();
    let (error, mut response) = match handled.with_context(exchange.context()).await {
        Ok(Ok(mut response)) => {
            exchange.answer(response.response_mut());
            return Ok(response.map_body(|_, body| AnswerBody::new(exchange, body)));
        }
        Ok(Err(error)) => {
            let response = error.error_response();
            (error, response)
        }
        Err(panic) => {
            exchange.panicked(text_of(&*panic));
            (ErrorInternalServerError("panic"), panic_response())
        }
    };
    // Without the request, which `next` has taken, there can be no `ServiceResponse`.
    cors::allow_any_origin(response.headers_mut());
    exchange.answer(&mut response);
    let response = response.map_body(|_, body| AnswerBody::new(exchange, body));
    Err(InternalError::from_response(error, response.map_into_boxed_body()).into())
}

/// The connection closes after it: nobody knows what the panic left unread of the request.
fn panic_response() -> HttpResponse {
    let message = "the service failed at this request";
    let mut response = error_response(StatusCode::INTERNAL_SERVER_ERROR, message);
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    response
}

/// The text that a panic was raised with.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied())
        .unwrap_or("panicked")
}
