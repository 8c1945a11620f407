//! What a request's answer says of spans that were not taken.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

/// Spans that were not taken.
#[derive(Debug, Default)]
pub struct Rejected {
    spans: usize,
    first: Option<String>,
}

impl Rejected {
    /// Counts spans. The reason is told if it is the first.
    pub fn add(&mut self, spans: usize, why: impl FnOnce() -> String) {
        self.spans += spans;
        self.first.get_or_insert_with(why);
    }

    /// What the answer says; nothing if all spans were taken.
    pub fn partial_success(self) -> Option<ExportTracePartialSuccess> {
        Some(ExportTracePartialSuccess {
            rejected_spans: i64::try_from(self.spans).unwrap_or(i64::MAX),
            error_message: self.first?,
        })
    }
}
