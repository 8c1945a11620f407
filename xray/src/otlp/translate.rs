//! Translates a span into a document, or into two.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use serde_json::{Map, Value, json};

use super::attributes::{Attributes, object};
use super::{annotations, aws, cause, http, local_root, name, sql};
use crate::id::SegmentId;

/// Set by the collector's receiver of X-Ray segments: whether the segment is in progress.
const IN_PROGRESS: &str = "aws.xray.inprogress";

/// The documents of `span`.
///
/// # Errors
///
/// When an id has not the right length.
pub fn documents(span: &Span, resource: &[KeyValue]) -> Result<Vec<Value>, String> {
    let mut documents = match local_root::is(&Attributes::new(&span.attributes)) {
        true => local_root::documents(span, resource)?,
        false => vec![document(span, resource)?],
    };
    // The service graph takes the origin of a subsegment for the type of the called node.
    for document in documents.iter_mut().filter_map(Value::as_object_mut) {
        if document.contains_key("type") {
            document.remove("origin");
        }
    }
    Ok(documents)
}

/// The document of `span`: a segment if it has no parent or is the span of a server or a consumer, else a
/// subsegment.
///
/// # Errors
///
/// When an id has not the right length.
pub fn document(span: &Span, resource: &[KeyValue]) -> Result<Value, String> {
    let (trace, id, parent) = ids(span)?;
    let segment_id: SegmentId = id.parse().map_err(|()| "spanId is not 8 bytes")?;
    let begins = matches!(span.kind(), SpanKind::Server | SpanKind::Consumer);
    let is_part = parent.is_some() && !begins;
    let resource = Attributes::new(resource);
    let mut attributes = Attributes::new(&span.attributes);
    let in_progress = attributes.flag(IN_PROGRESS);
    if in_progress.is_some() {
        attributes.remove(&[IN_PROGRESS]);
    }
    let is_open = in_progress == Some(true);
    let mut rest = attributes.clone();
    let (name, namespace) = name::of(span, &attributes, &resource);
    let version = resource.text(&["service.version", "container.image.tag"]);
    let mut document = object([
        ("trace_id", Some(trace.into())),
        ("id", Some(id.into())),
        ("name", Some(name.into())),
        ("parent_id", parent.map(Value::from)),
        ("type", is_part.then(|| "subsegment".into())),
        ("start_time", Some(seconds(span.start_time_unix_nano))),
        (
            "end_time",
            (!is_open).then(|| seconds(span.end_time_unix_nano)),
        ),
        ("in_progress", is_open.then(|| true.into())),
        ("namespace", namespace.map(Value::from)),
        ("origin", aws::origin(&resource).map(Value::from)),
        (
            "service",
            version.map(|version| json!({ "version": version })),
        ),
        ("links", links(span)),
        ("http", http::block(span, &attributes, &mut rest)),
        (
            "cause",
            cause::block(span, segment_id, &attributes, &resource, &mut rest),
        ),
        ("aws", aws::block(&attributes, &resource, &mut rest)),
        ("sql", sql::block(span, &attributes, &mut rest)),
    ]);
    let flags = cause::flags(span, &attributes).iter();
    document.extend(flags.map(|flag| ((*flag).to_owned(), true.into())));
    let resource = (!is_part).then_some(&resource);
    document.extend(object(annotations::fields(rest, resource)));
    Ok(Value::Object(document))
}

/// Whether `span` has ids that make a document.
///
/// # Errors
///
/// When an id has not the right length.
pub fn check_ids(span: &Span) -> Result<(), &'static str> {
    ids(span).map(|_| ())
}

/// The ids of the trace, the span and its parent. Eight zeros mean no parent, as an empty id does.
fn ids(span: &Span) -> Result<(String, String, Option<String>), &'static str> {
    let trace =
        trace_id(&span.trace_id).ok_or("traceId is not 16 bytes, or all of them are zero")?;
    let id =
        hexadecimal(&span.span_id, 8).ok_or("spanId is not 8 bytes, or all of them are zero")?;
    match span.parent_span_id.len() {
        0 | 8 => Ok((trace, id, hexadecimal(&span.parent_span_id, 8))),
        _ => Err("parentSpanId is not 8 bytes"),
    }
}

/// The linked spans. Links without valid ids are left out.
fn links(span: &Span) -> Option<Value> {
    let link = |link: &Link| {
        let attributes: Map<_, _> = Attributes::new(&link.attributes)
            .iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        Some(object([
            ("trace_id", Some(trace_id(&link.trace_id)?.into())),
            ("id", Some(hexadecimal(&link.span_id, 8)?.into())),
            (
                "attributes",
                (!attributes.is_empty()).then_some(Value::Object(attributes)),
            ),
        ]))
    };
    let links: Vec<_> = span.links.iter().filter_map(link).collect();
    (!links.is_empty()).then(|| json!(links))
}

fn trace_id(bytes: &[u8]) -> Option<String> {
    let id = hexadecimal(bytes, 16)?;
    Some(format!("1-{}-{}", &id[..8], &id[8..]))
}

/// An id in hexadecimal digits; none if it has another length, or if it is all zeros.
pub fn hexadecimal(bytes: &[u8], length: usize) -> Option<String> {
    let is_id = bytes.len() == length && bytes.iter().any(|byte| *byte != 0);
    is_id.then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn seconds(nanoseconds: u64) -> Value {
    json!(nanoseconds as f64 / 1e9)
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

    const KEYS: [&str; 42] = [
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
        "url.query",
        "http.status_text",
        "network.peer.address",
        "message.type",
        "messaging.message_payload_size_bytes",
        "service.peer.name",
        "aws.xray.inprogress",
        "aws.log.group.names",
        "host.id",
        "k8s.cluster.name",
    ];

    fn values() -> impl Strategy<Value = Any> {
        let texts = select(vec![
            "aws-api",
            "LOCAL_ROOT",
            "RECEIVED",
            "::1",
            "jdbc:mysql://[::1]:1/a?b",
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
        let keys = prop_oneof![
            9 => select(&KEYS[..]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        let pair = (keys, values()).prop_map(|(key, value)| KeyValue {
            key,
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
        vec(pair, 0..8)
    }

    proptest! {
        #[test]
        fn any_span_makes_documents_that_the_store_accepts(
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
            let is_id = matches!(span.parent_span_id.len(), 0 | 8);
            let documents = documents(&span, &resource);
            prop_assert_eq!(documents.is_ok(), is_id);
            for document in documents.unwrap_or_default() {
                prop_assert_eq!(xray.put(&document.to_string()), []);
            }
        }
    }
}
