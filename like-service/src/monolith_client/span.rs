//! The span of one call to the monolith, by the semantic conventions for HTTP clients.

use std::cell::Cell;
use std::thread::panicking;

use actix_web::http::StatusCode;
use http::{HeaderMap, Request};
use http_shell::{record_exception, record_failure};
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderInjector;

use crate::error::Error;

/// The name of the service that is called, under which it reports itself.
const CALLEE: &str = "monolith";

/// The port of a URL that names none: the monolith is called by `http` alone.
const DEFAULT_PORT: u16 = 80;

/// A call under way, within the span of the request that it is made for.
pub struct CallSpan {
    cx: Context,
    /// The monolith has answered with a status that is an error.
    refused: Cell<bool>,
}

impl CallSpan {
    /// Starts the span of `request`, which asks for `route`.
    pub fn start<B>(tracer: &BoxedTracer, route: &'static str, request: &Request<B>) -> Self {
        let builder = tracer.span_builder(route).with_kind(SpanKind::Client);
        let cx = Context::current_with_span(builder.start(tracer));
        let span = cx.span();
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
                KeyValue::new("peer.service", CALLEE),
                // The monolith reports a segment of its own, which belongs below this one.
                KeyValue::new("aws.http.traced", true),
            ]);
        }
        Self {
            cx,
            refused: Cell::new(false),
        }
    }

    /// Writes the trace into the headers of the call: all that goes upstream.
    pub fn write_into(&self, headers: &mut HeaderMap) {
        let mut headers = HeaderInjector(headers);
        global::get_text_map_propagator(|format| format.inject_context(&self.cx, &mut headers));
    }

    /// Notes that the monolith has answered.
    pub fn answered(&self, status: StatusCode) {
        let span = self.cx.span();
        if span.is_recording() {
            let code = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", code));
            if status.as_u16() >= 400 {
                self.refused.set(true);
                span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
                span.set_status(Status::error(""));
            }
        }
    }

    /// Ends the span with what came of the call.
    pub fn end<T>(self, result: &Result<T, Error>) {
        let span = self.cx.span();
        if let Err(error) = result
            && span.is_recording()
        {
            if !self.refused.get() {
                span.set_attribute(KeyValue::new("error.type", error_type(error)));
            }
            span.set_status(Status::error(error.to_string()));
            record_failure(&span, error);
        }
        span.end();
    }
}

impl Drop for CallSpan {
    /// Ends the span of a call that was given up: the request that it was made for is no more.
    fn drop(&mut self) {
        let span = self.cx.span();
        // Not recording any more, once it has ended.
        if span.is_recording() {
            let (kind, message) = if panicking() {
                ("panic", "the service panicked during the call")
            } else {
                (
                    "cancelled",
                    "the request that the call was made for has ended",
                )
            };
            span.set_attribute(KeyValue::new("error.type", kind));
            span.set_status(Status::error(message));
            record_exception(&span, kind, message);
            span.end();
        }
    }
}

/// The `error.type` of a call that ended without an answer, or with one that cannot be used.
fn error_type(error: &Error) -> &'static str {
    match error {
        Error::MonolithUnreachable(_) => "unreachable",
        Error::MonolithTimeout | Error::MonolithUnavailable => "timeout",
        _ => "bad_answer",
    }
}
