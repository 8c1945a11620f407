//! One span as one document, or as two.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::{blocks, cause, local_root, name};
use crate::id::SegmentId;

/// The documents of `span`; none where its ids have not the right length.
pub fn documents(span: &Span, resource: &[KeyValue]) -> Option<Vec<Value>> {
    let attributes = Attributes::new(&span.attributes);
    if attributes.text(&["aws.span.kind"]) == Some("LOCAL_ROOT") {
        return local_root::documents(span, resource);
    }
    // Eight zeros are no parent.
    let has_parent = hexadecimal(&span.parent_span_id, 8).is_some();
    let is_part = span.kind() != SpanKind::Server && has_parent;
    Some(vec![document(span, resource, is_part)?])
}

/// The document of `span`, as a segment or as a part of one.
pub fn document(span: &Span, resource: &[KeyValue], is_part: bool) -> Option<Value> {
    let trace = trace_id(&span.trace_id)?;
    let id = hexadecimal(&span.span_id, 8)?;
    let segment_id: SegmentId = id.parse().ok()?;
    let parent = hexadecimal(&span.parent_span_id, 8);
    let resource = Attributes::new(resource);
    let mut attributes = Attributes::new(&span.attributes);
    let mut document = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            document.insert(key.to_owned(), value);
        }
    };
    put("trace_id", Some(trace.into()));
    put("id", Some(id.into()));
    put("name", Some(name::of(span, &attributes, &resource).into()));
    put("parent_id", parent.map(Value::from));
    put("type", is_part.then(|| "subsegment".into()));
    put("start_time", Some(seconds(span.start_time_unix_nano)));
    put("end_time", Some(seconds(span.end_time_unix_nano)));
    put("namespace", namespace(span, &attributes).map(Value::from));
    put(
        "origin",
        blocks::origin(&resource)
            .filter(|_| !is_part)
            .map(Value::from),
    );
    for flag in flags(span, &attributes) {
        put(flag, Some(true.into()));
    }
    put("cause", cause::of(span, segment_id, &attributes, &resource));
    put("links", links(span));
    put("http", blocks::http(span, &mut attributes));
    put("aws", blocks::aws(&mut attributes, &resource));
    put("sql", blocks::sql(span, &mut attributes));
    let version = resource.text(&["service.version"]);
    put(
        "service",
        version.map(|version| json!({ "version": version })),
    );
    put(
        "user",
        attributes
            .take_text(&["enduser.id", "user.id"])
            .map(Value::from),
    );
    attributes.remove(&["aws.xray.annotations"]);
    let (annotations, others): (Vec<_>, Vec<_>) = attributes
        .iter()
        .partition(|(_, value)| !(value.is_array() || value.is_object() || value.is_null()));
    let object = |pairs: Vec<(&str, Value)>, key: fn(&str) -> String| -> Option<Value> {
        let pairs = pairs.into_iter().map(|(name, value)| (key(name), value));
        let object: Map<_, _> = pairs.collect();
        (!object.is_empty()).then_some(Value::Object(object))
    };
    put("annotations", object(annotations, annotation_key));
    let mut kept = object(others, str::to_owned).unwrap_or_else(|| json!({}));
    if !is_part {
        for (key, value) in resource.iter() {
            kept[format!("otel.resource.{key}")] = value;
        }
    }
    let has_more = kept.as_object().is_some_and(|kept| !kept.is_empty());
    put("metadata", has_more.then(|| json!({ "default": kept })));
    Some(Value::Object(document))
}

/// Traces and spans that this one has to do with.
fn links(span: &Span) -> Option<Value> {
    let link = |link: &Link| {
        let mut told = json!({
            "trace_id": trace_id(&link.trace_id)?,
            "id": hexadecimal(&link.span_id, 8)?,
        });
        let attributes: Map<_, _> = Attributes::new(&link.attributes)
            .iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        if !attributes.is_empty() {
            told["attributes"] = Value::Object(attributes);
        }
        Some(told)
    };
    let links: Vec<_> = span.links.iter().filter_map(link).collect();
    (!links.is_empty()).then_some(Value::Array(links))
}

/// Sets flags by the status that was answered; without one, by what the program says.
fn flags(span: &Span, attributes: &Attributes<'_>) -> &'static [&'static str] {
    match attributes.number(&blocks::STATUS) {
        Some(429) => &["error", "throttle"],
        Some(400..=499) => &["error"],
        Some(500..=599) => &["fault"],
        _ if blocks::is_error(span) => &["fault"],
        _ => &[],
    }
}

fn namespace(span: &Span, attributes: &Attributes<'_>) -> Option<&'static str> {
    let calls = matches!(
        span.kind(),
        SpanKind::Client | SpanKind::Consumer | SpanKind::Producer
    );
    match span.kind() {
        _ if name::is_aws(attributes) => Some("aws"),
        SpanKind::Client => Some("remote"),
        _ if calls && attributes.text(&["aws.remote.service"]).is_some() => Some("remote"),
        _ => None,
    }
}

fn trace_id(bytes: &[u8]) -> Option<String> {
    let id = hexadecimal(bytes, 16)?;
    Some(format!("1-{}-{}", &id[..8], &id[8..]))
}

fn hexadecimal(bytes: &[u8], length: usize) -> Option<String> {
    let is_id = bytes.len() == length && bytes.iter().any(|byte| *byte != 0);
    is_id.then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn seconds(nanoseconds: u64) -> Value {
    json!(nanoseconds as f64 / 1e9)
}

/// Letters, digits and dots; anything else becomes an underscore.
fn annotation_key(key: &str) -> String {
    let is_permitted = |c: char| c.is_ascii_alphanumeric() || c == '.';
    key.chars()
        .map(|c| if is_permitted(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
    use opentelemetry_proto::tonic::trace::v1::Status;
    use opentelemetry_proto::tonic::trace::v1::span::Event;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::{Config, Xray};

    const KEYS: [&str; 32] = [
        "http.request.method",
        "http.status_code",
        "http.response.status_code",
        "url.full",
        "url.path",
        "http.host",
        "server.address",
        "server.port",
        "client.address",
        "net.peer.ip",
        "user_agent.original",
        "rpc.system",
        "rpc.service",
        "rpc.method",
        "aws.table.name",
        "aws.dynamodb.table_names",
        "aws.account_id",
        "db.system",
        "db.name",
        "db.connection_string",
        "peer.service",
        "service.name",
        "enduser.id",
        "aws.span.kind",
        "aws.local.service",
        "aws.remote.service",
        "cloud.provider",
        "cloud.platform",
        "exception.type",
        "exception.stacktrace",
        "telemetry.sdk.language",
        "own.key",
    ];

    fn values() -> impl Strategy<Value = Any> {
        let texts = select(vec![
            "aws-api",
            "LOCAL_ROOT",
            "mysql",
            "aws",
            "aws_ecs",
            "java",
            "python",
            "://",
            "",
            "é?\u{0}",
        ]);
        prop_oneof![
            any::<String>().prop_map(Any::StringValue),
            texts.prop_map(|text| Any::StringValue(text.to_owned())),
            any::<i64>().prop_map(Any::IntValue),
            any::<f64>().prop_map(Any::DoubleValue),
            any::<bool>().prop_map(Any::BoolValue),
            any::<String>().prop_map(|text| Any::ArrayValue(ArrayValue {
                values: vec![AnyValue {
                    value: Some(Any::StringValue(text))
                }],
            })),
            any::<Vec<u8>>().prop_map(Any::BytesValue),
        ]
    }

    fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
        let pair = (select(&KEYS[..]), values()).prop_map(|(key, value)| KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
        vec(pair, 0..8)
    }

    proptest! {
        #[test]
        fn whatever_a_span_says_makes_documents_that_are_taken(
            (name, kind, parent) in (any::<String>(), 0_i32..7, prop_oneof![Just(vec![]), vec(1_u8.., 8), any::<Vec<u8>>()]),
            (said, resource, event) in (attributes(), attributes(), attributes()),
            (start, took) in (0_u64..2_000_000_000, any::<u32>()),
            code in 0_i32..4,
        ) {
            let span = Span {
                trace_id: vec![7; 16],
                span_id: vec![8; 8],
                parent_span_id: parent,
                name,
                kind,
                start_time_unix_nano: start * 1_000_000_000,
                end_time_unix_nano: start * 1_000_000_000 + u64::from(took),
                attributes: said,
                events: vec![Event { name: "exception".to_owned(), attributes: event, ..Event::default() }],
                status: Some(Status { message: "it broke".to_owned(), code }),
                ..Span::default()
            };
            let xray = Xray::new(Config::default());
            for document in documents(&span, &resource).unwrap() {
                prop_assert_eq!(xray.put(&document.to_string()), []);
            }
        }
    }
}
