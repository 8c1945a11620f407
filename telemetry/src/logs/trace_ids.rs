//! Adds the trace id and the span id of the current span to each log line.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::propagation::XrayTraceId;

/// The initial capacity of the buffer for a line. Most lines are shorter than this capacity, so the
/// buffer rarely grows.
const LINE_CAPACITY_BYTES: usize = 512;

/// A line format that appends the trace id and the span id of the current span to another line format.
///
/// The formats of `tracing-subscriber` write only the fields of a `tracing` event. `FormatWithTraceIds`
/// removes the line end that `inner_format` has written, writes the trace id and the span id, and then ends
/// the line again.
pub(super) struct FormatWithTraceIds<F> {
    pub inner_format: F,
    /// The end of each line that `inner_format` writes.
    pub line_end: &'static str,
    /// Writes the trace id, the span id and the end of the line.
    pub write_ids: fn(&mut Writer<'_>, &SpanContext) -> fmt::Result,
}

/// Writes the trace id and the span id as the last two members of a JSON object, and closes the object.
pub(super) fn write_json_ids(writer: &mut Writer<'_>, span_context: &SpanContext) -> fmt::Result {
    let trace_id = XrayTraceId(span_context.trace_id());
    let span_id = span_context.span_id();
    writeln!(
        writer,
        ",\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\"}}"
    )
}

/// Writes the trace id and the span id as the last two fields of a text line.
pub(super) fn write_text_ids(writer: &mut Writer<'_>, span_context: &SpanContext) -> fmt::Result {
    let trace_id = XrayTraceId(span_context.trace_id());
    let span_id = span_context.span_id();
    writeln!(writer, " trace_id={trace_id} span_id={span_id}")
}

impl<S, N, F> FormatEvent<S, N> for FormatWithTraceIds<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        fmt_context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let span_context = Context::map_current(|cx| cx.span().span_context().clone());
        if !span_context.is_valid() {
            return self.inner_format.format_event(fmt_context, writer, event);
        }
        let mut line = String::with_capacity(LINE_CAPACITY_BYTES);
        self.inner_format
            .format_event(fmt_context, Writer::new(&mut line), event)?;
        writer.write_str(line.strip_suffix(self.line_end).unwrap_or(&line))?;
        (self.write_ids)(&mut writer, &span_context)
    }
}
