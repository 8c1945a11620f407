//! The trace information that HTTP request headers carry.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

/// The trace information that the headers of a request carry.
///
/// The SDK's [`SpanContext`] alone cannot express two cases of X-Ray's header: a trace without a
/// parent span, and a trace without a sampling decision.
#[derive(Clone, Debug)]
pub(crate) struct PropagatedTrace {
    /// The trace id and the parent span. The span id is invalid if the headers contain no parent span, as
    /// in the requests of an Application Load Balancer.
    pub span_context: SpanContext,
    /// The sampling decision, or `None` if the headers contain no decision.
    pub sampled: Option<bool>,
}

impl PropagatedTrace {
    /// Creates a trace with a parent span and a sampling decision.
    pub fn from_span_context(span_context: SpanContext) -> Self {
        Self {
            sampled: Some(span_context.is_sampled()),
            span_context,
        }
    }

    /// Creates a trace without a parent span and without a sampling decision.
    pub fn from_trace_id(trace_id: TraceId) -> Self {
        Self::new(trace_id, None, None)
    }

    pub fn new(trace_id: TraceId, parent_id: Option<SpanId>, sampled: Option<bool>) -> Self {
        let span_id = parent_id.unwrap_or(SpanId::INVALID);
        let flags = TraceFlags::default().with_sampled(sampled == Some(true));
        Self {
            span_context: SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE),
            sampled,
        }
    }

    /// Adds the trace to `cx`. If the trace has a parent span, the parent span becomes the current span of
    /// the context.
    pub fn into_context(self, cx: &Context) -> Context {
        if self.span_context.is_valid() {
            cx.with_remote_span_context(self.span_context.clone())
                .with_value(self)
        } else {
            cx.with_value(self)
        }
    }
}
