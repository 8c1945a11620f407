//! Ids of spans and traces.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

use crate::propagation::Upstream;

/// Gives a span without a parent the trace that its caller named, as a load balancer does, or else a
/// new one whose first 32 bits are the time in seconds: X-Ray reads them.
///
/// The caller is found in the current context, so that must be the one that was extracted.
#[derive(Debug, Default)]
pub(super) struct TraceIds(RandomIdGenerator);

impl IdGenerator for TraceIds {
    fn new_trace_id(&self) -> TraceId {
        let root = Context::map_current(|cx| {
            let upstream = cx.get::<Upstream>();
            upstream.map(|upstream| upstream.span.trace_id())
        });
        root.unwrap_or_else(|| timed(self.0.new_trace_id()))
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

fn timed(random: TraceId) -> TraceId {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs()) as u32;
    let mut bytes = random.to_bytes();
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    TraceId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};

    #[test]
    fn a_new_trace_begins_with_the_time() {
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let id = TraceIds::default().new_trace_id().to_string();
        let seconds = u64::from_str_radix(&id[..8], 16).unwrap();
        assert!((before.as_secs()..before.as_secs() + 60).contains(&seconds));
        assert_ne!(
            &id[8..],
            &TraceIds::default().new_trace_id().to_string()[8..]
        );
    }

    #[test]
    fn a_trace_that_the_caller_named_goes_on() {
        let root = TraceId::from(0x5840_6520_a006_6491_27e3_7190_3a2d_e979);
        let flags = TraceFlags::default();
        let span = SpanContext::new(root, SpanId::INVALID, flags, true, TraceState::NONE);
        let upstream = Upstream {
            span,
            sampled: None,
        };
        let _attached = Context::new().with_value(upstream).attach();
        assert_eq!(TraceIds::default().new_trace_id(), root);
    }
}
