//! Counts rejected spans, and builds the part of the response that reports the rejected spans.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use opentelemetry_proto::tonic::trace::v1::Span;

/// Maximum number of characters of a span's name in a rejection reason.
const MAX_SPAN_NAME_CHARS: usize = 80;

/// The number of rejected spans, and the reason of the first rejection.
#[derive(Debug, Default)]
pub struct RejectedSpans {
    count: usize,
    first_reason: Option<String>,
}

impl RejectedSpans {
    /// Adds `count` to the number of rejected spans. `reason` is called only for the first rejection.
    pub fn add(&mut self, count: usize, reason: impl FnOnce() -> String) {
        self.count += count;
        self.first_reason.get_or_insert_with(reason);
    }

    /// Counts one span. Adds the name of the span to the start of the reason.
    pub fn add_span(&mut self, span: &Span, reason: &str) {
        self.add(1, || {
            let name: String = span.name.chars().take(MAX_SPAN_NAME_CHARS).collect();
            format!("span {name:?}: {reason}")
        });
    }

    /// Returns the field `partial_success` of the response. Returns `None` if no span or message was
    /// rejected.
    pub fn into_partial_success(self) -> Option<ExportTracePartialSuccess> {
        Some(ExportTracePartialSuccess {
            rejected_spans: i64::try_from(self.count).unwrap_or(i64::MAX),
            error_message: self.first_reason?,
        })
    }
}
