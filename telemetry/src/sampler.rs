//! X-Ray's sampling: rules, each with a reservoir and a rate, which the daemon hands out.
//!
//! Sources: the pages "Configuring sampling rules" and "Using sampling rules with the X-Ray API" of X-Ray's
//! developer guide, and X-Ray's service model. Only traces without a decision of the caller come here.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

mod api;
mod pattern;
mod poll;
mod request;
mod reservoir;
mod rule;
mod rules;

pub(crate) use poll::{Poller, start_polling};
pub(crate) use request::Service;

use request::Request;
use rules::Rules;

/// Decides by the rules that are in force. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct XraySampler {
    service: Arc<Service>,
    rules: Arc<RwLock<Rules>>,
    started: Instant,
}

impl XraySampler {
    /// A sampler by the local default: the first request each second, and 5 % of the others.
    pub fn new(service: Service) -> Self {
        Self {
            service: Arc::new(service),
            rules: Arc::default(),
            started: Instant::now(),
        }
    }

    /// The time since the sampler was created. Unlike the time of day, it never goes back.
    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// A copy of the rules that are in force, so that the lock is not held while they are used.
    fn rules(&self) -> Rules {
        let rules = self.rules.read();
        rules.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_rules(&self, rules: Rules) {
        let mut place = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        *place = rules;
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
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let request = || Request::of(attributes);
        let sampled = rules.decide(&self.service, request, self.uptime(), rand::random());
        answer(sampled, parent)
    }
}

/// A decision in the SDK's form. The trace state stays as it came.
pub(crate) fn answer(sampled: bool, parent: Option<&Context>) -> SamplingResult {
    SamplingResult {
        decision: if sampled {
            SamplingDecision::RecordAndSample
        } else {
            SamplingDecision::Drop
        },
        attributes: Vec::new(),
        trace_state: parent
            .map(|cx| cx.span().span_context().trace_state().clone())
            .unwrap_or_default(),
    }
}

/// The time of day in seconds since 1970, in which X-Ray gives times.
fn unix_now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_secs_f64())
}
