//! The ids of a span, and the ids that are derived from the span id.

use opentelemetry_proto::tonic::trace::v1::Span;

use crate::id::{SegmentId, TraceId};

/// The valid ids of a span.
#[derive(Clone, Copy, Debug)]
pub struct SpanIds {
    pub trace_id: TraceId,
    pub segment_id: SegmentId,
    /// The field is `None` if the span has no parent.
    pub parent_id: Option<SegmentId>,
}

impl SpanIds {
    /// Parses the ids of `span`. If `parent_span_id` is empty or consists of eight zero bytes, the span has
    /// no parent.
    ///
    /// # Errors
    ///
    /// Fails if an id has the wrong length, or if the trace id or the span id is all zeros.
    pub fn parse(span: &Span) -> Result<Self, &'static str> {
        Ok(Self {
            trace_id: TraceId::from_bytes(&span.trace_id)
                .ok_or("traceId is not 16 bytes, or all of them are zero")?,
            segment_id: SegmentId::from_bytes(&span.span_id)
                .ok_or("spanId is not 8 bytes, or all of them are zero")?,
            parent_id: match span.parent_span_id.len() {
                0 | 8 => SegmentId::from_bytes(&span.parent_span_id),
                _ => return Err("parentSpanId is not 8 bytes"),
            },
        })
    }

    /// Returns the id of the service's segment if the span is a local root that is a call. The id of the
    /// service's segment is derived twice from the span id. The span id itself is the id of the call's
    /// subsegment. The segment that the store infers from the call has the id that is derived once from the
    /// span id.
    pub fn service_segment_id(&self) -> SegmentId {
        self.segment_id.derived_id().derived_id()
    }

    /// Returns ids for the exceptions of the span. The ids are derived from the span id, so that a span that
    /// is received twice becomes the same document both times.
    pub fn exception_ids(&self) -> impl Iterator<Item = SegmentId> {
        let first_exception_id = self.service_segment_id().derived_id();
        std::iter::successors(Some(first_exception_id), |id| Some(id.derived_id()))
    }
}
