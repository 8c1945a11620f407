//! Extracts traces from HTTP request headers, and injects traces into HTTP request headers.
//!
//! The propagator supports the trace id, the parent span id, the sampling decision, `tracestate` and
//! `baggage`. The propagator ignores all other fields of the request headers.

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

use crate::config::{HeaderFormat, Propagators};

#[cfg(test)]
mod tests;
mod trace;
mod xray_header;

pub(crate) use trace::PropagatedTrace;
use xray_header::XrayTraceHeader;
pub use xray_header::XrayTraceId;

/// The header `X-Amzn-Trace-Id` in lower case, because HTTP/2 requires lower case.
const XRAY_HEADER_NAME: &str = "x-amzn-trace-id";

/// A `tracestate` header that is longer than `MAX_TRACE_STATE_BYTES` is ignored. W3C Trace Context requires
/// that up to 512 bytes are propagated.
const MAX_TRACE_STATE_BYTES: usize = 512;

/// Every header except `tracestate` is ignored if the header is longer than `MAX_HEADER_BYTES`. W3C Baggage
/// requires that up to 8192 bytes of `baggage` are propagated.
const MAX_HEADER_BYTES: usize = 8192;

/// A propagator that reads and writes several header formats.
#[derive(Debug)]
pub(crate) struct MultiFormatPropagator {
    /// The header formats in their order of precedence.
    formats: Vec<HeaderFormat>,
    /// Whether outgoing requests carry the trace of the incoming request unchanged. The field is true if this
    /// process exports no spans, so that the caller's span becomes the parent of the callee's span.
    forwards_incoming_trace: bool,
    trace_context: TraceContextPropagator,
    baggage: BaggagePropagator,
    header_names: Vec<String>,
}

impl MultiFormatPropagator {
    pub fn new(propagators: &Propagators, forwards_incoming_trace: bool) -> Self {
        let trace_context = TraceContextPropagator::new();
        let baggage = BaggagePropagator::new();
        let header_names = |format: &HeaderFormat| -> Vec<String> {
            match format {
                HeaderFormat::Xray => vec![XRAY_HEADER_NAME.to_owned()],
                HeaderFormat::TraceContext => trace_context.fields().map(str::to_owned).collect(),
                HeaderFormat::Baggage => baggage.fields().map(str::to_owned).collect(),
            }
        };
        let formats = propagators.formats();
        Self {
            header_names: formats.iter().flat_map(header_names).collect(),
            formats: formats.to_vec(),
            forwards_incoming_trace,
            trace_context,
            baggage,
        }
    }

    /// Reads the trace from the headers of `format`. Returns `None` if the headers are missing or invalid.
    fn extract_trace(
        &self,
        format: HeaderFormat,
        headers: &dyn Extractor,
    ) -> Option<PropagatedTrace> {
        match format {
            HeaderFormat::Xray => {
                let header = XrayTraceHeader::parse(headers.get(XRAY_HEADER_NAME)?)?;
                Some(header.into())
            }
            HeaderFormat::TraceContext => {
                let extractor = &self.trace_context;
                let cx = extractor.extract_with_context(&Context::new(), headers);
                let span_context = cx.span().span_context().clone();
                let is_valid = span_context.is_valid();
                is_valid.then(|| PropagatedTrace::from_span_context(span_context))
            }
            HeaderFormat::Baggage => None,
        }
    }

    /// Returns the trace that outgoing requests carry.
    fn outgoing_trace(&self, cx: &Context) -> PropagatedTrace {
        let span_context = cx.span().span_context().clone();
        if !self.forwards_incoming_trace {
            return PropagatedTrace::from_span_context(span_context);
        }
        // If the incoming request has no trace headers, outgoing requests and log lines contain the trace
        // id that this process has generated.
        let incoming_trace = cx.get::<PropagatedTrace>().cloned();
        incoming_trace.unwrap_or_else(|| PropagatedTrace::from_trace_id(span_context.trace_id()))
    }
}

impl TextMapPropagator for MultiFormatPropagator {
    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let headers = SizeLimitedHeaders(extractor);
        let mut formats = self.formats.iter();
        let trace = formats.find_map(|format| self.extract_trace(*format, &headers));
        let cx = trace.map_or_else(|| cx.clone(), |trace| trace.into_context(cx));
        if self.formats.contains(&HeaderFormat::Baggage) {
            self.baggage.extract_with_context(&cx, &headers)
        } else {
            cx
        }
    }

    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let trace = self.outgoing_trace(cx);
        let xray_header = XrayTraceHeader::from_trace(&trace);
        let cx_without_span = cx.with_remote_span_context(SpanContext::NONE);
        let outgoing_cx = trace.into_context(&cx_without_span);
        for format in &self.formats {
            match format {
                HeaderFormat::Xray => {
                    if let Some(header) = &xray_header {
                        injector.set(XRAY_HEADER_NAME, header.to_string());
                    }
                }
                HeaderFormat::TraceContext => {
                    self.trace_context.inject_context(&outgoing_cx, injector);
                }
                HeaderFormat::Baggage => self.baggage.inject_context(&outgoing_cx, injector),
            }
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.header_names)
    }
}

/// Hides headers that are longer than [`MAX_TRACE_STATE_BYTES`] or [`MAX_HEADER_BYTES`].
struct SizeLimitedHeaders<'a>(&'a dyn Extractor);

impl Extractor for SizeLimitedHeaders<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let max_bytes = if name == "tracestate" {
            MAX_TRACE_STATE_BYTES
        } else {
            MAX_HEADER_BYTES
        };
        self.0.get(name).filter(|value| value.len() <= max_bytes)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys()
    }
}
