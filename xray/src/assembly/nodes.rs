//! Names and types of the service graph's nodes.

use std::sync::Arc;

use crate::document::Document;
use crate::document::lenient::Scalar;
use crate::interner::{Interner, Node};

/// Type of a called service of which only the name is known.
const REMOTE_TYPE: &str = "remote";

/// Type of a database that is queried in SQL.
const SQL_TYPE: &str = "Database::SQL";

/// AWS services whose names some SDKs write in another case.
const AWS_SERVICES: [&str; 9] = [
    "DynamoDB", "EC2", "KMS", "Kinesis", "Lambda", "S3", "SNS", "SQS", "STS",
];

/// The node of the service that sent this segment.
pub fn segment_node(document: &Document<'_>, interner: &mut Interner) -> Arc<Node> {
    let origin = document.origin.text().unwrap_or_default();
    interner.intern_node(name(document), origin)
}

/// The node that this subsegment calls, as described by the caller.
pub fn callee_node(document: &Document<'_>, interner: &mut Interner) -> Arc<Node> {
    let (resource, kind) = callee_resource_and_type(document);
    interner.intern_node(resource.unwrap_or(name(document)), &kind)
}

/// The `origin` of the segment that is inferred from this subsegment; `None` if only the callee's name is known.
pub fn inferred_origin(document: &Document<'_>) -> Option<String> {
    Some(callee_resource_and_type(document).1).filter(|kind| kind != REMOTE_TYPE)
}

/// The name of the called resource, if the subsegment names one, and the callee's type.
///
/// The developer guide shows a DynamoDB table as `AWS::DynamoDB::Table`, a Lambda function as `AWS::Lambda`, and an SNS
/// topic as `AWS::SNS`. It does not show queues and buckets; here, they have types like that of a table.
fn callee_resource_and_type<'a>(document: &'a Document<'_>) -> (Option<&'a str>, String) {
    if document.sql.fields.is_some() {
        return (None, SQL_TYPE.to_owned());
    }
    // An inferred segment from `BatchGetTraces` may be sent again. It has an `origin` and no `namespace`.
    if let Some(origin) = document.origin.text() {
        let resource = resource_and_suffix(document).map(|(name, _)| name);
        return (resource, origin.to_owned());
    }
    if document.namespace.text() != Some("aws") {
        return (None, REMOTE_TYPE.to_owned());
    }
    let service = aws_service(document);
    match resource_and_suffix(document) {
        Some((name, suffix)) => (Some(name), format!("AWS::{service}{suffix}")),
        None => (None, format!("AWS::{service}")),
    }
}

/// The called AWS service in AWS's spelling. Some SDKs write it in lower case.
fn aws_service<'a>(document: &'a Document<'_>) -> &'a str {
    let name = name(document);
    let mut services = AWS_SERVICES.into_iter();
    let known = services.find(|service| service.eq_ignore_ascii_case(name));
    known.unwrap_or(name)
}

/// The name of the called resource, and the suffix that its type adds to the service's.
fn resource_and_suffix<'a>(document: &'a Document<'_>) -> Option<(&'a str, &'static str)> {
    let aws = document.aws.fields.as_ref()?;
    let (name, suffix): (&Scalar<'_>, _) = match aws_service(document) {
        "DynamoDB" => (&aws.table_name, "::Table"),
        "Lambda" => (&aws.function_name, ""),
        "SQS" => (&aws.queue_url, "::Queue"),
        "S3" => (&aws.bucket_name, "::Bucket"),
        _ => return None,
    };
    Some((name.text()?, suffix))
}

fn name<'a>(document: &'a Document<'_>) -> &'a str {
    document.name.text().unwrap_or_default()
}
