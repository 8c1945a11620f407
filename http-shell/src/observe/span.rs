//! The span of a request, by the semantic conventions for HTTP servers.
//!
//! By hand and not by `opentelemetry-instrumentation-actix-web`, which leaves a request whose client
//! goes away without a word, cannot leave out health checks, and tells the client no trace id.

use std::borrow::Cow;
use std::error::Error;
use std::iter::successors;
use std::net::IpAddr;
use std::time::SystemTime;

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{SpanKind, SpanRef, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, Value};

use super::access::{MAX_PATH, MAX_USER_AGENT, start_of};
use super::exchange::Failure;
use super::metrics::{OTHER, error_type, method};

/// The header that tells a client the trace of its request, in the form of X-Ray.
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The headers by which a load balancer tells what it knows of the client.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Routes that only health checks ask for.
const HEALTH_CHECKS: [&str; 3] = ["/", "/health/live", "/health/ready"];

/// Room for as many attributes as the span of a like has.
const ATTRIBUTES: usize = 16;

/// Longest method in bytes that is kept.
const MAX_METHOD: usize = 64;

/// Longest name of a host in bytes.
const MAX_HOST: usize = 255;

/// The tracer of everything that the services do.
pub fn tracer() -> BoxedTracer {
    global::tracer("mythical-mysfits")
}

/// What makes the spans of requests.
pub struct Spans {
    tracer: BoxedTracer,
    health_checks: bool,
}

impl Spans {
    pub fn new(tracer: BoxedTracer, health_checks: bool) -> Self {
        Self {
            tracer,
            health_checks,
        }
    }
}

/// Starts the span of `request` in the trace that its headers name.
pub fn start(spans: &Spans, request: &ServiceRequest, route: Option<&str>) -> Context {
    let headers = Headers(request.headers());
    let caller = global::get_text_map_propagator(|format| format.extract(&headers));
    let method = method(request.method());
    // Samplers see only the attributes that the span has when it is created.
    let mut attributes = Vec::with_capacity(ATTRIBUTES);
    attributes.extend([
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.path", path(request)),
        KeyValue::new("url.scheme", scheme(request)),
    ]);
    if method == OTHER {
        let original = start_of(request.method().as_str().as_bytes(), MAX_METHOD);
        let original = KeyValue::new("http.request.method_original", original.into_owned());
        attributes.push(original);
    }
    host(request, &mut attributes);
    client(request, &mut attributes);
    if let Some(route) = route {
        attributes.push(KeyValue::new("http.route", route.to_owned()));
    }
    if !spans.health_checks && route.is_some_and(|route| HEALTH_CHECKS.contains(&route)) {
        // A priority of 0 makes every sampler drop this span; its child spans follow its decision.
        attributes.push(KeyValue::new("sampling.priority", 0));
    }
    let verb = if method == OTHER { "HTTP" } else { method };
    let name = match route {
        Some(route) => Cow::Owned(format!("{verb} {route}")),
        None => Cow::Borrowed(verb),
    };
    let builder = spans
        .tracer
        .span_builder(name)
        .with_kind(SpanKind::Server)
        .with_attributes(attributes);
    let span = {
        // The ids of the new span are found by way of the current context.
        let _caller = caller.clone().attach();
        spans.tracer.build_with_context(builder, &caller)
    };
    caller.with_span(span)
}

/// Ends the span of a request that was answered with `status`, or not at all, or not wholly.
pub fn end(
    span: &SpanRef<'_>,
    status: Option<StatusCode>,
    failure: Option<Failure>,
    time: SystemTime,
) {
    if span.is_recording() {
        if let Some(status) = status {
            let code = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", code));
        }
        if let Some(kind) = error_type(status, failure) {
            span.set_attribute(KeyValue::new("error.type", kind));
            span.set_status(Status::error(failure.map_or("", Failure::message)));
        }
    }
    span.end_with_timestamp(time);
}

fn path(request: &ServiceRequest) -> String {
    start_of(request.uri().path().as_bytes(), MAX_PATH).into_owned()
}

/// The scheme that the client used, as far as the load balancer tells.
pub fn scheme(request: &ServiceRequest) -> &'static str {
    match request.headers().get(FORWARDED_PROTO) {
        Some(scheme) if scheme == "https" => "https",
        _ => "http",
    }
}

fn host(request: &ServiceRequest, attributes: &mut Vec<KeyValue>) {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse::<u16>().ok()),
        _ => (host, None),
    };
    if !name.is_empty() && name.len() <= MAX_HOST {
        attributes.push(KeyValue::new("server.address", name.to_owned()));
        if let Some(port) = port {
            attributes.push(KeyValue::new("server.port", i64::from(port)));
        }
    }
}

/// What is known of the client and its software.
fn client(request: &ServiceRequest, attributes: &mut Vec<KeyValue>) {
    if let Some(agent) = request.headers().get(header::USER_AGENT) {
        let agent = start_of(agent.as_bytes(), MAX_USER_AGENT).into_owned();
        attributes.push(KeyValue::new("user_agent.original", agent));
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    let forwarded = forwarded_for(request);
    if let Some(client) = forwarded.or(peer) {
        attributes.push(KeyValue::new("client.address", client.to_string()));
    }
    // Only if the client's address came from a header: otherwise both are the same.
    if let Some(peer) = peer.filter(|_| forwarded.is_some()) {
        attributes.push(KeyValue::new("network.peer.address", peer.to_string()));
    }
}

/// The first address of `X-Forwarded-For`, as X-Ray's own SDKs read it. Clients may forge it.
fn forwarded_for(request: &ServiceRequest) -> Option<IpAddr> {
    let list = request.headers().get(FORWARDED_FOR)?.to_str().ok()?;
    list.split(',').next()?.trim().parse().ok()
}

/// The header that tells a client the trace of its request.
pub fn trace_header(span: &SpanRef<'_>) -> Option<(HeaderName, HeaderValue)> {
    let span = span.span_context();
    if !span.is_valid() {
        return None;
    }
    let id = span.trace_id().to_string();
    let (time, chance) = id.split_at(8);
    let sampled = u8::from(span.is_sampled());
    let value = format!("Root=1-{time}-{chance};Sampled={sampled}");
    Some((TRACE_ID, HeaderValue::try_from(value).ok()?))
}

/// Gives the span of the current request an attribute. `value` is asked only if the span is kept.
pub fn annotate<V: Into<Value>>(key: &'static str, value: impl FnOnce() -> V) {
    Context::map_current(|cx| {
        let span = cx.span();
        if span.is_recording() {
            span.set_attribute(KeyValue::new(key, value()));
        }
    });
}

/// Writes `error` and its causes into `span`, outermost first, as the exceptions that they are.
pub fn record_failure(span: &SpanRef<'_>, error: &(dyn Error + 'static)) {
    if !span.is_recording() {
        return;
    }
    for error in successors(Some(error), |&error| error.source()) {
        record_exception(span, kind_of(error), error.to_string());
    }
}

/// Writes an exception into `span`.
pub fn record_exception(span: &SpanRef<'_>, kind: impl Into<Value>, message: impl Into<Value>) {
    let attributes = vec![
        KeyValue::new("exception.type", kind),
        KeyValue::new("exception.message", message),
    ];
    span.add_event("exception", attributes);
}

/// The first word of the error's debug form: the name of its variant or type.
fn kind_of(error: &dyn Error) -> String {
    let debug = format!("{error:?}");
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = debug.find(|letter| !is_word(letter)).unwrap_or(debug.len());
    let word = &debug[..end];
    if word.is_empty() { "Error" } else { word }.to_owned()
}

/// Request headers, for propagators to read.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
