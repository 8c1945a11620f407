//! An exchange: one request and its response.

use std::error::Error;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::panicking;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::web::Data;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

use super::access::AccessLine;
use super::failure::FailureReason;
use super::metrics::MetricLabels;
use super::observer::Observer;
use super::span::{end_span, trace_header};
use crate::connection::Connection;
use crate::moment::Moment;
use crate::request_reader::ReadStage;
use crate::trace::{record_error, record_exception};

/// The argument of a [`RequestHook`].
#[derive(Clone, Copy, Debug)]
pub struct RequestEnd<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The pattern of the route that matched the path; `None` if no route matched.
    pub route: Option<&'a str>,
    /// The status of the response; `None` if the request ended without a response.
    pub status: Option<StatusCode>,
    /// The error from which the response was generated.
    pub error: Option<&'a actix_web::Error>,
}

/// A function that is called once for each request: when the response is ready, or when the request ends
/// without a response. A service registers its hook as `app_data`.
#[derive(Clone)]
pub struct RequestHook(Arc<dyn Fn(RequestEnd<'_>) + Send + Sync>);

impl RequestHook {
    /// Creates a hook from the function `hook`.
    pub fn new(hook: impl Fn(RequestEnd<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }
}

/// The state of a request from the start of its handling to its end.
///
/// Dropping the `Exchange` records the request, so that each request is recorded exactly once. The
/// `Exchange` of a pipelined request is created after the response to the previous request was sent.
pub struct Exchange {
    observer: Data<Observer>,
    connection: Option<Rc<Connection>>,
    hook: Option<RequestHook>,
    start: Instant,
    /// The pattern of the route. The span, the metric labels and the hook share one copy of the text.
    route: Option<Arc<str>>,
    access_line: AccessLine,
    labels: MetricLabels,
    span: Context,
    /// Whether the request asks the server to close the connection after the response.
    wants_close: bool,
    /// The status of the response; `None` before the response is ready.
    status: Option<StatusCode>,
    /// The time at which the whole response was sent; `None` if the response has not been sent completely.
    sent_at: Option<Moment>,
    failure: Option<FailureReason>,
}

impl Exchange {
    pub fn start(observer: Data<Observer>, request: &ServiceRequest) -> Self {
        let start = Instant::now();
        let connection = request.conn_data::<Rc<Connection>>().cloned();
        if let Some(connection) = &connection {
            connection.set_busy(true);
        }
        let route = request.match_pattern().map(Arc::from);
        Self {
            connection,
            hook: request.app_data::<RequestHook>().cloned(),
            wants_close: request.head().connection_type() == ConnectionType::Close,
            start,
            access_line: AccessLine::new(request),
            labels: observer.metrics.record_start(request, route.as_ref()),
            span: observer.spans.start_span(request, route.as_ref()),
            route,
            observer,
            status: None,
            sent_at: None,
            failure: None,
        }
    }

    /// The OpenTelemetry context that contains the request's span.
    pub fn context(&self) -> Context {
        self.span.clone()
    }

    /// Records that the handler panicked with `message`.
    pub fn record_panic(&mut self, message: &str) {
        self.failure = Some(FailureReason::Panic);
        let exception_type = FailureReason::Panic.error_type();
        record_exception(&self.span.span(), exception_type, message.to_owned());
    }

    /// Records that the body of the response could not be produced.
    pub fn record_body_error(&mut self, error: &(dyn Error + 'static)) {
        self.failure = Some(FailureReason::ResponseBody);
        tracing::error!(cause = %error, "{}", FailureReason::ResponseBody.message());
        record_error(&self.span.span(), error);
    }

    /// Records the status of the response, and adds the trace header to the response.
    pub fn record_response<B>(&mut self, response: &mut HttpResponse<B>) {
        self.status = Some(response.status());
        if let Some(connection) = &self.connection {
            connection.set_busy(false);
            if self.wants_close || response.head().connection_type() == ConnectionType::Close {
                connection.set_read_stage(ReadStage::Closing);
            }
        }
        self.call_hook(response.error());
        if let Some((name, value)) = trace_header(&self.span.span()) {
            response.headers_mut().insert(name, value);
        }
    }

    /// Ends the request when its response has been sent. The whole response must already be in actix's
    /// buffer.
    pub fn end_when_sent(self) {
        match self.connection.clone() {
            Some(connection) => connection.call_when_sent(|sent_at| self.end_at(sent_at)),
            None => self.end_at(Moment::now()),
        }
    }

    /// Ends the request. `sent_at` is the time at which the whole response was sent.
    fn end_at(mut self, sent_at: Moment) {
        self.sent_at = Some(sent_at);
    }

    /// The failure reason of a request that was dropped before its whole response was sent.
    fn drop_reason(&self) -> FailureReason {
        let connection = self.connection.as_ref();
        if panicking() {
            FailureReason::Panic
        } else if self.observer.lifecycle.is_aborting() {
            FailureReason::Shutdown
        } else if connection.is_some_and(|connection| connection.has_timed_out()) {
            FailureReason::ClientStalled
        } else {
            FailureReason::ClientDisconnected
        }
    }

    fn call_hook(&self, error: Option<&actix_web::Error>) {
        if let Some(RequestHook(hook)) = &self.hook {
            hook(RequestEnd {
                method: self.access_line.method(),
                route: self.route.as_deref(),
                status: self.status,
                error,
            });
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.failure.is_none() && self.sent_at.is_none() {
            let reason = self.drop_reason();
            record_exception(&self.span.span(), reason.error_type(), reason.message());
            self.failure = Some(reason);
        }
        let failure = self.failure;
        if self.status.is_none() {
            self.call_hook(None);
        }
        let ended_at = self.sent_at.unwrap_or_else(Moment::now);
        let duration = ended_at.duration_since(self.start);
        {
            let _guard = self.span.clone().attach();
            self.access_line.write(self.status, failure, duration);
        }
        let metrics = &self.observer.metrics;
        let labels = mem::take(&mut self.labels);
        metrics.record_end(labels, self.status, failure, duration);
        end_span(
            &self.span.span(),
            self.status,
            failure,
            ended_at.system_time(),
        );
        if let Some(connection) = &self.connection {
            connection.end_request();
        }
    }
}
