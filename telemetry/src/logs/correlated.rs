//! The link from a log line to its trace.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::propagation::XrayTraceId;

/// Room for most lines in bytes, so that they need not grow.
const USUAL_LINE: usize = 512;

/// A format whose lines end with the trace and the span in which they were written.
pub(super) struct Correlated<F> {
    pub inner: F,
    /// The end of a line of `inner`.
    pub end: &'static str,
    /// What takes its place within a trace.
    pub tail: fn(&mut Writer<'_>, &SpanContext) -> fmt::Result,
}

/// As two more members of the line's object.
pub(super) fn json(writer: &mut Writer<'_>, span: &SpanContext) -> fmt::Result {
    let trace = XrayTraceId(span.trace_id());
    let span = span.span_id();
    writeln!(writer, ",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\"}}")
}

/// As two more fields.
pub(super) fn text(writer: &mut Writer<'_>, span: &SpanContext) -> fmt::Result {
    let trace = XrayTraceId(span.trace_id());
    writeln!(writer, " trace_id={trace} span_id={}", span.span_id())
}

impl<S, N, F> FormatEvent<S, N> for Correlated<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        fmt: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let span = Context::map_current(|cx| cx.span().span_context().clone());
        if !span.is_valid() {
            return self.inner.format_event(fmt, writer, event);
        }
        // The formats of tracing-subscriber have no place for members that are no event's fields.
        let mut line = String::with_capacity(USUAL_LINE);
        self.inner
            .format_event(fmt, Writer::new(&mut line), event)?;
        writer.write_str(line.strip_suffix(self.end).unwrap_or(&line))?;
        (self.tail)(&mut writer, &span)
    }
}
