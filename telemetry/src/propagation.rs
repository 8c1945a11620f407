//! How a trace gets from one process to the next: `OTEL_PROPAGATORS`.
//!
//! Only ids and a decision are taken over, all of a fixed size. The rest of what callers send is
//! read no further than a bound, and forgotten.

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

mod header;
#[cfg(test)]
mod tests;

use header::TraceHeader;
pub(crate) use header::XrayTraceId;

/// The header of X-Ray, as HTTP/2 spells it.
pub(crate) const XRAY_HEADER: &str = "x-amzn-trace-id";

/// Most bytes of `tracestate` that travel on: what W3C asks for at least.
const MAX_TRACE_STATE: usize = 512;

/// Most bytes of any other header that are read: what W3C allows a `baggage` to have.
const MAX_HEADER: usize = 8192;

/// One way of writing a trace into headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Xray,
    TraceContext,
    Baggage,
}

/// `OTEL_PROPAGATORS`: the formats, the first of which is believed where two say different things;
/// `xray,tracecontext` by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Propagators(Vec<Format>);

impl Default for Propagators {
    fn default() -> Self {
        Self(vec![Format::Xray, Format::TraceContext])
    }
}

impl TryFrom<String> for Propagators {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        if value.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut formats = Vec::new();
        for name in value.split(',').map(str::trim) {
            let format = match name {
                "xray" => Format::Xray,
                "tracecontext" => Format::TraceContext,
                "baggage" => Format::Baggage,
                "none" => continue,
                _ => {
                    return Err(format!(
                        "OTEL_PROPAGATORS is '{value}': expected names out of xray, \
                         tracecontext, baggage, or none"
                    ));
                }
            };
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        Ok(Self(formats))
    }
}

/// What the caller said of the trace, kept beside the span that the SDK understands: an SDK knows
/// neither a trace without a parent nor a decision that is still open.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    /// The caller's span; its id is invalid where only the trace is known, as behind an ALB.
    pub span: SpanContext,
    /// Whether the trace is sampled, if the caller has decided.
    pub sampled: Option<bool>,
}

impl Upstream {
    fn into_context(self, cx: &Context) -> Context {
        if self.span.is_valid() {
            cx.with_remote_span_context(self.span.clone())
                .with_value(self)
        } else {
            cx.with_value(self)
        }
    }
}

/// The propagator of this process.
#[derive(Debug)]
pub(crate) struct Propagation {
    formats: Vec<Format>,
    /// Without spans of our own, what came in goes out as it was: the callee's parent is our caller.
    transparent: bool,
    trace_context: TraceContextPropagator,
    baggage: BaggagePropagator,
    fields: Vec<String>,
}

impl Propagation {
    pub fn new(propagators: &Propagators, transparent: bool) -> Self {
        let trace_context = TraceContextPropagator::new();
        let baggage = BaggagePropagator::new();
        let fields = |format: &Format| -> Vec<String> {
            match format {
                Format::Xray => vec![XRAY_HEADER.to_owned()],
                Format::TraceContext => trace_context.fields().map(str::to_owned).collect(),
                Format::Baggage => baggage.fields().map(str::to_owned).collect(),
            }
        };
        Self {
            fields: propagators.0.iter().flat_map(fields).collect(),
            formats: propagators.0.clone(),
            transparent,
            trace_context,
            baggage,
        }
    }

    fn upstream(&self, format: Format, headers: &dyn Extractor) -> Option<Upstream> {
        match format {
            Format::Xray => {
                let header = TraceHeader::parse(headers.get(XRAY_HEADER)?)?;
                Some(header.into())
            }
            Format::TraceContext => {
                let cx = self
                    .trace_context
                    .extract_with_context(&Context::new(), headers);
                let span = cx.span().span_context().clone();
                let sampled = Some(span.is_sampled());
                span.is_valid().then_some(Upstream { span, sampled })
            }
            Format::Baggage => None,
        }
    }
}

impl TextMapPropagator for Propagation {
    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let headers = Bounded(extractor);
        let mut formats = self.formats.iter();
        let upstream = formats.find_map(|format| self.upstream(*format, &headers));
        let cx = upstream.map_or_else(|| cx.clone(), |upstream| upstream.into_context(cx));
        if self.formats.contains(&Format::Baggage) {
            self.baggage.extract_with_context(&cx, &headers)
        } else {
            cx
        }
    }

    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let span = cx.span().span_context().clone();
        let outgoing = if self.transparent {
            let unsaid = || TraceHeader::root(span.trace_id()).into();
            cx.get::<Upstream>().cloned().unwrap_or_else(unsaid)
        } else {
            let sampled = Some(span.is_sampled());
            Upstream { span, sampled }
        };
        let header = TraceHeader::of(&outgoing);
        let outgoing = outgoing.into_context(&cx.with_remote_span_context(SpanContext::NONE));
        for format in &self.formats {
            match format {
                Format::Xray => {
                    if let Some(header) = &header {
                        injector.set(XRAY_HEADER, header.to_string());
                    }
                }
                Format::TraceContext => self.trace_context.inject_context(&outgoing, injector),
                Format::Baggage => self.baggage.inject_context(&outgoing, injector),
            }
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

/// Headers without those that are longer than anything that we would pass on.
struct Bounded<'a>(&'a dyn Extractor);

impl Extractor for Bounded<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let most = match key {
            "tracestate" => MAX_TRACE_STATE,
            _ => MAX_HEADER,
        };
        self.0.get(key).filter(|value| value.len() <= most)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys()
    }
}
