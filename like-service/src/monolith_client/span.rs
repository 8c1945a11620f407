//! The span of one call to the monolith, by the semantic conventions for HTTP clients.
//!
//! It has no `server.address`: exporters for X-Ray would take it for that of a database.

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

/// A call under way, within the span of the request that it is made for.
pub struct CallSpan(Context);

impl CallSpan {
    /// Starts the span of `request`, which asks for `route`.
    pub fn start<B>(tracer: &BoxedTracer, route: &'static str, request: &Request<B>) -> Self {
        let builder = tracer.span_builder(route).with_kind(SpanKind::Client);
        let cx = Context::current_with_span(builder.start(tracer));
        let span = cx.span();
        if span.is_recording() {
            let method = request.method().as_str();
            span.update_name(format!("{method} {route}"));
            span.set_attributes([
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("url.full", request.uri().to_string()),
                KeyValue::new("peer.service", CALLEE),
                // The monolith reports a segment of its own, which belongs below this one.
                KeyValue::new("aws.http.traced", true),
            ]);
        }
        Self(cx)
    }

    /// Writes the trace into the headers of the call: all that goes upstream.
    pub fn write_into(&self, headers: &mut HeaderMap) {
        let mut headers = HeaderInjector(headers);
        global::get_text_map_propagator(|format| format.inject_context(&self.0, &mut headers));
    }

    /// Notes that the monolith has answered.
    pub fn answered(&self, status: StatusCode) {
        let span = self.0.span();
        if span.is_recording() {
            let code = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", code));
            if status.as_u16() >= 400 {
                span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
                span.set_status(Status::error(""));
            }
        }
    }

    /// Ends the span with what came of the call.
    pub fn end<T>(self, result: &Result<T, Error>) {
        let span = self.0.span();
        if let Err(error) = result
            && span.is_recording()
        {
            span.set_status(Status::error(error.to_string()));
            record_failure(&span, error);
        }
        span.end();
    }
}

impl Drop for CallSpan {
    /// Ends the span of a call that was given up: the request that it was made for is no more.
    fn drop(&mut self) {
        let span = self.0.span();
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
