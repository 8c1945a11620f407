//! The span of a request, as defined by OpenTelemetry's semantic conventions for HTTP servers.
//!
//! The crate `opentelemetry-instrumentation-actix-web` is not used. The crate does not record a disconnect of
//! the client as an error, cannot omit health checks, and sends no trace id to the client.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{SpanKind, SpanRef, Status, Tracer};
use opentelemetry::{Context, KeyValue};

use super::access::{MAX_PATH_BYTES, MAX_USER_AGENT_BYTES, truncate_to_text};
use super::attributes::{OTHER_METHOD, error_type, known_method, url_scheme};
use super::failure::FailureReason;
use crate::trace::context_with_span;

/// The response header that contains the trace id of the request, in X-Ray's format.
const TRACE_ID_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The headers that propagators read. The lookup of a `HeaderName` does not parse the name and does not allocate memory,
/// unlike the lookup of a text.
static TRACE_HEADERS: [HeaderName; 4] = [
    TRACE_ID_HEADER,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
];

/// The header in which a load balancer sends the address of the client.
const FORWARDED_FOR_HEADER: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The routes that only health checks request.
const HEALTH_CHECK_ROUTES: [&str; 3] = ["/", "/health/live", "/health/ready"];

/// Initial capacity for attributes. This capacity is the number of attributes of the span of a like
/// request.
const ATTRIBUTES_CAPACITY: usize = 16;

/// Maximum length of `http.request.method_original`.
const MAX_METHOD_BYTES: usize = 64;

/// Maximum length of `server.address`.
const MAX_HOST_BYTES: usize = 255;

/// Creates the spans of requests.
pub struct SpanFactory {
    tracer: BoxedTracer,
    trace_health_checks: bool,
}

impl SpanFactory {
    pub fn new(tracer: BoxedTracer, trace_health_checks: bool) -> Self {
        Self {
            tracer,
            trace_health_checks,
        }
    }

    /// Starts the span of `request`. The parent of the span is read from the request's headers.
    pub fn start_span(&self, request: &ServiceRequest, route: Option<&Arc<str>>) -> Context {
        let headers = HeaderExtractor(request.headers());
        let parent = global::get_text_map_propagator(|format| format.extract(&headers));
        let is_health_check = route.is_some_and(|route| HEALTH_CHECK_ROUTES.contains(&&**route));
        let method = known_method(request.method());
        let (name, attributes) = if is_health_check && !self.trace_health_checks {
            // The samplers of `telemetry` drop a span with priority 0 and its child spans. The span needs no
            // other attributes.
            let priority = KeyValue::new("sampling.priority", 0);
            (Cow::Borrowed(method), vec![priority])
        } else {
            let attributes = request_attributes(request, method, route);
            (span_name(method, route), attributes)
        };
        let builder = self
            .tracer
            .span_builder(name)
            .with_kind(SpanKind::Server)
            .with_attributes(attributes);
        let span = {
            // The id generator reads the trace id from the current context, so `parent` must be current.
            let _guard = parent.clone().attach();
            self.tracer.build_with_context(builder, &parent)
        };
        context_with_span(&parent, span)
    }
}

/// The attributes of a span at its start. A sampler sees only these attributes.
fn request_attributes(
    request: &ServiceRequest,
    method: &'static str,
    route: Option<&Arc<str>>,
) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(ATTRIBUTES_CAPACITY);
    let path = truncate_to_text(request.uri().path().as_bytes(), MAX_PATH_BYTES);
    attributes.extend([
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.path", path.into_owned()),
        KeyValue::new("url.scheme", url_scheme(request)),
    ]);
    if method == OTHER_METHOD {
        let original = request.method().as_str().as_bytes();
        let original = truncate_to_text(original, MAX_METHOD_BYTES).into_owned();
        attributes.push(KeyValue::new("http.request.method_original", original));
    }
    add_server_attributes(request, &mut attributes);
    add_client_attributes(request, &mut attributes);
    if let Some(route) = route {
        attributes.push(KeyValue::new("http.route", Arc::clone(route)));
    }
    attributes
}

fn span_name(method: &'static str, route: Option<&Arc<str>>) -> Cow<'static, str> {
    let method = if method == OTHER_METHOD {
        "HTTP"
    } else {
        method
    };
    match route {
        Some(route) => Cow::Owned(format!("{method} {route}")),
        None => Cow::Borrowed(method),
    }
}

/// Ends the span of a request. `status` is `None` if the request ended without a response.
pub fn end_span(
    span: &SpanRef<'_>,
    status: Option<StatusCode>,
    failure: Option<FailureReason>,
    end: SystemTime,
) {
    if span.is_recording() {
        if let Some(status) = status {
            let code = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", code));
        }
        if let Some(error_type) = error_type(status, failure) {
            span.set_attribute(KeyValue::new("error.type", error_type));
            span.set_status(Status::error(failure.map_or("", FailureReason::message)));
        }
    }
    span.end_with_timestamp(end);
}

/// Adds `server.address` and `server.port`, from the `Host` header.
fn add_server_attributes(request: &ServiceRequest, attributes: &mut Vec<KeyValue>) {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse::<u16>().ok()),
        _ => (host, None),
    };
    if !name.is_empty() && name.len() <= MAX_HOST_BYTES {
        attributes.push(KeyValue::new("server.address", name.to_owned()));
        if let Some(port) = port {
            attributes.push(KeyValue::new("server.port", i64::from(port)));
        }
    }
}

/// Adds the client's user agent and address.
fn add_client_attributes(request: &ServiceRequest, attributes: &mut Vec<KeyValue>) {
    if let Some(user_agent) = request.headers().get(header::USER_AGENT) {
        let user_agent = truncate_to_text(user_agent.as_bytes(), MAX_USER_AGENT_BYTES).into_owned();
        attributes.push(KeyValue::new("user_agent.original", user_agent));
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    let forwarded = parse_forwarded_for(request);
    if let Some(client) = forwarded.or(peer) {
        attributes.push(KeyValue::new("client.address", client.to_string()));
    }
    // If the request has no forwarded address, `client.address` already contains the peer's address.
    if let Some(peer) = peer.filter(|_| forwarded.is_some()) {
        attributes.push(KeyValue::new("network.peer.address", peer.to_string()));
    }
}

/// The first address of `X-Forwarded-For`, which X-Ray's SDKs also use as the client's address. Clients can
/// forge the header `X-Forwarded-For`.
fn parse_forwarded_for(request: &ServiceRequest) -> Option<IpAddr> {
    let addresses = request.headers().get(FORWARDED_FOR_HEADER)?.to_str().ok()?;
    addresses.split(',').next()?.trim().parse().ok()
}

/// The response header that sends the trace id of the request to the client.
pub fn trace_header(span: &SpanRef<'_>) -> Option<(HeaderName, HeaderValue)> {
    let span = span.span_context();
    if !span.is_valid() {
        return None;
    }
    let mut value = *b"Root=1-00000000-000000000000000000000000;Sampled=0";
    let (time, random) = (7..15, 16..40);
    let trace_id = span.trace_id().to_bytes();
    write_hex(&trace_id[..4], &mut value[time]);
    write_hex(&trace_id[4..], &mut value[random]);
    if span.is_sampled() {
        value[value.len() - 1] = b'1';
    }
    Some((TRACE_ID_HEADER, HeaderValue::from_bytes(&value).ok()?))
}

/// Writes two hexadecimal digits for each byte. The formatting functions of the standard library need more
/// CPU time.
fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// Implements [`Extractor`], so that propagators can read request headers.
struct HeaderExtractor<'a>(&'a HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let mut names = TRACE_HEADERS.iter();
        let value = match names.find(|name| name.as_str() == key) {
            Some(name) => self.0.get(name),
            None => self.0.get(key),
        };
        value?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};

    use super::*;

    #[test]
    fn the_trace_header_contains_the_trace_id_and_the_sampling_decision() {
        for (flags, sampled) in [(TraceFlags::SAMPLED, 1), (TraceFlags::default(), 0)] {
            let trace_id = 0x5840_6520_a006_6491_27e3_7190_3a2d_e979.into();
            let span = SpanContext::new(trace_id, 1.into(), flags, false, TraceState::NONE);
            let cx = Context::new().with_remote_span_context(span);
            let (_, value) = trace_header(&cx.span()).unwrap();
            let expected = format!("Root=1-58406520-a006649127e371903a2de979;Sampled={sampled}");
            assert_eq!(value, expected);
        }
        assert_eq!(trace_header(&Context::new().span()), None);
    }

    #[test]
    fn propagators_can_read_the_headers_of_a_request() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACE_ID_HEADER, HeaderValue::from_static("Root=1"));
        let extractor = HeaderExtractor(&headers);
        assert_eq!(extractor.get("x-amzn-trace-id"), Some("Root=1"));
        assert_eq!(extractor.get("traceparent"), None);
        assert_eq!(extractor.keys(), ["x-amzn-trace-id"]);
    }
}
