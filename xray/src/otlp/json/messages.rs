//! The messages of OTLP's traces, field by field in the order of their `.proto` files.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::fields::{Fields, Message};

impl Message for Resource {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            attributes: fields.messages("attributes")?,
            dropped_attributes_count: fields.integer("droppedAttributesCount")?,
            entity_refs: fields.messages("entityRefs")?,
        })
    }
}

impl Message for EntityRef {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            schema_url: fields.text("schemaUrl")?,
            r#type: fields.text("type")?,
            id_keys: fields.texts("idKeys")?,
            description_keys: fields.texts("descriptionKeys")?,
        })
    }
}

impl Message for InstrumentationScope {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            name: fields.text("name")?,
            version: fields.text("version")?,
            attributes: fields.messages("attributes")?,
            dropped_attributes_count: fields.integer("droppedAttributesCount")?,
        })
    }
}

impl Message for Span {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            trace_id: fields.id("traceId")?,
            span_id: fields.id("spanId")?,
            trace_state: fields.text("traceState")?,
            parent_span_id: fields.id("parentSpanId")?,
            flags: fields.integer("flags")?,
            name: fields.text("name")?,
            kind: fields.enumeration("kind")?,
            start_time_unix_nano: fields.integer("startTimeUnixNano")?,
            end_time_unix_nano: fields.integer("endTimeUnixNano")?,
            attributes: fields.messages("attributes")?,
            dropped_attributes_count: fields.integer("droppedAttributesCount")?,
            events: fields.messages("events")?,
            dropped_events_count: fields.integer("droppedEventsCount")?,
            links: fields.messages("links")?,
            dropped_links_count: fields.integer("droppedLinksCount")?,
            status: fields.message("status")?,
        })
    }
}

impl Message for Event {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            time_unix_nano: fields.integer("timeUnixNano")?,
            name: fields.text("name")?,
            attributes: fields.messages("attributes")?,
            dropped_attributes_count: fields.integer("droppedAttributesCount")?,
        })
    }
}

impl Message for Link {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            trace_id: fields.id("traceId")?,
            span_id: fields.id("spanId")?,
            trace_state: fields.text("traceState")?,
            attributes: fields.messages("attributes")?,
            dropped_attributes_count: fields.integer("droppedAttributesCount")?,
            flags: fields.integer("flags")?,
        })
    }
}

impl Message for Status {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            message: fields.text("message")?,
            code: fields.enumeration("code")?,
        })
    }
}

impl Message for KeyValue {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            key: fields.text("key")?,
            value: fields.message("value")?,
            key_strindex: fields.integer("keyStrindex")?,
        })
    }
}

impl Message for ArrayValue {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            values: fields.messages("values")?,
        })
    }
}

impl Message for KeyValueList {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            values: fields.messages("values")?,
        })
    }
}

/// A way to read one member of the `oneof` in `AnyValue`.
type Member = fn(&mut Fields, &str) -> Result<Any, String>;

const MEMBERS: [(&str, Member); 8] = [
    ("stringValue", |it, name| {
        it.text(name).map(Any::StringValue)
    }),
    ("boolValue", |it, name| it.flag(name).map(Any::BoolValue)),
    ("intValue", |it, name| it.integer(name).map(Any::IntValue)),
    ("doubleValue", |it, name| {
        it.double(name).map(Any::DoubleValue)
    }),
    ("arrayValue", |it, name| {
        Ok(Any::ArrayValue(it.message(name)?.unwrap_or_default()))
    }),
    ("kvlistValue", |it, name| {
        Ok(Any::KvlistValue(it.message(name)?.unwrap_or_default()))
    }),
    ("bytesValue", |it, name| it.bytes(name).map(Any::BytesValue)),
    ("stringValueStrindex", |it, name| {
        it.integer(name).map(Any::StringValueStrindex)
    }),
];

impl Message for AnyValue {
    fn read(fields: &mut Fields) -> Result<Self, String> {
        let mut set = MEMBERS.iter().filter(|(name, _)| fields.has(name));
        match (set.next(), set.next()) {
            (None, _) => Ok(Self { value: None }),
            (Some((name, member)), None) => Ok(Self {
                value: Some(member(fields, name)?),
            }),
            (Some((first, _)), Some((second, _))) => {
                Err(format!(": {first} and {second} exclude each other"))
            }
        }
    }
}
