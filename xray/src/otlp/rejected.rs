//! Rejected spans, and the part of the response that reports them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use opentelemetry_proto::tonic::trace::v1::Span;

/// Counts rejected spans and keeps the reason of the first.
#[derive(Debug, Default)]
pub struct Rejected {
    spans: usize,
    first: Option<String>,
}

impl Rejected {
    /// Counts `spans` more. `why` is called for the first reason only.
    pub fn add(&mut self, spans: usize, why: impl FnOnce() -> String) {
        self.spans += spans;
        self.first.get_or_insert_with(why);
    }

    /// Counts a span.
    pub fn add_span(&mut self, span: &Span, why: &str) {
        let name = || span.name.chars().take(80).collect::<String>();
        self.add(1, || format!("span {:?}: {why}", name()));
    }

    /// `partial_success` of the response; nothing if no span was rejected.
    pub fn partial_success(self) -> Option<ExportTracePartialSuccess> {
        Some(ExportTracePartialSuccess {
            rejected_spans: i64::try_from(self.spans).unwrap_or(i64::MAX),
            error_message: self.first?,
        })
    }
}
