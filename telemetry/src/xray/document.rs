//! Translates a span to an X-Ray segment document.
//!
//! The translator is the [`SegmentTranslator`] of `opentelemetry-aws`. The documents of the translator differ from the
//! X-Ray developer guide ("Segment documents") in some cases. This module therefore changes the span before the
//! translation and the document after the translation. A comment at each change gives the reason.

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{KeyValue, Value as AttributeValue};
use opentelemetry_aws::xray_exporter::SegmentTranslator;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use regex::Regex;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::daemon::MAX_DOCUMENT_BYTES;

/// Span attributes that become annotations. Filter expressions can find traces by the values of annotations.
/// In the annotation keys, underscores replace the dots of the attribute keys.
const ANNOTATION_KEYS: [&str; 8] = [
    "aws.retry_count",
    "chaos.cpu_ms",
    "chaos.fault",
    "error.type",
    "http.route",
    "like.batch.size",
    "like.batch.trace_id",
    "mysfit.id",
];

/// Values of `error.type` for spans whose caller did not wait for the result.
const CANCELLED_ERROR_TYPES: [&str; 3] = ["cancelled", "client_disconnected", "client_stalled"];

/// Members that are removed from a document, in the order of this array, until the document fits into a
/// datagram.
const OPTIONAL_MEMBERS: [&str; 3] = ["cause", "annotations", "aws"];

/// Longest text attribute in bytes. The translator rejects a span with a longer method, URL, user agent or client
/// address.
const MAX_ATTRIBUTE_BYTES: usize = 250;

/// Longest host name in bytes. The URL consists of the host and the path, and its maximum length is
/// [`MAX_ATTRIBUTE_BYTES`].
const MAX_HOST_BYTES: usize = 100;

/// Longest service name in bytes. The X-Ray developer guide allows service names of 200 characters, but the
/// translator counts bytes.
const MAX_SERVICE_NAME_BYTES: usize = 200;

/// Matches a character that the translator rejects in a service name. `char::is_alphanumeric` allows more characters,
/// for example combining vowel signs and circled letters.
const FORBIDDEN_NAME_CHARACTER: &str = r"[^\pL\pN\pZ_.:/%&#=+\-@]";

/// Longest annotation value in bytes. X-Ray allows annotation values of 1,000 characters.
const MAX_ANNOTATION_BYTES: usize = 1000;

/// Translates spans to X-Ray documents.
#[derive(Debug)]
pub(super) struct DocumentTranslator(SegmentTranslator);

/// The reason why a span cannot be sent as a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum DocumentError {
    /// The translator rejects the span.
    #[error("the span cannot be translated to an X-Ray document")]
    Untranslatable,
    /// The document is too large even without its optional members.
    #[error("the document is larger than {MAX_DOCUMENT_BYTES} bytes, the maximum in a datagram")]
    TooLarge,
}

impl DocumentError {
    /// The value of the attribute `error.type` in OpenTelemetry's semantic conventions.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::Untranslatable => "untranslatable_span",
            Self::TooLarge => "document_too_large",
        }
    }
}

impl Default for DocumentTranslator {
    fn default() -> Self {
        let translator = SegmentTranslator::new()
            .with_indexed_attrs(ANNOTATION_KEYS.map(str::to_owned))
            // W3C trace ids do not begin with a timestamp, and X-Ray accepts W3C trace ids.
            .skip_timestamp_validation();
        Self(translator)
    }
}

impl DocumentTranslator {
    /// Sets the resource. The attributes of the resource are part of every document.
    pub fn set_resource(&mut self, resource: &Resource) {
        let name = resource.get(&"service.name".into());
        let name = name.map_or_else(String::new, |name| name.to_string());
        let attributes = resource.iter();
        let attributes = attributes.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let resource = Resource::builder_empty()
            .with_attributes(attributes)
            .with_service_name(sanitize_service_name(&name));
        self.0.set_resource(&resource.build());
    }

    /// Translates `span` and returns the document as JSON of at most [`MAX_DOCUMENT_BYTES`].
    pub fn translate(&self, span: &mut SpanData) -> Result<Vec<u8>, DocumentError> {
        prepare_span(span);
        let documents = self.0.translate_spans(std::slice::from_ref(span));
        let document = documents.first().map(serde_json::to_value);
        let Some(Ok(Value::Object(mut document))) = document else {
            return Err(DocumentError::Untranslatable);
        };
        correct_document(&mut document, span);
        serialize_within_limit(document)
    }
}

/// Changes the attributes, the times and the status of a span so that the translator creates a valid
/// document.
fn prepare_span(span: &mut SpanData) {
    cut_long_attributes(span);
    // X-Ray rejects a document whose end time is before its start time. If the system clock is set back, the
    // end time of a span can be before its start time.
    span.end_time = span.end_time.max(span.start_time);
    if span.span_kind != SpanKind::Server {
        // The translator would convert `server.address` and `server.port` to an `sql` block.
        span.attributes.retain(|attribute| {
            !["server.address", "server.port"].contains(&attribute.key.as_str())
        });
    }
    // The translator sets `error`, `throttle` and `fault` only if the status of the span is an error. In
    // OpenTelemetry's conventions, the status of a server span with a 4xx response is unset.
    match find_integer_attribute(span, "http.response.status_code") {
        Some(400..=599) => span.status = Status::error(""),
        // A successful response without an exception is not a failure.
        Some(_) if span.events.is_empty() => span.status = Status::Unset,
        _ => {}
    }
    // The translator converts events to a `cause`. X-Ray does not allow a `cause` without `error` or `fault`.
    if !matches!(span.status, Status::Error { .. }) {
        span.events = Default::default();
    }
}

/// Cuts attributes that are longer than the translator or X-Ray allows. Clients can send values of any length.
fn cut_long_attributes(span: &mut SpanData) {
    let host_bytes = find_text_attribute(span, "server.address").map_or(0, str::len);
    let host_bytes = host_bytes.min(MAX_HOST_BYTES);
    for attribute in &mut span.attributes {
        let max_bytes = match attribute.key.as_str() {
            key if ANNOTATION_KEYS.contains(&key) => MAX_ANNOTATION_BYTES,
            "server.address" => MAX_HOST_BYTES,
            "url.path" => MAX_ATTRIBUTE_BYTES - host_bytes - "https://:65535".len(),
            _ => MAX_ATTRIBUTE_BYTES,
        };
        if let AttributeValue::String(value) = &attribute.value
            && value.as_str().len() > max_bytes
        {
            let end = value.as_str().floor_char_boundary(max_bytes);
            attribute.value = value.as_str()[..end].to_owned().into();
        }
    }
}

/// Replaces each character that X-Ray does not allow in a name with an underscore, and cuts the name to
/// [`MAX_SERVICE_NAME_BYTES`].
#[expect(clippy::expect_used, reason = "the regular expression is constant")]
fn sanitize_service_name(name: &str) -> String {
    let forbidden_character = Regex::new(FORBIDDEN_NAME_CHARACTER).expect("a valid expression");
    let mut name = forbidden_character.replace_all(name, "_").into_owned();
    name.truncate(name.floor_char_boundary(MAX_SERVICE_NAME_BYTES));
    name
}

fn correct_document(document: &mut Map<String, Value>, span: &SpanData) {
    correct_flags(document, span);
    link_exceptions(document);
    move_log_groups(document);
    // The translator also writes `service.version` and `service.namespace` as properties of Elastic Beanstalk.
    if let Some(Value::Object(aws)) = document.get_mut("aws") {
        aws.remove("elastic_beanstalk");
    }
    // The translator sets `x_forwarded_for` for every client address. The address comes from the header
    // `X-Forwarded-For` only if the span also has the peer address of the connection.
    if find_attribute(span, "network.peer.address").is_none()
        && let Some(http) = document.get_mut("http")
        && let Some(Value::Object(request)) = http.get_mut("request")
    {
        request.remove("x_forwarded_for");
    }
}

/// Corrects the flags of throttled and cancelled requests. The translator sets `error` for 4xx, `error` and
/// `throttle` for 429, and `fault` for every other failure.
fn correct_flags(document: &mut Map<String, Value>, span: &SpanData) {
    // DynamoDB reports throttling with the status 400.
    let is_throttled = find_attribute(span, "aws.throttled") == Some(&AttributeValue::Bool(true));
    if is_throttled && document.contains_key("error") {
        document.insert("throttle".to_owned(), Value::Bool(true));
    }
    // The caller causes a cancellation, so the flag is `error` instead of `fault`.
    let is_cancelled = find_text_attribute(span, "error.type")
        .is_some_and(|error_type| CANCELLED_ERROR_TYPES.contains(&error_type));
    let status = find_integer_attribute(span, "http.response.status_code");
    if is_cancelled && !matches!(status, Some(500..=599)) && document.remove("fault").is_some() {
        document.insert("error".to_owned(), Value::Bool(true));
    }
}

/// Sets the `cause` of each exception to the id of the next exception. The translator does not link exceptions.
fn link_exceptions(document: &mut Map<String, Value>) {
    let cause = document.get_mut("cause");
    let exceptions = cause.and_then(|cause| cause.get_mut("exceptions"));
    let Some(Value::Array(exceptions)) = exceptions else {
        return;
    };
    let mut cause_id = None;
    for exception in exceptions.iter_mut().rev() {
        if let Some(cause_id) = cause_id {
            exception["cause"] = cause_id;
        }
        cause_id = exception.get("id").cloned();
    }
}

/// Moves the log groups into the block `aws`, with one object for each log group. The translator writes one
/// list of log group names and one list of log group ARNs, and adds the ARNs to the list of names.
fn move_log_groups(document: &mut Map<String, Value>) {
    let Some(log_groups) = document.remove("cloudwatch_logs") else {
        return;
    };
    // A segment lists the log groups, and its subsegments do not. Only subsegments have a member `type`.
    if document.contains_key("type") {
        return;
    }
    let read_list = |key: &str| log_groups[key].as_array().cloned().unwrap_or_default();
    let build_log_object = |arn: &Value| {
        let arn = arn.as_str()?.trim_end_matches(":*");
        let (_, name) = arn.split_once(":log-group:")?;
        Some(json!({"log_group": name, "arn": arn}))
    };
    let mut logs: Vec<_> = read_list("arn")
        .iter()
        .filter_map(build_log_object)
        .collect();
    if logs.is_empty() {
        let names = read_list("log_group").into_iter();
        logs.extend(names.map(|name| json!({"log_group": name})));
    }
    let aws = document.entry("aws").or_insert_with(|| json!({}));
    aws["cloudwatch_logs"] = Value::Array(logs);
}

/// Serializes the document. Removes [`OPTIONAL_MEMBERS`] until the document fits into a datagram.
fn serialize_within_limit(mut document: Map<String, Value>) -> Result<Vec<u8>, DocumentError> {
    let mut optional_members = OPTIONAL_MEMBERS.iter();
    loop {
        let json = serde_json::to_vec(&document).map_err(|_| DocumentError::Untranslatable)?;
        if json.len() <= MAX_DOCUMENT_BYTES {
            return Ok(json);
        }
        let member = optional_members.next().ok_or(DocumentError::TooLarge)?;
        document.remove(*member);
    }
}

fn find_attribute<'a>(span: &'a SpanData, key: &str) -> Option<&'a AttributeValue> {
    let mut attributes = span.attributes.iter();
    let attribute = attributes.find(|attribute| attribute.key.as_str() == key)?;
    Some(&attribute.value)
}

fn find_text_attribute<'a>(span: &'a SpanData, key: &str) -> Option<&'a str> {
    match find_attribute(span, key)? {
        AttributeValue::String(text) => Some(text.as_str()),
        _ => None,
    }
}

fn find_integer_attribute(span: &SpanData, key: &str) -> Option<i64> {
    match find_attribute(span, key)? {
        AttributeValue::I64(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
