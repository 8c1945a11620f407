//! One span as one X-Ray document.
//!
//! The translation is that of `opentelemetry-aws`. What it is given and what it makes are brought here
//! to what the X-Ray guide ("Segment documents") says; of each correction the reason stands beside it.
//! Most documents come out right, and are written as they are: taking one apart costs as much as
//! making it.

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{KeyValue, Value as Attribute};
use opentelemetry_aws::xray_exporter::SegmentTranslator;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::daemon::MAX_DOCUMENT;

/// Attributes that people search for, which makes them annotations; a dot becomes an underscore.
const ANNOTATIONS: [&str; 6] = [
    "aws.retry_count",
    "chaos.cpu_ms",
    "chaos.fault",
    "error.type",
    "http.route",
    "mysfit.id",
];

/// Values of `error.type` that say that the caller of a span did not wait for its end.
const GIVEN_UP: [&str; 3] = ["cancelled", "client_disconnected", "client_stalled"];

/// What the translator says of each client whose address it knows. It is to tell that the address was
/// read from a header and may be forged.
const FORWARDED: &[u8] = br#","x_forwarded_for":true"#;

/// Longest text in bytes that the translator takes for a part of a request; with one byte more, it
/// makes no document at all.
const MAX_TEXT: usize = 250;

/// Longest name of a service in characters.
const MAX_NAME: usize = 200;

/// Longest annotation in characters.
const MAX_ANNOTATION: usize = 1000;

/// Makes documents of spans.
#[derive(Debug)]
pub(super) struct Documents {
    translator: SegmentTranslator,
    /// The resource has attributes that the translator puts into the wrong place.
    resource_misleads: bool,
}

/// Why a span makes no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum NoDocument {
    /// The translator refuses the span.
    #[error("X-Ray has no form for the span")]
    Untranslatable,
    /// What cannot be left out is larger than a datagram.
    #[error("the document is larger than {MAX_DOCUMENT} bytes, the most that a datagram carries")]
    TooLarge,
}

impl NoDocument {
    /// `error.type` of the semantic conventions.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::Untranslatable => "untranslatable_span",
            Self::TooLarge => "document_too_large",
        }
    }
}

impl Default for Documents {
    fn default() -> Self {
        let translator = SegmentTranslator::new()
            .with_indexed_attrs(ANNOTATIONS.map(str::to_owned))
            // An id from a `traceparent` does not begin with a time; X-Ray takes it all the same.
            .skip_timestamp_validation();
        Self {
            translator,
            resource_misleads: false,
        }
    }
}

impl Documents {
    pub fn set_resource(&mut self, resource: &Resource) {
        let name = resource.get(&"service.name".into());
        let name = name.map_or_else(String::new, |name| name.to_string());
        let attributes = resource.iter();
        let attributes = attributes.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let named = Resource::builder_empty()
            .with_attributes(attributes)
            .with_service_name(permitted(&name));
        self.translator.set_resource(&named.build());
        self.resource_misleads = [
            "service.version",
            "aws.log.group.names",
            "aws.log.group.arns",
        ]
        .iter()
        .any(|key| resource.get(&(*key).into()).is_some());
    }

    /// Writes the document of `span` behind what is in `datagram` already, at most as large as a
    /// datagram carries.
    pub fn write(&self, span: &mut SpanData, datagram: &mut Vec<u8>) -> Result<(), NoDocument> {
        prepare(span);
        let documents = self.translator.translate_spans(std::slice::from_ref(span));
        let document = documents.first().ok_or(NoDocument::Untranslatable)?;
        let start = datagram.len();
        if !self.resource_misleads && !misleads(span) {
            document.to_writer(&mut *datagram);
            if !is_forwarded(span) {
                strike(FORWARDED, datagram, start);
            }
            if datagram.len() - start <= MAX_DOCUMENT {
                return Ok(());
            }
            datagram.truncate(start);
        }
        let Ok(Value::Object(mut document)) = serde_json::to_value(document) else {
            return Err(NoDocument::Untranslatable);
        };
        correct(&mut document, span);
        datagram.extend_from_slice(&fit(document).ok_or(NoDocument::TooLarge)?);
        Ok(())
    }
}

/// Gives the translator what it makes the right document of.
fn prepare(span: &mut SpanData) {
    shorten(span);
    // X-Ray refuses an end before the start, which a clock that is set back gives.
    span.end_time = span.end_time.max(span.start_time);
    if span.span_kind != SpanKind::Server {
        // It would take them for those of a database.
        let database = ["server.address", "server.port"];
        let attributes = &mut span.attributes;
        attributes.retain(|attribute| !database.contains(&attribute.key.as_str()));
    }
    // It sets flags only where the span's own status is an error; by the conventions, a server's span
    // has none for 4xx.
    match number(span, "http.response.status_code") {
        Some(400..=599) => span.status = Status::error(""),
        // Nothing would explain a flag.
        Some(_) if span.events.is_empty() => span.status = Status::Unset,
        _ => {}
    }
    // A cause without a flag would cost the document.
    if !matches!(span.status, Status::Error { .. }) {
        span.events = Default::default();
    }
}

/// Whether the translator cannot get this one right.
fn misleads(span: &SpanData) -> bool {
    failed_otherwise(span) || attribute(span, "aws.throttled").is_some() || !span.events.is_empty()
}

/// Whether the span failed though no answer, or one of success, says so.
fn failed_otherwise(span: &SpanData) -> bool {
    let status = number(span, "http.response.status_code");
    matches!(span.status, Status::Error { .. }) && !matches!(status, Some(400..=599))
}

/// Whether a header spoke for the client; only then is the peer named too.
fn is_forwarded(span: &SpanData) -> bool {
    attribute(span, "network.peer.address").is_some()
}

/// Removes `text`, which stands there once at most: no quotation mark within a JSON string comes
/// without a backslash before it.
fn strike(text: &[u8], datagram: &mut Vec<u8>, start: usize) {
    let mut places = datagram[start..].windows(text.len());
    if let Some(place) = places.position(|window| window == text) {
        let place = start + place;
        datagram.drain(place..place + text.len());
    }
}

/// A name as X-Ray takes it: at most 200 characters, each a letter, a digit, a space or one of these.
fn permitted(name: &str) -> String {
    let is_right = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/%&#=+-@".contains(c);
    let name = name.chars().take(MAX_NAME);
    name.map(|c| if is_right(c) { c } else { '_' }).collect()
}

/// Cuts what clients choose the length of.
fn shorten(span: &mut SpanData) {
    let host = text(span, "server.address").map_or(0, str::len).min(100);
    for attribute in &mut span.attributes {
        let most = match attribute.key.as_str() {
            key if ANNOTATIONS.contains(&key) => MAX_ANNOTATION,
            "server.address" => 100,
            // The translator puts scheme, host, port and path together before it counts.
            "url.path" => MAX_TEXT - host - "https://:65535".len(),
            _ => MAX_TEXT,
        };
        if let Attribute::String(value) = &attribute.value
            && value.as_str().len() > most
        {
            let end = value.as_str().floor_char_boundary(most);
            attribute.value = value.as_str()[..end].to_owned().into();
        }
    }
}

fn correct(document: &mut Map<String, Value>, span: &SpanData) {
    flag(document, span);
    link_causes(document);
    // It belongs to a platform that has versions of its own.
    if let Some(Value::Object(aws)) = document.get_mut("aws") {
        aws.remove("elastic_beanstalk");
    }
    move_log_groups(document);
    let request = document
        .get_mut("http")
        .and_then(|http| http.get_mut("request"));
    if let Some(Value::Object(request)) = request
        && !is_forwarded(span)
    {
        request.remove("x_forwarded_for");
    }
}

/// Sets the flags by what was answered: 4xx is an error, 429 a throttle besides, 5xx a fault. Any other
/// failure is a fault, unless the caller gave up.
fn flag(document: &mut Map<String, Value>, span: &SpanData) {
    // DynamoDB says it with a 400 and a code of its own.
    let throttled = attribute(span, "aws.throttled") == Some(&Attribute::Bool(true));
    let given_up = text(span, "error.type").is_some_and(|kind| GIVEN_UP.contains(&kind));
    let flags: &[&str] = match number(span, "http.response.status_code") {
        Some(429) => &["error", "throttle"],
        Some(400..=499) if throttled => &["error", "throttle"],
        Some(400..=499) => &["error"],
        Some(500..=599) => &["fault"],
        _ if !failed_otherwise(span) => &[],
        _ if given_up => &["error"],
        _ => &["fault"],
    };
    for flag in ["error", "throttle", "fault"] {
        document.remove(flag);
        if flags.contains(&flag) {
            document.insert(flag.to_owned(), Value::Bool(true));
        }
    }
}

/// Links each exception to the next one, which is its cause.
fn link_causes(document: &mut Map<String, Value>) {
    let exceptions = document
        .get_mut("cause")
        .and_then(|cause| cause.get_mut("exceptions"));
    let Some(Value::Array(exceptions)) = exceptions else {
        return;
    };
    let mut cause = None;
    for exception in exceptions.iter_mut().rev() {
        if let Some(cause) = cause {
            exception["cause"] = cause;
        }
        cause = exception.get("id").cloned();
    }
}

/// Log groups belong into the block `aws`, one object for each; the translator writes their ARNs as
/// their names, too.
fn move_log_groups(document: &mut Map<String, Value>) {
    let Some(groups) = document.remove("cloudwatch_logs") else {
        return;
    };
    // They are the segment's; its subsegments need not say so again.
    if document.contains_key("type") {
        return;
    }
    let list = |key: &str| groups[key].as_array().cloned().unwrap_or_default();
    let log = |arn: &Value| {
        let arn = arn.as_str()?.trim_end_matches(":*");
        let (_, name) = arn.split_once(":log-group:")?;
        Some(json!({"log_group": name, "arn": arn}))
    };
    let mut logs: Vec<_> = list("arn").iter().filter_map(log).collect();
    if logs.is_empty() {
        logs.extend(
            list("log_group")
                .iter()
                .map(|name| json!({"log_group": name})),
        );
    }
    let aws = document.entry("aws").or_insert_with(|| json!({}));
    aws["cloudwatch_logs"] = Value::Array(logs);
}

/// Leaves out what can be spared until the document fits: first what nobody searches for.
fn fit(mut document: Map<String, Value>) -> Option<Vec<u8>> {
    for spared in ["", "cause", "annotations", "aws"] {
        document.remove(spared);
        let bytes = serde_json::to_vec(&document).ok()?;
        if bytes.len() <= MAX_DOCUMENT {
            return Some(bytes);
        }
    }
    None
}

#[cfg(test)]
mod tests;

fn attribute<'a>(span: &'a SpanData, key: &str) -> Option<&'a Attribute> {
    let found = |attribute: &&KeyValue| attribute.key.as_str() == key;
    span.attributes
        .iter()
        .find(found)
        .map(|attribute| &attribute.value)
}

fn text<'a>(span: &'a SpanData, key: &str) -> Option<&'a str> {
    match attribute(span, key)? {
        Attribute::String(text) => Some(text.as_str()),
        _ => None,
    }
}

fn number(span: &SpanData, key: &str) -> Option<i64> {
    match attribute(span, key)? {
        Attribute::I64(number) => Some(*number),
        _ => None,
    }
}
