//! Translates an OpenTelemetry span into X-Ray documents.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use super::attributes::Attributes;
use super::{local_root, segment};

/// Translates `span` into one document, or into two documents if `span` is a local root that is a call.
///
/// # Errors
///
/// Fails if an id of the span is invalid.
pub fn translate_span(span: &Span, resource: &[KeyValue]) -> Result<Vec<Value>, String> {
    let mut documents = if Attributes::new(&span.attributes).is_local_root() {
        local_root::build_documents(span, resource)?
    } else {
        vec![segment::build_document(span, resource)?]
    };
    // The service graph uses the `origin` of a subsegment as the type of the callee. The `origin` that is
    // built from a span describes the caller. Subsegments must therefore not contain the `origin` of the
    // caller.
    for document in documents.iter_mut().filter_map(Value::as_object_mut) {
        if document.contains_key("type") {
            document.remove("origin");
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
    use opentelemetry_proto::tonic::trace::v1::Status;
    use opentelemetry_proto::tonic::trace::v1::span::Event;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::{Config, Xray};

    const ATTRIBUTE_KEYS: [&str; 42] = [
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
        "custom.key",
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

    fn any_attribute_value() -> impl Strategy<Value = OtlpValue> {
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
            any::<String>().prop_map(OtlpValue::StringValue),
            texts.prop_map(|text| OtlpValue::StringValue(text.to_owned())),
            any::<i64>().prop_map(OtlpValue::IntValue),
            any::<f64>().prop_map(OtlpValue::DoubleValue),
            any::<bool>().prop_map(OtlpValue::BoolValue),
            any::<String>().prop_map(|text| OtlpValue::ArrayValue(ArrayValue {
                values: vec![AnyValue {
                    value: Some(OtlpValue::StringValue(text))
                }],
            })),
            any::<Vec<u8>>().prop_map(OtlpValue::BytesValue),
        ]
    }

    fn any_attributes() -> impl Strategy<Value = Vec<KeyValue>> {
        let keys = prop_oneof![
            9 => select(&ATTRIBUTE_KEYS[..]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        let pair = (keys, any_attribute_value()).prop_map(|(key, value)| KeyValue {
            key,
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
        vec(pair, 0..8)
    }

    proptest! {
        #[test]
        fn any_span_makes_documents_that_the_store_accepts(
            (name, kind, parent_span_id) in (any::<String>(), 0_i32..7, prop_oneof![Just(vec![]), vec(1_u8.., 8), any::<Vec<u8>>()]),
            (attributes, resource, event_attributes) in (any_attributes(), any_attributes(), any_attributes()),
            (start_seconds, duration_nanos) in (0_u64..2_000_000_000, any::<u32>()),
            status_code in 0_i32..4,
        ) {
            let span = Span {
                trace_id: vec![7; 16],
                span_id: vec![8; 8],
                parent_span_id,
                name,
                kind,
                start_time_unix_nano: start_seconds * 1_000_000_000,
                end_time_unix_nano: start_seconds * 1_000_000_000 + u64::from(duration_nanos),
                attributes,
                events: vec![Event {
                    name: "exception".to_owned(),
                    attributes: event_attributes,
                    ..Event::default()
                }],
                status: Some(Status { message: "connection refused".to_owned(), code: status_code }),
                ..Span::default()
            };
            let xray = Xray::new(Config::default());
            let has_valid_parent_id = matches!(span.parent_span_id.len(), 0 | 8);
            let documents = translate_span(&span, &resource);
            prop_assert_eq!(documents.is_ok(), has_valid_parent_id);
            for document in documents.unwrap_or_default() {
                prop_assert_eq!(xray.put_document(&document.to_string()), []);
            }
        }
    }
}
