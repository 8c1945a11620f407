//! X-Ray's way of choosing traces: rules, each with a reservoir and a rate, handed out by the daemon.
//!
//! The rules are those of the guide's pages "Configuring sampling rules" and "Using sampling rules
//! with the X-Ray API". Only traces that nobody has decided yet come here.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

mod api;
mod pattern;
mod poll;
mod reservoir;
mod rule;
mod rules;

pub(crate) use poll::{Poller, start_polling};

use rule::Request;
use rules::Rules;

/// What rules may speak of besides the request.
#[derive(Debug)]
pub(crate) struct Service {
    pub name: String,
    /// Its type in the words of sampling rules, such as `AWS::ECS::Container`.
    pub origin: Option<String>,
}

/// Decides by the rules of the moment. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct XraySampler {
    service: Arc<Service>,
    rules: Arc<RwLock<Rules>>,
}

impl XraySampler {
    /// A sampler by the local default: the first request each second, and 5 % of the others.
    pub fn new(service: Service) -> Self {
        Self {
            service: Arc::new(service),
            rules: Arc::default(),
        }
    }

    /// The rules of the moment, which nobody holds for longer than it takes to look.
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
        let sampled = rules.decide(&self.service, request, now(), rand::random());
        answer(sampled, parent)
    }
}

/// A decision as the SDK wants it; the trace state goes on as it came.
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

/// Seconds since 1970, in which X-Ray tells the end of a quota.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}
