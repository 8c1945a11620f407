//! Formats log lines as text.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::propagation::XrayTraceId;

/// The text format of `tracing-subscriber`, with the trace id and the span id of the current span as the last
/// two fields.
pub(super) struct TextFormat(pub Format);

impl<S, N> FormatEvent<S, N> for TextFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        fmt_context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let span_context = Context::map_current(|cx| cx.span().span_context().clone());
        if !span_context.is_valid() {
            return self.0.format_event(fmt_context, writer, event);
        }
        let mut line = String::new();
        self.0
            .format_event(fmt_context, Writer::new(&mut line), event)?;
        let trace_id = XrayTraceId(span_context.trace_id());
        let span_id = span_context.span_id();
        // The format ends the line, so the end is removed before the ids are added.
        let line = line.trim_end_matches('\n');
        writeln!(writer, "{line} trace_id={trace_id} span_id={span_id}")
    }
}
