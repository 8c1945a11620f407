//! A sampler that keeps the decision of the parent span.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

use crate::propagation::PropagatedTrace;
use crate::sampler::sampling_result;

/// A span with this attribute set to 0 is never sampled. The OpenTelemetry collector interprets it the
/// same way.
const PRIORITY_ATTRIBUTE: &str = "sampling.priority";

/// Keeps the decision of the parent span, and asks another sampler for traces without a decision.
///
/// The SDK's `Sampler::ParentBased` is not used, because it does not support two cases of X-Ray's
/// header: a decision without a parent span, and a parent span without a decision.
#[derive(Clone, Debug)]
pub(super) struct ParentBasedSampler {
    /// Whether the decision of a parent in another process is kept, too.
    follows_remote_parent: bool,
    root: Box<dyn ShouldSample>,
}

impl ParentBasedSampler {
    pub fn new(follows_remote_parent: bool, root: Box<dyn ShouldSample>) -> Self {
        Self {
            follows_remote_parent,
            root,
        }
    }

    /// A sampler that samples no trace, even if the caller does.
    pub fn always_off() -> Self {
        Self::new(false, Box::new(Sampler::AlwaysOff))
    }

    /// The decision of the parent span, if there is a parent with a decision.
    ///
    /// The decision of a parent in this process is always kept. Otherwise a trace could contain only
    /// some of the spans of this process.
    fn parent_decision(&self, cx: &Context) -> Option<bool> {
        let span = cx.span();
        let span_context = span.span_context();
        if span_context.is_valid() && !span_context.is_remote() {
            return Some(span_context.is_sampled());
        }
        if !self.follows_remote_parent {
            return None;
        }
        cx.get::<PropagatedTrace>()?.sampled
    }
}

impl ShouldSample for ParentBasedSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let has_priority_zero = attributes.iter().any(|attribute| {
            attribute.key.as_str() == PRIORITY_ATTRIBUTE && attribute.value == Value::I64(0)
        });
        let decision = if has_priority_zero {
            Some(false)
        } else {
            parent.and_then(|cx| self.parent_decision(cx))
        };
        match decision {
            Some(sampled) => sampling_result(sampled, parent),
            None => {
                let root = &self.root;
                root.should_sample(parent, trace_id, name, kind, attributes, links)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::SamplingDecision;

    /// The values of `follows_remote_parent`.
    const FOLLOWS_REMOTE: bool = true;
    const IGNORES_REMOTE: bool = false;

    const NO_SPAN_ID: u64 = 0;
    const SPAN_ID: u64 = 7;

    /// The context of a request whose headers have this span id and this decision.
    fn remote_parent(span_id: u64, sampled: Option<bool>) -> Context {
        let flags = TraceFlags::default().with_sampled(sampled == Some(true));
        let span_context = SpanContext::new(
            TraceId::from(1),
            SpanId::from(span_id),
            flags,
            true,
            TraceState::NONE,
        );
        let cx = if span_id == NO_SPAN_ID {
            Context::new()
        } else {
            Context::new().with_remote_span_context(span_context.clone())
        };
        cx.with_value(PropagatedTrace {
            span_context,
            sampled,
        })
    }

    fn local_parent(flags: TraceFlags) -> Context {
        let id = SpanId::from(SPAN_ID);
        let span_context = SpanContext::new(1.into(), id, flags, false, TraceState::NONE);
        Context::new().with_remote_span_context(span_context)
    }

    fn is_sampled(
        follows_remote_parent: bool,
        root: Sampler,
        parent: &Context,
        attributes: &[KeyValue],
    ) -> bool {
        let sampler = ParentBasedSampler::new(follows_remote_parent, Box::new(root));
        let trace_id = TraceId::from(1);
        let kind = SpanKind::Server;
        let result = sampler.should_sample(Some(parent), trace_id, "", &kind, attributes, &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn the_decision_of_the_caller_is_kept_with_and_without_a_parent_span() {
        for span_id in [NO_SPAN_ID, SPAN_ID] {
            let sampled = remote_parent(span_id, Some(true));
            let not_sampled = remote_parent(span_id, Some(false));
            assert!(is_sampled(
                FOLLOWS_REMOTE,
                Sampler::AlwaysOff,
                &sampled,
                &[]
            ));
            assert!(!is_sampled(
                FOLLOWS_REMOTE,
                Sampler::AlwaysOn,
                &not_sampled,
                &[]
            ));
        }
    }

    #[test]
    fn a_request_without_a_decision_is_decided_by_the_root_sampler() {
        for span_id in [NO_SPAN_ID, SPAN_ID] {
            let undecided = remote_parent(span_id, None);
            assert!(is_sampled(
                FOLLOWS_REMOTE,
                Sampler::AlwaysOn,
                &undecided,
                &[]
            ));
            assert!(!is_sampled(
                FOLLOWS_REMOTE,
                Sampler::AlwaysOff,
                &undecided,
                &[]
            ));
        }
    }

    #[test]
    fn a_sampler_that_does_not_follow_the_caller_ignores_its_decision() {
        let sampled = remote_parent(SPAN_ID, Some(true));
        let not_sampled = remote_parent(SPAN_ID, Some(false));
        assert!(is_sampled(
            IGNORES_REMOTE,
            Sampler::AlwaysOn,
            &not_sampled,
            &[]
        ));
        assert!(!is_sampled(
            IGNORES_REMOTE,
            Sampler::AlwaysOff,
            &sampled,
            &[]
        ));
    }

    #[test]
    fn the_decision_of_a_parent_span_in_this_process_is_always_kept() {
        let sampled = local_parent(TraceFlags::SAMPLED);
        let not_sampled = local_parent(TraceFlags::default());
        assert!(is_sampled(
            IGNORES_REMOTE,
            Sampler::AlwaysOff,
            &sampled,
            &[]
        ));
        assert!(!is_sampled(
            IGNORES_REMOTE,
            Sampler::AlwaysOn,
            &not_sampled,
            &[]
        ));
    }

    #[test]
    fn a_span_with_sampling_priority_0_is_never_sampled() {
        let priority_zero = [KeyValue::new(PRIORITY_ATTRIBUTE, 0)];
        let no_parent = Context::new();
        assert!(!is_sampled(
            IGNORES_REMOTE,
            Sampler::AlwaysOn,
            &no_parent,
            &priority_zero
        ));
        let sampled = remote_parent(SPAN_ID, Some(true));
        assert!(!is_sampled(
            FOLLOWS_REMOTE,
            Sampler::AlwaysOn,
            &sampled,
            &priority_zero
        ));
    }
}
