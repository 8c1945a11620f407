//! Which node of the service graph a document stands for.

use std::sync::Arc;

use crate::document::Document;
use crate::document::lenient::Scalar;
use crate::interner::{Interner, Node};

/// Type of a service that is called, and of which nothing else is known.
const REMOTE: &str = "remote";

/// Type of a database that is asked in SQL.
const SQL: &str = "Database::SQL";

/// Services of AWS whose names people write in their own ways.
const SERVICES: [&str; 9] = [
    "DynamoDB", "EC2", "KMS", "Kinesis", "Lambda", "S3", "SNS", "SQS", "STS",
];

/// The node of a service that sent this segment.
pub fn of_segment(document: &Document<'_>, interner: &mut Interner) -> Arc<Node> {
    let name = document.name.text().unwrap_or_default();
    interner.intern_node(name, document.origin.text().unwrap_or_default())
}

/// The node that this subsegment calls, as far as the caller knows it.
pub fn of_call(document: &Document<'_>, interner: &mut Interner) -> Arc<Node> {
    let name = document.name.text().unwrap_or_default();
    let (resource, kind) = called(document);
    interner.intern_node(resource.unwrap_or(name), &kind)
}

/// Type of the service that this subsegment calls, as the inferred document's `origin` has it; none where
/// only its name is known.
pub fn origin(document: &Document<'_>) -> Option<String> {
    Some(called(document).1).filter(|kind| kind != REMOTE)
}

/// Name of the resource, where there is one beyond the service, and type.
///
/// The guide has a table of DynamoDB as `AWS::DynamoDB::Table`, a function of Lambda as `AWS::Lambda`, and a
/// topic of SNS as `AWS::SNS`; that queues and buckets follow the table is a choice.
fn called<'a>(document: &'a Document<'_>) -> (Option<&'a str>, String) {
    if document.sql.0.is_some() {
        return (None, SQL.to_owned());
    }
    // An inferred document that was sent back to us says what it is, and not its namespace.
    if let Some(origin) = document.origin.text() {
        return (resource(document).map(|(name, _)| name), origin.to_owned());
    }
    if document.namespace.text() != Some("aws") {
        return (None, REMOTE.to_owned());
    }
    let service = service(document);
    match resource(document) {
        Some((name, suffix)) => (Some(name), format!("AWS::{service}{suffix}")),
        None => (None, format!("AWS::{service}")),
    }
}

/// The service of AWS that is called. Some SDKs write it in lower case.
fn service<'a>(document: &'a Document<'_>) -> &'a str {
    let name = document.name.text().unwrap_or_default();
    let known = SERVICES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name));
    known.copied().unwrap_or(name)
}

fn resource<'a>(document: &'a Document<'_>) -> Option<(&'a str, &'static str)> {
    let aws = document.aws.0.as_ref()?;
    let (name, suffix): (&Scalar<'_>, _) = match service(document) {
        "DynamoDB" => (&aws.table_name, "::Table"),
        "Lambda" => (&aws.function_name, ""),
        "SQS" => (&aws.queue_url, "::Queue"),
        "S3" => (&aws.bucket_name, "::Bucket"),
        _ => return None,
    };
    Some((name.text()?, suffix))
}
