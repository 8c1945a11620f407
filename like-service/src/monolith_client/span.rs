//! The span of one call to the monolith, with the attributes of the semantic conventions for HTTP clients.

use std::cell::Cell;
use std::thread::panicking;

use actix_web::http::StatusCode;
use http::{HeaderMap, Request};
use http_shell::{context_with_span, record_error, record_exception};
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderInjector;

use crate::error::Error;

/// The service name in the monolith's own spans.
const PEER_SERVICE: &str = "monolith";

/// The port of a URL without an explicit port. All calls to the monolith use the URL scheme `http`, whose
/// default port is 80.
const DEFAULT_PORT: u16 = 80;

/// The span of a running call: a child of the span of the request that the service is handling.
pub struct CallSpan {
    context: Context,
    /// Whether the monolith has answered with a 4xx or 5xx status.
    has_error_status: Cell<bool>,
}

impl CallSpan {
    /// Starts the span of `request`, whose path matches `route`.
    pub fn start<B>(tracer: &BoxedTracer, route: &'static str, request: &Request<B>) -> Self {
        let builder = tracer.span_builder(route).with_kind(SpanKind::Client);
        let context = Context::map_current(|cx| {
            context_with_span(cx, builder.start_with_context(tracer, cx))
        });
        let span = context.span();
        if span.is_recording() {
            let method = request.method().as_str();
            let url = request.uri();
            let port = url.port_u16().unwrap_or(DEFAULT_PORT);
            span.update_name(format!("{method} {route}"));
            span.set_attributes([
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("url.full", url.to_string()),
                KeyValue::new("server.address", url.host().unwrap_or_default().to_owned()),
                KeyValue::new("server.port", i64::from(port)),
                KeyValue::new("peer.service", PEER_SERVICE),
                // Sets `traced` in the subsegment: the monolith sends a separate segment as a child of the
                // subsegment.
                KeyValue::new("aws.http.traced", true),
            ]);
        }
        Self {
            context,
            has_error_status: Cell::new(false),
        }
    }

    /// Adds the trace headers of this span to the headers of the call.
    pub fn inject_into(&self, headers: &mut HeaderMap) {
        let mut injector = HeaderInjector(headers);
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&self.context, &mut injector);
        });
    }

    /// Records the status of the response.
    pub fn record_status(&self, status: StatusCode) {
        let span = self.context.span();
        if span.is_recording() {
            let status_code = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", status_code));
            if status.as_u16() >= 400 {
                self.has_error_status.set(true);
                span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
                span.set_status(Status::error(""));
            }
        }
    }

    /// Ends the span with the result of the call.
    pub fn end<T>(self, result: &Result<T, Error>) {
        let span = self.context.span();
        if let Err(error) = result
            && span.is_recording()
        {
            if !self.has_error_status.get() {
                span.set_attribute(KeyValue::new("error.type", error_type(error)));
            }
            span.set_status(Status::error(error.to_string()));
            record_error(&span, error);
        }
        span.end();
    }
}

impl Drop for CallSpan {
    /// Ends the span of a call that did not finish, because the request that made the call was cancelled or
    /// the service panicked.
    fn drop(&mut self) {
        let span = self.context.span();
        // After the end of the span, `is_recording` returns false.
        if span.is_recording() {
            let (error_type, message) = if panicking() {
                ("panic", "the service panicked during the call")
            } else {
                (
                    "cancelled",
                    "the request was cancelled before the monolith answered",
                )
            };
            span.set_attribute(KeyValue::new("error.type", error_type));
            span.set_status(Status::error(message));
            record_exception(&span, error_type, message);
            span.end();
        }
    }
}

/// The `error.type` of a call without a response, or with an invalid response.
fn error_type(error: &Error) -> &'static str {
    match error {
        Error::MonolithUnreachable(_) => "unreachable",
        Error::MonolithTimeout | Error::MonolithUnavailable => "timeout",
        _ => "bad_answer",
    }
}
