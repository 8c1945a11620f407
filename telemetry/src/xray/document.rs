//! One span as one X-Ray document.
//!
//! The translation is that of `opentelemetry-aws`; here its results are brought to what the X-Ray
//! guide ("Segment documents") says. Of each correction the reason stands beside it.

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{KeyValue, Value as Attribute};
use opentelemetry_aws::xray_exporter::SegmentTranslator;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value, json};

use super::daemon::MAX_DOCUMENT;

/// Attributes that people search for, which makes them annotations; a dot becomes an underscore.
const ANNOTATIONS: [&str; 4] = ["chaos.cpu_ms", "chaos.fault", "http.route", "mysfit.id"];

/// Attributes that are shown but not searched.
const METADATA: [&str; 2] = ["aws.retry_count", "error.type"];

/// Longest text in bytes that the translator takes for a part of a request; with one byte more, it
/// makes no document at all.
const MAX_TEXT: usize = 250;

/// Longest name of a service in characters.
const MAX_NAME: usize = 200;

/// Longest annotation in characters.
const MAX_ANNOTATION: usize = 1000;

/// Makes documents of spans.
#[derive(Debug)]
pub(super) struct Documents(SegmentTranslator);

impl Default for Documents {
    fn default() -> Self {
        let translator = SegmentTranslator::new()
            .with_indexed_attrs(ANNOTATIONS.map(str::to_owned))
            .with_metadata_attrs(METADATA.map(str::to_owned))
            // An id from a `traceparent` does not begin with a time; X-Ray takes it all the same.
            .skip_timestamp_validation();
        Self(translator)
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
        self.0.set_resource(&named.build());
    }

    /// The document of `span` as JSON, at most as large as a datagram carries; none where the span
    /// cannot be told in X-Ray's words.
    pub fn write(&self, span: &mut SpanData) -> Option<Vec<u8>> {
        shorten(span);
        let translated = self.0.translate_spans(std::slice::from_ref(span));
        let translated = serde_json::to_value(translated.first()?).ok()?;
        let Value::Object(mut document) = translated else {
            return None;
        };
        correct(&mut document, span);
        fit(document)
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
    // These blocks come from attributes that mean something else here.
    document.remove("sql");
    if let Some(Value::Object(aws)) = document.get_mut("aws") {
        aws.remove("elastic_beanstalk");
    }
    move_log_groups(document);
    // Metadata is kept by name space; this is the one of X-Ray's own SDKs.
    if let Some(metadata) = document.remove("metadata") {
        document.insert("metadata".to_owned(), json!({"default": metadata}));
    }
    // It is to tell that the client's address was read from a header and may be forged.
    let forwarded = attribute(span, "network.peer.address").is_some();
    if let Some(Value::Object(request)) = document
        .get_mut("http")
        .and_then(|http| http.get_mut("request"))
        && !forwarded
    {
        request.remove("x_forwarded_for");
    }
}

/// Sets the flags by the status that was answered, whatever the span's own status: 4xx is an error,
/// 429 a throttle besides, 5xx a fault.
fn flag(document: &mut Map<String, Value>, span: &SpanData) {
    // DynamoDB says it with a 400 and a code of its own.
    let throttled = attribute(span, "aws.throttled") == Some(&Attribute::Bool(true));
    let flags: &[&str] = match number(span, "http.response.status_code") {
        Some(429) => &["error", "throttle"],
        Some(400..=499) if throttled => &["error", "throttle"],
        Some(400..=499) => &["error"],
        Some(500..=599) => &["fault"],
        Some(_) => &[],
        // No answer at all. Where a request came in, it is the client who went away.
        None if !matches!(span.status, Status::Error { .. }) => &[],
        None if span.span_kind == SpanKind::Server => &["error"],
        None => &["fault"],
    };
    for flag in ["error", "throttle", "fault"] {
        document.remove(flag);
        if flags.contains(&flag) {
            document.insert(flag.to_owned(), Value::Bool(true));
        }
    }
    if flags.is_empty() {
        document.remove("cause");
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
        let name = arn.as_str()?.split(":log-group:").nth(1)?;
        Some(json!({"log_group": name.trim_end_matches(":*"), "arn": arn}))
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
    for spared in ["", "metadata", "cause", "annotations", "aws"] {
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
