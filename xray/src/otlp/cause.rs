//! Block `cause`: exceptions that a span has as events, or the text of its status.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::blocks::{is_error, object};
use super::{name, stack};
use crate::id::SegmentId;

/// What went wrong. `id` is the span's; the exceptions' ids follow from it, so that the same span makes the
/// same document each time.
pub fn of(
    span: &Span,
    id: SegmentId,
    attributes: &Attributes<'_>,
    resource: &Attributes<'_>,
) -> Option<Value> {
    let is_remote = matches!(span.kind(), SpanKind::Client | SpanKind::Producer);
    let language = resource.text(&["telemetry.sdk.language"]);
    let is_aws = name::is_aws(attributes);
    let mut exceptions = Vec::new();
    for event in &span.events {
        match event.name.as_str() {
            "exception" => exceptions.extend(thrown(event, language, is_remote)),
            "HTTP request failure" if is_aws => exceptions.extend(failed_try(event)),
            _ => {}
        }
    }
    let message = span.status.as_ref().map(|status| &*status.message);
    let message = message.filter(|message| !message.is_empty());
    if exceptions.is_empty()
        && is_error(span)
        && let Some(message) = message
    {
        exceptions.push(json!({ "message": message, "remote": false }));
    }
    let mut next = id;
    let mut ids = Vec::new();
    for exception in &mut exceptions {
        next = next.inferred();
        exception["id"] = json!(next.to_string());
        ids.push(next);
    }
    // A cause stands behind what it caused, and is marked so until now.
    for place in 1..exceptions.len() {
        if let Some(marked) = exceptions[place].as_object_mut()
            && marked.remove("is_cause").is_some()
        {
            exceptions[place - 1]["cause"] = json!(ids[place].to_string());
        }
    }
    (!exceptions.is_empty()).then(|| json!({ "exceptions": exceptions }))
}

/// An exception and its causes.
fn thrown(event: &Event, language: Option<&str>, is_remote: bool) -> Vec<Value> {
    let said = Attributes::new(&event.attributes);
    let text = said.text(&["exception.stacktrace"]).unwrap_or_default();
    let own = (
        said.text(&["exception.type"]),
        said.text(&["exception.message"]),
    );
    let exceptions = stack::parse(language, text).into_iter().map(|thrown| {
        let title = thrown.title.as_ref();
        let (kind, message) =
            title.map_or(own, |(kind, message)| (Some(&**kind), Some(&**message)));
        let stack = (!thrown.frames.is_empty()).then(|| Value::Array(thrown.frames.clone()));
        Value::Object(object([
            ("type", kind.map(Value::from)),
            ("message", message.map(Value::from)),
            ("remote", Some(is_remote.into())),
            ("stack", stack),
            ("is_cause", title.map(|_| true.into())),
        ]))
    });
    exceptions.collect()
}

/// One of several tries of a call to AWS.
fn failed_try(event: &Event) -> Option<Value> {
    let said = Attributes::new(&event.attributes);
    let status = said.number(&["http.response.status_code"])?;
    let message = said.text(&["aws.http.error_message"])?;
    let time = event.time_unix_nano as f64 / 1e9;
    Some(json!({
        "type": "aws.http.error.event",
        "message": format!("{status}@{time:.6}@{message}"),
        "remote": true,
    }))
}
