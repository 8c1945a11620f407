//! How a trace gets from one process to the next: `OTEL_PROPAGATORS`.
//!
//! Only ids and a decision are taken over, all of a fixed size. The rest of what callers send is
//! read no further than a bound, and forgotten.

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use serde::Deserialize;

mod header;

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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
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

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
    use proptest::prelude::*;
    use std::collections::HashMap;

    const ROOT: &str = "Root=1-58406520-a006649127e371903a2de979";
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn propagation(names: &str, transparent: bool) -> Propagation {
        Propagation::new(&names.to_owned().try_into().unwrap(), transparent)
    }

    fn extracted(names: &str, headers: &[(&str, &str)]) -> Context {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers: HashMap<String, String> = headers.iter().map(owned).collect();
        propagation(names, false).extract_with_context(&Context::new(), &headers)
    }

    fn injected(propagation: &Propagation, cx: &Context) -> HashMap<String, String> {
        let mut headers = HashMap::new();
        propagation.inject_context(cx, &mut headers);
        headers
    }

    /// A request's context once it has a span of its own.
    fn within_own_span(caller: &Context, sampled: bool) -> Context {
        let root = caller.get::<Upstream>().map(|it| it.span.trace_id());
        let flags = TraceFlags::default().with_sampled(sampled);
        let span = SpanContext::new(
            root.unwrap_or(TraceId::from(0xabc)),
            SpanId::from(0x42),
            flags,
            false,
            TraceState::NONE,
        );
        caller.with_remote_span_context(span)
    }

    #[test]
    fn the_first_named_format_is_believed_where_both_come() {
        let both = [
            (
                "x-amzn-trace-id",
                "Root=1-58406520-a006649127e371903a2de979;Parent=53995c3f42cd8ad8;Sampled=0",
            ),
            ("traceparent", PARENT),
        ];
        let parent = |names| extracted(names, &both).span().span_context().span_id();
        assert_eq!(parent("xray,tracecontext").to_string(), "53995c3f42cd8ad8");
        assert_eq!(parent("tracecontext,xray").to_string(), "b7ad6b7169203331");
        assert_eq!(parent("tracecontext").to_string(), "b7ad6b7169203331");
        assert_eq!(parent("none"), SpanId::INVALID);
    }

    #[test]
    fn the_second_format_counts_where_the_first_says_nothing() {
        let headers = [("x-amzn-trace-id", "garbage"), ("traceparent", PARENT)];
        let cx = extracted("xray,tracecontext", &headers);
        assert_eq!(
            cx.span().span_context().span_id().to_string(),
            "b7ad6b7169203331"
        );
        assert_eq!(cx.get::<Upstream>().unwrap().sampled, Some(true));
    }

    #[test]
    fn a_root_alone_is_a_trace_without_a_parent_and_a_decision() {
        let cx = extracted("xray", &[("x-amzn-trace-id", ROOT)]);
        assert!(!cx.span().span_context().is_valid());
        let upstream = cx.get::<Upstream>().unwrap();
        let root = "58406520a006649127e371903a2de979";
        assert_eq!(upstream.span.trace_id().to_string(), root);
        assert_eq!(upstream.sampled, None);
    }

    #[test]
    fn the_callee_gets_our_span_as_its_parent_in_every_format() {
        let caller = extracted("xray", &[("x-amzn-trace-id", ROOT)]);
        let headers = injected(
            &propagation("xray,tracecontext", false),
            &within_own_span(&caller, true),
        );
        assert_eq!(
            headers["x-amzn-trace-id"],
            format!("{ROOT};Parent=0000000000000042;Sampled=1")
        );
        assert_eq!(
            headers["traceparent"],
            "00-58406520a006649127e371903a2de979-0000000000000042-01"
        );
        assert_eq!(headers.get("tracestate").map_or("", String::as_str), "");
    }

    #[test]
    fn without_spans_of_our_own_what_came_in_goes_out() {
        let transparent = propagation("xray,tracecontext", true);
        for header in [
            ROOT.to_owned(),
            format!("{ROOT};Sampled=1"),
            format!("{ROOT};Parent=53995c3f42cd8ad8"),
            format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0"),
        ] {
            let caller = extracted("xray", &[("x-amzn-trace-id", &header)]);
            let headers = injected(&transparent, &within_own_span(&caller, false));
            assert_eq!(headers["x-amzn-trace-id"], header);
        }
        let caller = extracted("tracecontext", &[("traceparent", PARENT)]);
        let headers = injected(&transparent, &within_own_span(&caller, false));
        assert_eq!(headers["traceparent"], PARENT);
    }

    #[test]
    fn without_spans_and_without_a_caller_the_trace_of_our_logs_goes_out_undecided() {
        let headers = injected(
            &propagation("xray,tracecontext", true),
            &within_own_span(&Context::new(), false),
        );
        let root = "Root=1-00000000-000000000000000000000abc";
        assert_eq!(headers["x-amzn-trace-id"], root);
        assert!(!headers.contains_key("traceparent"));
    }

    #[test]
    fn trace_state_and_baggage_are_bounded() {
        let long = format!("a={}", "x".repeat(600));
        let headers = [("traceparent", PARENT), ("tracestate", long.as_str())];
        let cx = extracted("tracecontext", &headers);
        assert!(cx.span().span_context().is_valid());
        assert_eq!(cx.span().span_context().trace_state().header(), "");

        let long = format!("a={}", "x".repeat(9000));
        for (names, baggage) in [("xray", "a=b"), ("xray,baggage", &long)] {
            let cx = extracted(names, &[("baggage", baggage)]);
            let headers = injected(&propagation(names, false), &cx);
            assert_eq!(headers.get("baggage"), None, "{names}");
        }
        let cx = extracted("xray,baggage", &[("baggage", "a=b")]);
        assert_eq!(
            injected(&propagation("baggage", false), &cx)["baggage"],
            "a=b"
        );
    }

    #[test]
    fn a_name_that_is_no_propagator_is_refused() {
        let refused = Propagators::try_from("xray,b3".to_owned()).unwrap_err();
        assert!(
            refused.starts_with("OTEL_PROPAGATORS is 'xray,b3'"),
            "{refused}"
        );
        assert_eq!(
            Propagators::try_from(String::new()),
            Ok(Propagators::default())
        );
    }

    proptest! {
        #[test]
        fn no_headers_make_it_panic_or_grow(
            xray in "\\PC{0,60}|(Root|Parent|Self|Sampled|[=;0-9a-f-]){0,40}",
            parent in "\\PC{0,60}|00-[0-9a-f]{30,34}-[0-9a-f]{14,18}-[0-9a-f]{1,3}",
            state in "\\PC{0,700}|([a-z]{1,9}=[a-z]{1,9},?){0,80}",
        ) {
            let headers = [
                ("x-amzn-trace-id", xray.as_str()),
                ("traceparent", parent.as_str()),
                ("tracestate", state.as_str()),
            ];
            let cx = extracted("tracecontext,xray,baggage", &headers);
            let propagation = propagation("xray,tracecontext,baggage", true);
            let headers = injected(&propagation, &within_own_span(&cx, false));
            let bytes: usize = headers.values().map(String::len).sum();
            prop_assert!(bytes <= 100 + 60 + MAX_TRACE_STATE, "{headers:?}");
        }
    }
}
