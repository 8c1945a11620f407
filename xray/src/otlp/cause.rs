//! Block `cause`: the exceptions that a span has as events, or the message of its status. Also the flags `error`,
//! `fault` and `throttle`.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Map, Value, json};

use super::attributes::{Attributes, object};
use super::{http, local_root, name, stack};
use crate::id::SegmentId;

/// The status message of spans that come from OpenCensus.
const STATUS_TEXT: &str = "http.status_text";

/// Builds the block and removes its attribute from `rest`. The ids of the exceptions are derived from `id`, the
/// span's, so that a span that is sent twice makes the same document.
pub fn block(
    span: &Span,
    id: SegmentId,
    attributes: &Attributes<'_>,
    resource: &Attributes<'_>,
    rest: &mut Attributes<'_>,
) -> Option<Value> {
    let is_remote = matches!(span.kind(), SpanKind::Client | SpanKind::Producer);
    let language = resource.text(&["telemetry.sdk.language"]);
    let is_aws = name::is_sdk_of_aws(attributes);
    let mut has_events = false;
    let mut exceptions = Vec::new();
    for event in &span.events {
        match event.name.as_str() {
            "exception" => exceptions.extend(thrown(event, language, is_remote)),
            "HTTP request failure" if is_aws => exceptions.extend(failed_attempt(event)),
            _ => continue,
        }
        has_events = true;
    }
    if !has_events && is_error(span) {
        exceptions.extend(status_message(span, attributes));
        rest.remove(&[STATUS_TEXT]);
    }
    (!exceptions.is_empty()).then(|| json!({ "exceptions": linked(exceptions, id) }))
}

/// An exception, and whether the one after it caused it.
type Thrown = (Map<String, Value>, bool);

/// Gives each exception an id, and the id of the next one as its cause if that caused it.
fn linked(exceptions: Vec<Thrown>, id: SegmentId) -> Vec<Value> {
    let mut id = local_root::service_id(id).derived_id();
    let linked = exceptions.into_iter().map(|(mut exception, has_cause)| {
        exception.insert("id".to_owned(), json!(id.to_string()));
        id = id.derived_id();
        if has_cause {
            exception.insert("cause".to_owned(), json!(id.to_string()));
        }
        Value::Object(exception)
    });
    linked.collect()
}

/// An exception and the exceptions that caused it.
fn thrown(event: &Event, language: Option<&str>, is_remote: bool) -> Vec<Thrown> {
    let attributes = Attributes::new(&event.attributes);
    let text = attributes
        .text(&["exception.stacktrace"])
        .unwrap_or_default();
    let parsed = stack::parse(language, text);
    let mut titles = vec![(
        attributes.text(&["exception.type"]),
        attributes.text(&["exception.message"]),
    )];
    let causes = parsed.causes.iter();
    titles.extend(causes.map(|cause| (Some(&*cause.kind), Some(&*cause.message))));
    let causes = parsed.causes.iter().map(|cause| &cause.frames);
    let frames = std::iter::once(&parsed.frames).chain(causes);
    let count = titles.len();
    let exceptions = titles.into_iter().zip(frames).enumerate();
    let exceptions = exceptions.map(|(place, ((kind, message), frames))| {
        let exception = object([
            ("type", kind.map(Value::from)),
            ("message", message.map(Value::from)),
            ("remote", Some(is_remote.into())),
            ("stack", (!frames.is_empty()).then(|| json!(frames))),
        ]);
        (exception, place + 1 < count)
    });
    exceptions.collect()
}

/// A failed attempt of a call to AWS that the SDK repeated.
fn failed_attempt(event: &Event) -> Option<Thrown> {
    let attributes = Attributes::new(&event.attributes);
    let status = match attributes.json("http.response.status_code")? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let message = attributes.text(&["aws.http.error_message"])?;
    let micros = event.time_unix_nano / 1000;
    let time = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let exception = object([
        ("type", Some("aws.http.error.event".into())),
        ("message", Some(format!("{status}@{time}@{message}").into())),
        ("remote", Some(true.into())),
    ]);
    Some((exception, false))
}

fn status_message(span: &Span, attributes: &Attributes<'_>) -> Option<Thrown> {
    let status = span.status.as_ref().map(|status| &*status.message);
    let message = status
        .filter(|message| !message.is_empty())
        .or_else(|| attributes.text(&[STATUS_TEXT]))?;
    Some((object([("message", Some(message.into()))]), false))
}

/// The flags to set. The HTTP status decides; without an error there, the span's status.
pub fn flags(span: &Span, attributes: &Attributes<'_>) -> &'static [&'static str] {
    match attributes.number(&http::STATUS) {
        Some(429) => &["error", "throttle"],
        Some(400..=499) => &["error"],
        Some(500..=599) => &["fault"],
        _ if is_error(span) => &["fault"],
        _ => &[],
    }
}

fn is_error(span: &Span) -> bool {
    span.status
        .as_ref()
        .is_some_and(|status| status.code() == StatusCode::Error)
}
