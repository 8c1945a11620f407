//! The sampler that OpenTelemetry's SDK calls for each new trace.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use super::request::{Request, Service};
use super::rules::Rules;

/// Samples traces by the current sampling rules. Clones of a sampler share the rules.
#[derive(Clone, Debug)]
pub(crate) struct XraySampler(Arc<SharedState>);

#[derive(Debug)]
struct SharedState {
    service: Service,
    /// The lock protects only the pointer to the rules. The sampler releases the lock before it matches
    /// rules.
    rules: RwLock<Arc<Rules>>,
    started_at: Instant,
}

impl XraySampler {
    /// Creates a sampler without rules. The local default rule samples the first request each second and 5 % of further
    /// requests.
    pub fn new(service: Service) -> Self {
        Self(Arc::new(SharedState {
            service,
            rules: RwLock::default(),
            started_at: Instant::now(),
        }))
    }

    /// The time since the sampler was created. The uptime is monotonic, unlike the system time.
    pub(super) fn uptime(&self) -> Duration {
        self.0.started_at.elapsed()
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        let rules = self.0.rules.read();
        Arc::clone(&rules.unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_rules(&self, rules: Rules) {
        let current_rules = self.0.rules.write();
        *current_rules.unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}

impl ShouldSample for XraySampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let rules = self.rules();
        let request = || Request::from_attributes(attributes);
        let is_sampled = rules.decide(&self.0.service, request, self.uptime(), rand::random());
        sampling_result(is_sampled, parent)
    }
}

/// Converts a sampling decision into the SDK's type. The result contains the trace state of the parent.
pub(crate) fn sampling_result(is_sampled: bool, parent: Option<&Context>) -> SamplingResult {
    SamplingResult {
        decision: if is_sampled {
            SamplingDecision::RecordAndSample
        } else {
            SamplingDecision::Drop
        },
        attributes: Vec::new(),
        trace_state: parent
            .map(|context| context.span().span_context().trace_state().clone())
            .unwrap_or_default(),
    }
}
