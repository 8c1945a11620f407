//! Formats log lines as JSON objects.

use std::io::Write as _;
use std::{fmt, str};

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::timestamp::push_timestamp;
use crate::propagation::XrayTraceId;

/// Initial capacity of the buffer of a line. Most access lines are shorter.
const LINE_CAPACITY: usize = 512;

/// Writes each event as one JSON object: the time, the level, the fields of the event, the target, and the
/// ids of the current span.
///
/// The JSON format of `tracing-subscriber` is not used. It has no trace ids, and needs more CPU time.
pub(super) struct JsonFormat;

impl<S, N> FormatEvent<S, N> for JsonFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Events of the crate `log` have their target in a field.
        let log_metadata = event.normalized_metadata();
        let metadata = log_metadata.as_ref().unwrap_or_else(|| event.metadata());
        let mut line = Vec::with_capacity(LINE_CAPACITY);
        line.extend_from_slice(b"{\"timestamp\":\"");
        push_timestamp(&mut line);
        line.extend_from_slice(b"\",\"level\":\"");
        line.extend_from_slice(metadata.level().as_str().as_bytes());
        line.push(b'"');
        let mut members = MemberWriter {
            line: &mut line,
            result: Ok(()),
        };
        event.record(&mut members);
        members.write_member("target", metadata.target());
        members.result.map_err(|_| fmt::Error)?;
        Context::map_current(|cx| push_span_ids(&mut line, cx));
        line.extend_from_slice(b"}\n");
        writer.write_str(str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

/// Adds the ids of the current span as members of the JSON object.
fn push_span_ids(line: &mut Vec<u8>, cx: &Context) {
    let span = cx.span();
    let span_context = span.span_context();
    if span_context.is_valid() {
        let trace_id = XrayTraceId(span_context.trace_id());
        let span_id = span_context.span_id();
        // A write to a vector does not fail.
        let _ = write!(
            line,
            ",\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\""
        );
    }
}

/// Writes fields as members of a JSON object that already has a member. The names of fields are written unchanged,
/// because no field name of the services and their crates contains a character that JSON escapes.
struct MemberWriter<'a> {
    line: &'a mut Vec<u8>,
    result: serde_json::Result<()>,
}

impl MemberWriter<'_> {
    fn write_member(&mut self, name: &str, value: impl Serialize) {
        if self.result.is_ok() {
            self.line.extend_from_slice(b",\"");
            self.line.extend_from_slice(name.as_bytes());
            self.line.extend_from_slice(b"\":");
            self.result = serde_json::to_writer(&mut *self.line, &value);
        }
    }
}

impl Visit for MemberWriter<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write_member(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write_member(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write_member(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write_member(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write_member(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write_member(field.name(), format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests;
