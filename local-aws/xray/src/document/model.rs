//! The members of a segment document. The program parses the members that searches need. `metadata`,
//! `service`, `links` and `precursor_ids` are only returned to clients, so the program does not parse the
//! JSON text of these four members.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::lenient::{Block, List, Object, Pairs, ReadMember, Scalar};

/// Defines structs whose fields are the members of a JSON object. Unknown members are ignored.
macro_rules! define_members {
    ($($(#[$doc:meta])* pub struct $name:ident<$json:lifetime> { $(pub $field:ident: $type:ty = $key:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name<$json> {
            $(pub $field: $type,)*
        }

        impl<'de: $json, $json> ReadMember<'de> for $name<$json> {
            fn read_member<A: MapAccess<'de>>(
                &mut self,
                key: Cow<'de, str>,
                object: &mut A,
            ) -> Result<(), A::Error> {
                match &*key {
                    $($key => self.$field = object.next_value()?,)*
                    _ => drop(object.next_value::<IgnoredAny>()?),
                }
                Ok(())
            }
        }
    )*};
}

/// Block `sql`. The program needs to know only whether a document has a block `sql`, so the members of `sql`
/// are not parsed.
#[derive(Debug, Default)]
pub struct Sql;

impl<'de> ReadMember<'de> for Sql {
    fn read_member<A: MapAccess<'de>>(
        &mut self,
        _key: Cow<'de, str>,
        object: &mut A,
    ) -> Result<(), A::Error> {
        object.next_value::<IgnoredAny>()?;
        Ok(())
    }
}

define_members! {
    /// A segment or a subsegment.
    pub struct Document<'a> {
        pub id: Scalar<'a> = "id",
        pub trace_id: Scalar<'a> = "trace_id",
        pub parent_id: Scalar<'a> = "parent_id",
        pub name: Scalar<'a> = "name",
        pub start_time: Scalar<'a> = "start_time",
        pub end_time: Scalar<'a> = "end_time",
        pub in_progress: Scalar<'a> = "in_progress",
        pub kind: Scalar<'a> = "type",
        pub namespace: Scalar<'a> = "namespace",
        pub origin: Scalar<'a> = "origin",
        pub user: Scalar<'a> = "user",
        pub resource_arn: Scalar<'a> = "resource_arn",
        pub error: Scalar<'a> = "error",
        pub throttle: Scalar<'a> = "throttle",
        pub fault: Scalar<'a> = "fault",
        pub inferred: Scalar<'a> = "inferred",
        pub http: Block<'a, Http<'a>> = "http",
        pub aws: Block<'a, Aws<'a>> = "aws",
        pub sql: Block<'a, Sql> = "sql",
        pub cause: Block<'a, Cause<'a>> = "cause",
        pub annotations: Object<Pairs<'a>> = "annotations",
        pub metadata: Option<&'a RawValue> = "metadata",
        pub service: Option<&'a RawValue> = "service",
        pub links: Option<&'a RawValue> = "links",
        pub precursor_ids: Option<&'a RawValue> = "precursor_ids",
        pub subsegments: List<Object<Document<'a>>> = "subsegments",
    }

    /// Block `http`.
    pub struct Http<'a> {
        pub request: Object<Request<'a>> = "request",
        pub response: Object<Response<'a>> = "response",
    }

    /// Block `http.request`.
    pub struct Request<'a> {
        pub url: Scalar<'a> = "url",
        pub method: Scalar<'a> = "method",
        pub user_agent: Scalar<'a> = "user_agent",
        pub client_ip: Scalar<'a> = "client_ip",
    }

    /// Block `http.response`.
    pub struct Response<'a> {
        pub status: Scalar<'a> = "status",
    }

    /// Block `aws`. In a segment, `aws` describes the AWS account and the instance on which the service runs.
    /// In a subsegment, `aws` describes the called resource.
    pub struct Aws<'a> {
        pub account_id: Scalar<'a> = "account_id",
        pub table_name: Scalar<'a> = "table_name",
        pub queue_url: Scalar<'a> = "queue_url",
        pub bucket_name: Scalar<'a> = "bucket_name",
        pub function_name: Scalar<'a> = "function_name",
        pub ec2: Object<Ec2<'a>> = "ec2",
    }

    /// Block `aws.ec2`.
    pub struct Ec2<'a> {
        pub availability_zone: Scalar<'a> = "availability_zone",
        pub instance_id: Scalar<'a> = "instance_id",
    }

    /// Block `cause`. If `cause` is the id of an exception in another subsegment, this program does not
    /// search for the exception.
    pub struct Cause<'a> {
        pub exceptions: List<Object<Exception<'a>>> = "exceptions",
    }

    /// An element of `cause.exceptions`.
    pub struct Exception<'a> {
        pub message: Scalar<'a> = "message",
        pub kind: Scalar<'a> = "type",
    }
}
