//! The members of a segment document. Members that searches need are parsed. `metadata`, `service`, `links` and
//! `precursor_ids` are only returned to clients, so their JSON text is kept unparsed.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{Block, List, Object, Pairs, Scalar};

/// A segment or a subsegment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Document<'a> {
    #[serde(borrow)]
    pub id: Scalar<'a>,
    pub trace_id: Scalar<'a>,
    pub parent_id: Scalar<'a>,
    pub name: Scalar<'a>,
    pub start_time: Scalar<'a>,
    pub end_time: Scalar<'a>,
    pub in_progress: Scalar<'a>,
    #[serde(rename = "type")]
    pub kind: Scalar<'a>,
    pub namespace: Scalar<'a>,
    pub origin: Scalar<'a>,
    pub user: Scalar<'a>,
    pub resource_arn: Scalar<'a>,
    pub error: Scalar<'a>,
    pub throttle: Scalar<'a>,
    pub fault: Scalar<'a>,
    pub inferred: Scalar<'a>,
    pub http: Block<'a, Http<'a>>,
    pub aws: Block<'a, Aws<'a>>,
    pub sql: Block<'a, Sql>,
    pub cause: Block<'a, Cause<'a>>,
    pub annotations: Object<Pairs<'a>>,
    pub metadata: Option<&'a RawValue>,
    pub service: Option<&'a RawValue>,
    pub links: Option<&'a RawValue>,
    pub precursor_ids: Option<&'a RawValue>,
    pub subsegments: List<Object<Document<'a>>>,
}

/// Block `http`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Http<'a> {
    #[serde(borrow)]
    pub request: Object<Request<'a>>,
    pub response: Object<Response<'a>>,
}

/// Block `http.request`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Request<'a> {
    #[serde(borrow)]
    pub url: Scalar<'a>,
    pub method: Scalar<'a>,
    pub user_agent: Scalar<'a>,
    pub client_ip: Scalar<'a>,
}

/// Block `http.response`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Response<'a> {
    #[serde(borrow)]
    pub status: Scalar<'a>,
}

/// Block `aws`. In a segment, it describes where the service runs; in a subsegment, the called resource.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Aws<'a> {
    #[serde(borrow)]
    pub account_id: Scalar<'a>,
    pub table_name: Scalar<'a>,
    pub queue_url: Scalar<'a>,
    pub bucket_name: Scalar<'a>,
    pub function_name: Scalar<'a>,
    pub ec2: Object<Ec2<'a>>,
}

/// Block `aws.ec2`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ec2<'a> {
    #[serde(borrow)]
    pub availability_zone: Scalar<'a>,
    pub instance_id: Scalar<'a>,
}

/// Block `sql`. Only its presence is read.
#[derive(Debug, Deserialize)]
pub struct Sql {}

/// Block `cause`. The id of an exception in another subsegment is not resolved.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Cause<'a> {
    #[serde(borrow)]
    pub exceptions: List<Object<Exception<'a>>>,
}

/// An element of `cause.exceptions`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Exception<'a> {
    #[serde(borrow)]
    pub message: Scalar<'a>,
    #[serde(rename = "type")]
    pub kind: Scalar<'a>,
}
