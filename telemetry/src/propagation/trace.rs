//! The trace that request headers describe.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

/// The trace that the headers of a request describe.
///
/// The SDK's [`SpanContext`] alone cannot express two cases of X-Ray's header: a trace without a
/// parent span, and a trace without a sampling decision.
#[derive(Clone, Debug)]
pub(crate) struct PropagatedTrace {
    /// The parent span. Its span id is invalid if the header has only a trace id, as behind an ALB.
    pub span_context: SpanContext,
    /// The sampling decision, if the header has one.
    pub sampled: Option<bool>,
}

impl PropagatedTrace {
    /// A trace with a parent span and a decision.
    pub fn from_span_context(span_context: SpanContext) -> Self {
        Self {
            sampled: Some(span_context.is_sampled()),
            span_context,
        }
    }

    /// A trace without a parent span and without a decision.
    pub fn from_trace_id(trace_id: TraceId) -> Self {
        Self::new(trace_id, None, None)
    }

    pub fn new(trace_id: TraceId, parent: Option<SpanId>, sampled: Option<bool>) -> Self {
        let span_id = parent.unwrap_or(SpanId::INVALID);
        let flags = TraceFlags::default().with_sampled(sampled == Some(true));
        Self {
            span_context: SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE),
            sampled,
        }
    }

    /// Adds the trace to `cx`. If it has a parent span, that becomes the current span.
    pub fn into_context(self, cx: &Context) -> Context {
        if self.span_context.is_valid() {
            cx.with_remote_span_context(self.span_context.clone())
                .with_value(self)
        } else {
            cx.with_value(self)
        }
    }
}
