//! Builds the block `cause`: the exceptions of a span, from its exception events or from its status message.
//! This module also determines the flags `error`, `fault` and `throttle` of a document.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Map, Value, json};

use super::attributes::{Attributes, build_object};
use super::ids::SpanIds;
use super::{http, stack};

/// Attribute with the status message of spans that OpenCensus created.
const STATUS_TEXT_KEY: &str = "http.status_text";

/// An element of the list `exceptions` in the block `cause`. The element has no id until [`add_ids`] adds an
/// id.
struct Exception {
    fields: Map<String, Value>,
    /// Whether the next exception in the list is the cause of the exception.
    is_caused_by_next: bool,
}

/// Builds the block `cause`, and removes [`STATUS_TEXT_KEY`] from `remaining` if the status message is used.
pub fn build_block(
    span: &Span,
    ids: &SpanIds,
    attributes: &Attributes<'_>,
    resource: &Attributes<'_>,
    remaining: &mut Attributes<'_>,
) -> Option<Value> {
    let is_call = matches!(span.kind(), SpanKind::Client | SpanKind::Producer);
    let language = resource.find_text(&["telemetry.sdk.language"]);
    let is_aws_sdk_call = attributes.is_aws_sdk_call();
    let mut has_events = false;
    let mut exceptions = Vec::new();
    for event in &span.events {
        match event.name.as_str() {
            "exception" => exceptions.extend(parse_exception_event(event, language, is_call)),
            "HTTP request failure" if is_aws_sdk_call => {
                exceptions.extend(parse_failed_attempt_event(event));
            }
            _ => continue,
        }
        has_events = true;
    }
    if !has_events && has_error_status(span) {
        exceptions.extend(status_message_exception(span, attributes));
        remaining.remove(&[STATUS_TEXT_KEY]);
    }
    (!exceptions.is_empty()).then(|| json!({ "exceptions": add_ids(exceptions, ids) }))
}

/// Adds an id to each exception of the list. If the next exception caused an exception, the function also
/// adds the field `cause` with the id of the next exception.
fn add_ids(exceptions: Vec<Exception>, ids: &SpanIds) -> Vec<Value> {
    let own_and_next_ids = ids.exception_ids().zip(ids.exception_ids().skip(1));
    let with_ids = exceptions.into_iter().zip(own_and_next_ids);
    with_ids
        .map(|(mut exception, (id, next_id))| {
            let fields = &mut exception.fields;
            fields.insert("id".to_owned(), json!(id.to_string()));
            if exception.is_caused_by_next {
                fields.insert("cause".to_owned(), json!(next_id.to_string()));
            }
            Value::Object(exception.fields)
        })
        .collect()
}

/// Parses an exception event into the exception and its chain of causes.
fn parse_exception_event(event: &Event, language: Option<&str>, is_call: bool) -> Vec<Exception> {
    let attributes = Attributes::new(&event.attributes);
    let stack_text = attributes
        .find_text(&["exception.stacktrace"])
        .unwrap_or_default();
    let stack = stack::parse_stack_trace(language, stack_text);
    let build_fields = |kind: Option<&str>, message: Option<&str>, frames: &[Value]| {
        build_object([
            ("type", kind.map(Value::from)),
            ("message", message.map(Value::from)),
            ("remote", Some(is_call.into())),
            ("stack", (!frames.is_empty()).then(|| json!(frames))),
        ])
    };
    let mut chain = vec![build_fields(
        attributes.find_text(&["exception.type"]),
        attributes.find_text(&["exception.message"]),
        &stack.frames,
    )];
    chain.extend(
        stack
            .causes
            .iter()
            .map(|cause| build_fields(Some(&cause.kind), Some(&cause.message), &cause.frames)),
    );
    let last_index = chain.len() - 1;
    let exceptions = chain.into_iter().enumerate();
    exceptions
        .map(|(index, fields)| Exception {
            fields,
            is_caused_by_next: index < last_index,
        })
        .collect()
}

/// Parses the event that an AWS SDK adds for each failed attempt of a call.
fn parse_failed_attempt_event(event: &Event) -> Option<Exception> {
    let attributes = Attributes::new(&event.attributes);
    let status = match attributes.get_json("http.response.status_code")? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let message = attributes.find_text(&["aws.http.error_message"])?;
    let micros = event.time_unix_nano / 1000;
    let seconds = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let message = format!("{status}@{seconds}@{message}");
    Some(Exception {
        fields: build_object([
            ("type", Some("aws.http.error.event".into())),
            ("message", Some(message.into())),
            ("remote", Some(true.into())),
        ]),
        is_caused_by_next: false,
    })
}

/// Builds an exception from the status message. Returns `None` if the span has no status message.
fn status_message_exception(span: &Span, attributes: &Attributes<'_>) -> Option<Exception> {
    let message = span
        .status
        .as_ref()
        .map(|status| &*status.message)
        .filter(|message| !message.is_empty())
        .or_else(|| attributes.find_text(&[STATUS_TEXT_KEY]))?;
    Some(Exception {
        fields: build_object([("message", Some(message.into()))]),
        is_caused_by_next: false,
    })
}

/// Returns the flags that are true in the span's document. An HTTP status of 400 to 499 sets the flag
/// `error`, and the status 429 also sets the flag `throttle`. An HTTP status of 500 to 599 sets the flag
/// `fault`. If the span has no HTTP status from 400 to 599, the span status Error sets the flag `fault`.
pub fn error_flags(span: &Span, attributes: &Attributes<'_>) -> &'static [&'static str] {
    match attributes.find_integer(&http::STATUS_KEYS) {
        Some(429) => &["error", "throttle"],
        Some(400..=499) => &["error"],
        Some(500..=599) => &["fault"],
        _ if has_error_status(span) => &["fault"],
        _ => &[],
    }
}

fn has_error_status(span: &Span) -> bool {
    let status = span.status.as_ref();
    status.is_some_and(|status| status.code() == StatusCode::Error)
}
