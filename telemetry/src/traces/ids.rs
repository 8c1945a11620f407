//! Generates trace ids and span ids.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

use crate::propagation::PropagatedTrace;

/// Generates the trace id of a span that has no parent span.
///
/// If the request headers contain a trace id without a parent span, as the headers of a load balancer do, the
/// generator returns the received trace id. If the request headers contain no trace id, the generator returns
/// a new trace id. X-Ray requires the time in seconds as the first 32 bits of a trace id, and the remaining
/// 96 bits are random.
///
/// The generator reads the received trace id from the current OpenTelemetry context. The extracted
/// context must therefore be attached when the span is created.
#[derive(Debug, Default)]
pub(super) struct TraceIdGenerator(RandomIdGenerator);

impl IdGenerator for TraceIdGenerator {
    fn new_trace_id(&self) -> TraceId {
        let received_trace_id = Context::map_current(|cx| {
            let trace = cx.get::<PropagatedTrace>();
            trace.map(|trace| trace.span_context.trace_id())
        });
        received_trace_id.unwrap_or_else(|| replace_time_prefix(self.0.new_trace_id()))
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// Replaces the first 32 bits of a trace id with the current time in seconds.
fn replace_time_prefix(id: TraceId) -> TraceId {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since_epoch.map_or(0, |duration| duration.as_secs()) as u32;
    let mut bytes = id.to_bytes();
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    TraceId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};

    #[test]
    fn a_new_trace_id_starts_with_the_time_and_ends_with_random_digits() {
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let id = TraceIdGenerator::default().new_trace_id().to_string();
        let seconds = u64::from_str_radix(&id[..8], 16).unwrap();
        assert!((start.as_secs()..start.as_secs() + 60).contains(&seconds));
        let other_trace_id = TraceIdGenerator::default().new_trace_id().to_string();
        assert_ne!(&id[8..], &other_trace_id[8..]);
    }

    #[test]
    fn a_received_trace_id_without_a_parent_span_is_reused() {
        let trace_id = TraceId::from(0x5840_6520_a006_6491_27e3_7190_3a2d_e979);
        let flags = TraceFlags::default();
        let span_context =
            SpanContext::new(trace_id, SpanId::INVALID, flags, true, TraceState::NONE);
        let trace = PropagatedTrace {
            span_context,
            sampled: None,
        };
        let _attached = Context::new().with_value(trace).attach();
        assert_eq!(TraceIdGenerator::default().new_trace_id(), trace_id);
    }
}
