//! A sampler that follows the sampling decision of the parent span.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

use crate::propagation::PropagatedTrace;
use crate::sampler::sampling_result;

/// The span attribute that prevents sampling if its value is 0. The OpenTelemetry collector's
/// probabilistic sampler interprets the attribute in the same way.
const PRIORITY_ATTRIBUTE: &str = "sampling.priority";

/// Follows the sampling decision of the parent span. If a trace has no sampling decision, the root sampler
/// decides.
///
/// The SDK's `Sampler::ParentBased` does not support two cases of X-Ray's header: a sampling decision
/// without a parent span, and a parent span without a sampling decision.
#[derive(Clone, Debug)]
pub(super) struct ParentBasedSampler {
    /// Whether the sampler also follows the decision of a parent span in another process.
    follows_remote_parent: bool,
    /// The sampler that decides about traces without a sampling decision.
    root_sampler: Box<dyn ShouldSample>,
}

impl ParentBasedSampler {
    pub fn new(follows_remote_parent: bool, root_sampler: Box<dyn ShouldSample>) -> Self {
        Self {
            follows_remote_parent,
            root_sampler,
        }
    }

    /// Creates a sampler that samples no trace, even if the caller samples the trace.
    pub fn always_off() -> Self {
        Self::new(false, Box::new(Sampler::AlwaysOff))
    }

    /// Returns the sampling decision of the parent span, or `None` if the trace has no sampling decision.
    ///
    /// The decision of a parent span in this process is always followed, so that a trace contains either all
    /// spans or no spans of this process.
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
                let root_sampler = &self.root_sampler;
                root_sampler.should_sample(parent, trace_id, name, kind, attributes, links)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::SamplingDecision;

    // Values of the parameter `follows_remote_parent`.
    const FOLLOWS_REMOTE_PARENT: bool = true;
    const IGNORES_REMOTE_PARENT: bool = false;

    const INVALID_SPAN_ID: u64 = 0;
    const SPAN_ID: u64 = 7;

    /// Creates the context of a request whose headers contain `span_id` and the decision `sampled`.
    fn create_remote_parent(span_id: u64, sampled: Option<bool>) -> Context {
        let flags = TraceFlags::default().with_sampled(sampled == Some(true));
        let span_context = SpanContext::new(
            TraceId::from(1),
            SpanId::from(span_id),
            flags,
            true,
            TraceState::NONE,
        );
        let cx = if span_id == INVALID_SPAN_ID {
            Context::new()
        } else {
            Context::new().with_remote_span_context(span_context.clone())
        };
        cx.with_value(PropagatedTrace {
            span_context,
            sampled,
        })
    }

    /// Creates a context whose current span belongs to this process.
    fn create_local_parent(flags: TraceFlags) -> Context {
        let span_id = SpanId::from(SPAN_ID);
        let span_context = SpanContext::new(1.into(), span_id, flags, false, TraceState::NONE);
        Context::new().with_remote_span_context(span_context)
    }

    fn is_sampled(
        follows_remote_parent: bool,
        root_sampler: Sampler,
        parent: &Context,
        attributes: &[KeyValue],
    ) -> bool {
        let sampler = ParentBasedSampler::new(follows_remote_parent, Box::new(root_sampler));
        let trace_id = TraceId::from(1);
        let kind = SpanKind::Server;
        let result = sampler.should_sample(Some(parent), trace_id, "", &kind, attributes, &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn the_decision_of_the_caller_is_followed_with_and_without_a_parent_span() {
        for span_id in [INVALID_SPAN_ID, SPAN_ID] {
            let sampled_parent = create_remote_parent(span_id, Some(true));
            let unsampled_parent = create_remote_parent(span_id, Some(false));
            assert!(is_sampled(
                FOLLOWS_REMOTE_PARENT,
                Sampler::AlwaysOff,
                &sampled_parent,
                &[]
            ));
            assert!(!is_sampled(
                FOLLOWS_REMOTE_PARENT,
                Sampler::AlwaysOn,
                &unsampled_parent,
                &[]
            ));
        }
    }

    #[test]
    fn the_root_sampler_decides_about_a_request_without_a_decision() {
        for span_id in [INVALID_SPAN_ID, SPAN_ID] {
            let undecided_parent = create_remote_parent(span_id, None);
            assert!(is_sampled(
                FOLLOWS_REMOTE_PARENT,
                Sampler::AlwaysOn,
                &undecided_parent,
                &[]
            ));
            assert!(!is_sampled(
                FOLLOWS_REMOTE_PARENT,
                Sampler::AlwaysOff,
                &undecided_parent,
                &[]
            ));
        }
    }

    #[test]
    fn without_follows_remote_parent_the_decision_of_the_caller_is_ignored() {
        let sampled_parent = create_remote_parent(SPAN_ID, Some(true));
        let unsampled_parent = create_remote_parent(SPAN_ID, Some(false));
        assert!(is_sampled(
            IGNORES_REMOTE_PARENT,
            Sampler::AlwaysOn,
            &unsampled_parent,
            &[]
        ));
        assert!(!is_sampled(
            IGNORES_REMOTE_PARENT,
            Sampler::AlwaysOff,
            &sampled_parent,
            &[]
        ));
    }

    #[test]
    fn the_decision_of_a_parent_span_in_this_process_is_always_followed() {
        let sampled_parent = create_local_parent(TraceFlags::SAMPLED);
        let unsampled_parent = create_local_parent(TraceFlags::default());
        assert!(is_sampled(
            IGNORES_REMOTE_PARENT,
            Sampler::AlwaysOff,
            &sampled_parent,
            &[]
        ));
        assert!(!is_sampled(
            IGNORES_REMOTE_PARENT,
            Sampler::AlwaysOn,
            &unsampled_parent,
            &[]
        ));
    }

    #[test]
    fn another_priority_and_another_attribute_with_value_0_do_not_change_the_decision() {
        for attribute in [
            KeyValue::new(PRIORITY_ATTRIBUTE, 1),
            KeyValue::new("server.port", 0),
        ] {
            let is_sampled = is_sampled(
                IGNORES_REMOTE_PARENT,
                Sampler::AlwaysOn,
                &Context::new(),
                &[attribute],
            );
            assert!(is_sampled);
        }
    }

    #[test]
    fn a_span_with_sampling_priority_0_is_never_sampled() {
        let priority_zero = [KeyValue::new(PRIORITY_ATTRIBUTE, 0)];
        let no_parent = Context::new();
        assert!(!is_sampled(
            IGNORES_REMOTE_PARENT,
            Sampler::AlwaysOn,
            &no_parent,
            &priority_zero
        ));
        let sampled_parent = create_remote_parent(SPAN_ID, Some(true));
        assert!(!is_sampled(
            FOLLOWS_REMOTE_PARENT,
            Sampler::AlwaysOn,
            &sampled_parent,
            &priority_zero
        ));
    }
}
