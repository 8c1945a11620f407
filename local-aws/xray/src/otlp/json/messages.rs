//! Decodes the messages of OTLP traces. The code lists the fields of a message in the order of the `.proto`
//! files.

use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::fields::{Fields, Message};

impl Message for Resource {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            attributes: fields.take_messages("attributes")?,
            dropped_attributes_count: fields.take_integer("droppedAttributesCount")?,
            entity_refs: fields.take_messages("entityRefs")?,
        })
    }
}

impl Message for EntityRef {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            schema_url: fields.take_string("schemaUrl")?,
            r#type: fields.take_string("type")?,
            id_keys: fields.take_strings("idKeys")?,
            description_keys: fields.take_strings("descriptionKeys")?,
        })
    }
}

impl Message for InstrumentationScope {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            name: fields.take_string("name")?,
            version: fields.take_string("version")?,
            attributes: fields.take_messages("attributes")?,
            dropped_attributes_count: fields.take_integer("droppedAttributesCount")?,
        })
    }
}

impl Message for Span {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            trace_id: fields.take_id("traceId")?,
            span_id: fields.take_id("spanId")?,
            trace_state: fields.take_string("traceState")?,
            parent_span_id: fields.take_id("parentSpanId")?,
            flags: fields.take_integer("flags")?,
            name: fields.take_string("name")?,
            kind: fields.take_enum_number("kind")?,
            start_time_unix_nano: fields.take_integer("startTimeUnixNano")?,
            end_time_unix_nano: fields.take_integer("endTimeUnixNano")?,
            attributes: fields.take_messages("attributes")?,
            dropped_attributes_count: fields.take_integer("droppedAttributesCount")?,
            events: fields.take_messages("events")?,
            dropped_events_count: fields.take_integer("droppedEventsCount")?,
            links: fields.take_messages("links")?,
            dropped_links_count: fields.take_integer("droppedLinksCount")?,
            status: fields.take_message("status")?,
        })
    }
}

impl Message for Event {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            time_unix_nano: fields.take_integer("timeUnixNano")?,
            name: fields.take_string("name")?,
            attributes: fields.take_messages("attributes")?,
            dropped_attributes_count: fields.take_integer("droppedAttributesCount")?,
        })
    }
}

impl Message for Link {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            trace_id: fields.take_id("traceId")?,
            span_id: fields.take_id("spanId")?,
            trace_state: fields.take_string("traceState")?,
            attributes: fields.take_messages("attributes")?,
            dropped_attributes_count: fields.take_integer("droppedAttributesCount")?,
            flags: fields.take_integer("flags")?,
        })
    }
}

impl Message for Status {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            message: fields.take_string("message")?,
            code: fields.take_enum_number("code")?,
        })
    }
}

impl Message for KeyValue {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            key: fields.take_string("key")?,
            value: fields.take_message("value")?,
            key_strindex: fields.take_integer("keyStrindex")?,
        })
    }
}

impl Message for ArrayValue {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            values: fields.take_messages("values")?,
        })
    }
}

impl Message for KeyValueList {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        Ok(Self {
            values: fields.take_messages("values")?,
        })
    }
}

type DecodeMember = fn(&mut Fields, &str) -> Result<OtlpValue, String>;

/// The members of the `oneof` in `AnyValue`.
const ANY_VALUE_MEMBERS: [(&str, DecodeMember); 8] = [
    ("stringValue", |fields, name| {
        fields.take_string(name).map(OtlpValue::StringValue)
    }),
    ("boolValue", |fields, name| {
        fields.take_bool(name).map(OtlpValue::BoolValue)
    }),
    ("intValue", |fields, name| {
        fields.take_integer(name).map(OtlpValue::IntValue)
    }),
    ("doubleValue", |fields, name| {
        fields.take_double(name).map(OtlpValue::DoubleValue)
    }),
    ("arrayValue", |fields, name| {
        let array = fields.take_message(name)?;
        Ok(OtlpValue::ArrayValue(array.unwrap_or_default()))
    }),
    ("kvlistValue", |fields, name| {
        let key_value_list = fields.take_message(name)?;
        Ok(OtlpValue::KvlistValue(key_value_list.unwrap_or_default()))
    }),
    ("bytesValue", |fields, name| {
        fields.take_bytes(name).map(OtlpValue::BytesValue)
    }),
    ("stringValueStrindex", |fields, name| {
        fields
            .take_integer(name)
            .map(OtlpValue::StringValueStrindex)
    }),
];

impl Message for AnyValue {
    fn from_fields(fields: &mut Fields) -> Result<Self, String> {
        let mut set_members = ANY_VALUE_MEMBERS
            .iter()
            .filter(|(name, _)| fields.is_set(name));
        match (set_members.next(), set_members.next()) {
            (None, _) => Ok(Self { value: None }),
            (Some((name, decode_member)), None) => Ok(Self {
                value: Some(decode_member(fields, name)?),
            }),
            (Some((first, _)), Some((second, _))) => {
                Err(format!(": {first} and {second} exclude each other"))
            }
        }
    }
}
