//! The parts of a document that are read: those that are searched for, or decide about its place.

use serde::Deserialize;

use super::lenient::{List, Object, Pairs, Scalar};

/// A segment or subsegment with all that is searched for.
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
    pub http: Object<Http<'a>>,
    pub aws: Object<Aws<'a>>,
    pub sql: Object<Sql>,
    pub cause: Object<Cause<'a>>,
    pub annotations: Pairs<'a>,
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

/// What was asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Request<'a> {
    #[serde(borrow)]
    pub url: Scalar<'a>,
    pub method: Scalar<'a>,
    pub user_agent: Scalar<'a>,
    pub client_ip: Scalar<'a>,
}

/// What was answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Response<'a> {
    #[serde(borrow)]
    pub status: Scalar<'a>,
}

/// Block `aws`: of a segment, where it ran; of a subsegment, what it called.
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

/// The machine.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ec2<'a> {
    #[serde(borrow)]
    pub availability_zone: Scalar<'a>,
    pub instance_id: Scalar<'a>,
}

/// Block `sql`; that it is there is all that matters.
#[derive(Debug, Deserialize)]
pub struct Sql {}

/// Block `cause`; the id of an exception that stands elsewhere is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Cause<'a> {
    #[serde(borrow)]
    pub exceptions: List<Object<Exception<'a>>>,
}

/// What was thrown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Exception<'a> {
    #[serde(borrow)]
    pub message: Scalar<'a>,
    #[serde(rename = "type")]
    pub kind: Scalar<'a>,
}
