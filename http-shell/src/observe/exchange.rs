//! One request from its head to its end.

use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::panicking;
use std::time::{Instant, SystemTime};

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::web::Data;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

use super::Observer;
use super::access::Line;
use super::metrics::Labels;
use super::span;
use crate::connection::Connection;
use crate::intake::Stage;

/// Why a request ended without its whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The client closed or reset the connection.
    ClientDisconnected,
    /// The client did not read the answer until the connection's idle limit.
    ClientStalled,
    /// The grace period of a shutdown ended.
    Shutdown,
    /// The handler panicked, or something else on the thread of the connection did.
    Panic,
    /// The body of the answer could not be produced.
    Body,
}

impl Failure {
    /// The value of `error.type`.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::ClientDisconnected => "client_disconnected",
            Self::ClientStalled => "client_stalled",
            Self::Shutdown => "shutdown",
            Self::Panic => "panic",
            Self::Body => "body_failed",
        }
    }

    pub fn message(self) -> &'static str {
        match self {
            Self::ClientDisconnected => "the client closed the connection before the whole answer",
            Self::ClientStalled => "the client did not read the answer",
            Self::Shutdown => "the grace period of the shutdown ended before the whole answer",
            Self::Panic => "the service panicked",
            Self::Body => "the body of the answer could not be produced",
        }
    }

    /// The status for the access line where none was sent. 499 is what nginx writes.
    pub fn status(self) -> u16 {
        match self {
            Self::ClientDisconnected | Self::ClientStalled => 499,
            Self::Shutdown => 503,
            Self::Panic | Self::Body => 500,
        }
    }
}

/// A moment by the clock that only runs forward, for durations, and by the clock on the wall, for spans.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    instant: Instant,
    time: SystemTime,
}

impl Moment {
    pub fn now() -> Self {
        Self {
            instant: Instant::now(),
            time: SystemTime::now(),
        }
    }
}

/// The argument of a [`RequestHook`].
#[derive(Clone, Copy, Debug)]
pub struct RequestEnd<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The pattern of the resource that the request is for.
    pub route: Option<&'a str>,
    /// The status of the answer; `None` if the request ended without one.
    pub status: Option<StatusCode>,
    /// The error that became the answer.
    pub error: Option<&'a actix_web::Error>,
}

/// A function that is called once for each request: when it is answered, or when it ends without an
/// answer. Register it as `app_data`.
#[derive(Clone)]
pub struct RequestHook(Arc<dyn Fn(RequestEnd<'_>) + Send + Sync>);

impl RequestHook {
    /// Calls `hook`.
    pub fn new(hook: impl Fn(RequestEnd<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }
}

/// A request from the moment at which its handling starts. It is recorded when it is dropped, and only
/// then: so every request is recorded exactly once, whatever ends it.
///
/// A pipelined request that still waits for the answer to the one before it has no `Exchange`.
pub struct Exchange {
    observer: Data<Observer>,
    connection: Option<Rc<Connection>>,
    hook: Option<RequestHook>,
    start: Instant,
    route: Option<String>,
    line: Line,
    labels: Labels,
    span: Context,
    /// The client asks to close the connection after the answer.
    is_last: bool,
    /// The status of the answer, once there is one.
    status: Option<StatusCode>,
    /// When the whole answer was sent.
    sent: Option<Moment>,
    failure: Option<Failure>,
}

impl Exchange {
    pub fn start(observer: Data<Observer>, request: &ServiceRequest) -> Self {
        let start = Instant::now();
        let connection = request.conn_data::<Rc<Connection>>().cloned();
        if let Some(connection) = &connection {
            connection.set_busy(true);
        }
        let route = request.match_pattern();
        Self {
            connection,
            hook: request.app_data::<RequestHook>().cloned(),
            is_last: request.head().connection_type() == ConnectionType::Close,
            start,
            line: Line::of(request),
            labels: observer.metrics.begin(request, route.as_deref()),
            span: span::start(&observer.spans, request, route.as_deref()),
            route,
            observer,
            status: None,
            sent: None,
            failure: None,
        }
    }

    /// The context in which the request is handled.
    pub fn context(&self) -> Context {
        self.span.clone()
    }

    /// Records that the handler panicked with this text.
    pub fn panicked(&mut self, text: &str) {
        self.failure = Some(Failure::Panic);
        let text = text.to_owned();
        span::record_exception(&self.span.span(), Failure::Panic.error_type(), text);
    }

    /// Records that the body of the answer could not be produced.
    pub fn body_failed(&mut self, error: &(dyn Error + 'static)) {
        self.failure = Some(Failure::Body);
        tracing::error!(cause = %error, "{}", Failure::Body.message());
        span::record_failure(&self.span.span(), error);
    }

    /// Records the status of the answer, and adds the trace header to it.
    pub fn answer<B>(&mut self, response: &mut HttpResponse<B>) {
        self.status = Some(response.status());
        if let Some(connection) = &self.connection {
            connection.set_busy(false);
            if self.is_last || response.head().connection_type() == ConnectionType::Close {
                connection.set_stage(Stage::Last);
            }
        }
        self.call_hook(response.error());
        if let Some((name, value)) = span::trace_header(&self.span.span()) {
            response.headers_mut().insert(name, value);
        }
    }

    /// Ends the request as soon as its answer has been sent. actix must have the whole answer.
    pub fn complete(self) {
        match self.connection.clone() {
            Some(connection) => connection.answered(self),
            None => self.sent(Moment::now()),
        }
    }

    /// Ends the request: the operating system has taken its whole answer by a write that began at `end`.
    pub fn sent(mut self, end: Moment) {
        self.sent = Some(end);
    }

    /// Why the request ends without its whole answer.
    fn why_dropped(&self) -> Failure {
        let connection = self.connection.as_ref();
        if panicking() {
            Failure::Panic
        } else if self.observer.lifecycle.is_cut() {
            Failure::Shutdown
        } else if connection.is_some_and(|connection| connection.timed_out()) {
            Failure::ClientStalled
        } else {
            Failure::ClientDisconnected
        }
    }

    fn call_hook(&self, error: Option<&actix_web::Error>) {
        if let Some(RequestHook(hook)) = &self.hook {
            hook(RequestEnd {
                method: self.line.method(),
                route: self.route.as_deref(),
                status: self.status,
                error,
            });
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.failure.is_none() && self.sent.is_none() {
            let failure = self.why_dropped();
            span::record_exception(&self.span.span(), failure.error_type(), failure.message());
            self.failure = Some(failure);
        }
        let failure = self.failure;
        if self.status.is_none() {
            self.call_hook(None);
        }
        let end = self.sent.unwrap_or_else(Moment::now);
        let elapsed = end.instant - self.start;
        {
            let _within = self.span.clone().attach();
            self.line.write(self.status, failure, elapsed);
        }
        let metrics = &self.observer.metrics;
        metrics.end(&self.labels, self.status, failure, elapsed);
        span::end(&self.span.span(), self.status, failure, end.time);
        if let Some(connection) = &self.connection {
            connection.set_stage(Stage::Head);
        }
    }
}
