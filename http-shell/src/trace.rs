//! Functions that create a tracer, set span attributes, and record exceptions.

use std::error::Error;
use std::iter::successors;

use opentelemetry::global::{self, BoxedSpan, BoxedTracer};
use opentelemetry::trace::{Span, SpanRef, TraceContextExt};
use opentelemetry::{Context, KeyValue, Value};

/// The tracer that creates all spans of the services.
pub fn tracer() -> BoxedTracer {
    global::tracer("mythical-mysfits")
}

/// Returns a copy of `parent` whose span is `span`.
///
/// If `span` is not recording, the copy contains only the ids of `span`. A context with a complete span
/// needs more memory, and locks the span at each use.
pub fn context_with_span(parent: &Context, span: BoxedSpan) -> Context {
    if span.is_recording() {
        parent.with_span(span)
    } else {
        parent.with_remote_span_context(span.span_context().clone())
    }
}

/// Sets an attribute of the current span. `value` is called only if the span is recording.
pub fn annotate<V: Into<Value>>(key: &'static str, value: impl FnOnce() -> V) {
    Context::map_current(|cx| {
        let span = cx.span();
        if span.is_recording() {
            span.set_attribute(KeyValue::new(key, value()));
        }
    });
}

/// Adds one `exception` event to `span` for `error`, and one `exception` event for each cause of `error`.
pub fn record_error(span: &SpanRef<'_>, error: &(dyn Error + 'static)) {
    if !span.is_recording() {
        return;
    }
    for error in successors(Some(error), |&error| error.source()) {
        record_exception(span, error_type_name(error), error.to_string());
    }
}

/// Adds an `exception` event to `span`.
pub fn record_exception(
    span: &SpanRef<'_>,
    exception_type: impl Into<Value>,
    message: impl Into<Value>,
) {
    let attributes = vec![
        KeyValue::new("exception.type", exception_type),
        KeyValue::new("exception.message", message),
    ];
    span.add_event("exception", attributes);
}

/// The first word of the error's `Debug` output, which is the name of the error's variant or type.
fn error_type_name(error: &dyn Error) -> String {
    let debug = format!("{error:?}");
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = debug.find(|letter| !is_word(letter)).unwrap_or(debug.len());
    let word = &debug[..end];
    if word.is_empty() { "Error" } else { word }.to_owned()
}

#[cfg(test)]
mod tests {
    use std::fmt::{self, Debug, Display};

    use super::*;

    /// A test error whose `Debug` output is the string in the error's field.
    struct Failure(&'static str);

    impl Debug for Failure {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Display for Failure {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("failed")
        }
    }

    impl Error for Failure {}

    #[test]
    fn the_type_of_an_exception_is_the_first_word_of_the_debug_form() {
        for (debug, name) in [
            ("Timeout", "Timeout"),
            ("Dispatch_2(Failure)", "Dispatch_2"),
            ("Io { kind: Other }", "Io"),
            ("(1, 2)", "Error"),
            ("", "Error"),
        ] {
            assert_eq!(error_type_name(&Failure(debug)), name, "{debug}");
        }
    }
}
