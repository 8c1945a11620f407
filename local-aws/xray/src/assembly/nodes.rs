//! Names and types of the service graph's nodes.

use std::sync::Arc;

use crate::document::Document;
use crate::document::lenient::Scalar;
use crate::interner::{Interner, Node};

/// The node type of a called service if only the name of the service is known.
const REMOTE_TYPE: &str = "remote";

/// The node type of a database that is queried in SQL.
const SQL_TYPE: &str = "Database::SQL";

/// Names of AWS services. Some SDKs send the names of AWS services in lower case.
const AWS_SERVICE_NAMES: [&str; 9] = [
    "DynamoDB", "EC2", "KMS", "Kinesis", "Lambda", "S3", "SNS", "SQS", "STS",
];

/// The node of the service that sent the segment `document`.
pub fn intern_segment_node(document: &Document<'_>, interner: &mut Interner) -> Arc<Node> {
    let origin = document.origin.as_text().unwrap_or_default();
    interner.intern_node(document_name(document), origin)
}

/// The node of the service or resource that the subsegment `document` calls. The name and the type of the
/// node come from the subsegment.
pub fn intern_callee_node(document: &Document<'_>, interner: &mut Interner) -> Arc<Node> {
    let (resource, kind) = callee_resource_and_type(document);
    interner.intern_node(resource.unwrap_or(document_name(document)), &kind)
}

/// The member `origin` of the segment that is inferred from the subsegment `document`; `None` if only the
/// callee's name is known.
pub fn inferred_origin(document: &Document<'_>) -> Option<String> {
    Some(callee_resource_and_type(document).1).filter(|kind| kind != REMOTE_TYPE)
}

/// The name of the called resource, and the callee's type. The name is `None` if the subsegment names no
/// resource.
///
/// The developer guide shows a DynamoDB table as `AWS::DynamoDB::Table`, a Lambda function as `AWS::Lambda`,
/// and an SNS topic as `AWS::SNS`. The guide shows no type for queues and buckets. For queues and buckets,
/// this program uses the types `AWS::SQS::Queue` and `AWS::S3::Bucket`.
fn callee_resource_and_type<'a>(document: &'a Document<'_>) -> (Option<&'a str>, String) {
    if document.sql.fields.is_some() {
        return (None, SQL_TYPE.to_owned());
    }
    // A client may send an inferred segment that `BatchGetTraces` returned. An inferred segment has an `origin` and no
    // `namespace`.
    if let Some(origin) = document.origin.as_text() {
        let resource = resource_and_suffix(document).map(|(name, _)| name);
        return (resource, origin.to_owned());
    }
    if document.namespace.as_text() != Some("aws") {
        return (None, REMOTE_TYPE.to_owned());
    }
    let service_name = aws_service_name(document);
    match resource_and_suffix(document) {
        Some((name, suffix)) => (Some(name), format!("AWS::{service_name}{suffix}")),
        None => (None, format!("AWS::{service_name}")),
    }
}

/// The name of the called AWS service in AWS's spelling.
fn aws_service_name<'a>(document: &'a Document<'_>) -> &'a str {
    let name = document_name(document);
    let mut service_names = AWS_SERVICE_NAMES.into_iter();
    let known_service_name =
        service_names.find(|service_name| service_name.eq_ignore_ascii_case(name));
    known_service_name.unwrap_or(name)
}

/// The name of the called resource, and the suffix of the resource's type. The suffix, such as `::Table`, is
/// appended to the type of the service.
fn resource_and_suffix<'a>(document: &'a Document<'_>) -> Option<(&'a str, &'static str)> {
    let aws = document.aws.fields.as_ref()?;
    let (name, suffix): (&Scalar<'_>, _) = match aws_service_name(document) {
        "DynamoDB" => (&aws.table_name, "::Table"),
        "Lambda" => (&aws.function_name, ""),
        "SQS" => (&aws.queue_url, "::Queue"),
        "S3" => (&aws.bucket_name, "::Bucket"),
        _ => return None,
    };
    Some((name.as_text()?, suffix))
}

fn document_name<'a>(document: &'a Document<'_>) -> &'a str {
    document.name.as_text().unwrap_or_default()
}
