//! Determines the name and the namespace of a document. In OpenTelemetry, the name of a span is the name of
//! an operation. In X-Ray, the name of a segment is the name of the service, and the name of a subsegment is
//! the name of the called service.

use axum::http::Uri;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::attributes::Attributes;
use crate::document::is_permitted_in_name;

const MAX_NAME_CHARS: usize = 200;

/// The name of the span's document, and its namespace: `aws` or `remote` for a call, otherwise `None`.
pub fn find_name_and_namespace(
    span: &Span,
    attributes: &Attributes<'_>,
    resource: &Attributes<'_>,
) -> (String, Option<&'static str>) {
    let explicit_name = find_explicit_name(span, attributes);
    let aws_service = attributes
        .find_text(&["aws.service"])
        .filter(|_| explicit_name.is_none());
    let is_aws_call = attributes.is_aws_sdk_call() || aws_service.is_some();
    let name = explicit_name
        .or(aws_service)
        .map(str::to_owned)
        .or_else(|| find_database_name(attributes))
        .or_else(|| find_service_or_host(span, attributes, resource).map(str::to_owned));
    let namespace = match span.kind() {
        _ if is_aws_call => Some("aws"),
        SpanKind::Client | SpanKind::Producer => Some("remote"),
        _ => None,
    };
    let name = sanitize_name(name.as_deref().unwrap_or(&span.name));
    (name, namespace)
}

/// Returns the name of the service or the callee from an attribute that explicitly states the name. The
/// program's author or an AWS distribution of OpenTelemetry sets the attribute.
fn find_explicit_name<'a>(span: &Span, attributes: &Attributes<'a>) -> Option<&'a str> {
    let local_service = || attributes.find_text(&["aws.local.service"]);
    let remote_service = || {
        let name = attributes.find_text(&["aws.remote.service"])?;
        Some(strip_aws_prefix(name, attributes))
    };
    let is_local_root = attributes.is_local_root();
    let aws_name = match span.kind() {
        SpanKind::Server => local_service(),
        SpanKind::Internal if is_local_root => local_service(),
        SpanKind::Consumer if is_local_root => remote_service().or_else(local_service),
        SpanKind::Client | SpanKind::Producer | SpanKind::Consumer => remote_service(),
        SpanKind::Internal | SpanKind::Unspecified => None,
    };
    aws_name.or_else(|| attributes.find_text(&["service.peer.name", "peer.service"]))
}

/// Removes the prefix `AWS.SDK.` or `AWS::` from the service name of an AWS SDK's call.
pub fn strip_aws_prefix<'a>(name: &'a str, attributes: &Attributes<'_>) -> &'a str {
    if !attributes.is_aws_sdk_call() {
        return name;
    }
    let stripped_name = name.strip_prefix("AWS.SDK.");
    stripped_name
        .or_else(|| name.strip_prefix("AWS::"))
        .unwrap_or(name)
}

/// Returns the name of the service that created the span if the span is a server span. For most other spans,
/// the function returns the name of the called service or host.
fn find_service_or_host<'a>(
    span: &Span,
    attributes: &Attributes<'a>,
    resource: &Attributes<'a>,
) -> Option<&'a str> {
    let creating_service = || resource.find_text(&["service.name"]);
    let callee = || attributes.find_text(&["rpc.service", "http.host", "net.peer.name"]);
    match span.kind() {
        SpanKind::Server => creating_service().or_else(callee),
        SpanKind::Consumer if attributes.is_local_root() => creating_service().or_else(callee),
        SpanKind::Client => callee().or_else(|| attributes.find_text(&["server.address"])),
        _ => callee(),
    }
}

/// The name of the called database: the name has the format `name@host`, or the format `name` if the host is
/// unknown.
fn find_database_name(attributes: &Attributes<'_>) -> Option<String> {
    // Instrumentations of Redis set `db.namespace` to the number of the database. Other instrumentations separate the
    // parts of `db.namespace` by `|`.
    let name = attributes
        .find_text(&["db.namespace"])
        .filter(|namespace| namespace.parse::<u64>().is_err())
        .map(|namespace| namespace.replace('|', "."))
        .or_else(|| attributes.find_text(&["db.name"]).map(str::to_owned))?;
    let connection = attributes.find_text(&["db.connection_string"]);
    match connection.and_then(parse_host) {
        Some(host) => Some(format!("{name}@{host}")),
        None => Some(name),
    }
}

/// Parses the host of a URL such as `mysql://user@host:3306` or `jdbc:mysql://host`.
fn parse_host(url: &str) -> Option<String> {
    let url: Uri = url.strip_prefix("jdbc:").unwrap_or(url).parse().ok()?;
    url.scheme()?;
    let host = url.host()?.trim_matches(['[', ']']);
    (!host.is_empty()).then(|| host.to_owned())
}

/// Removes the characters that X-Ray does not permit in a name. The function also removes backslashes, as the
/// X-Ray exporter of the OpenTelemetry collector does.
pub fn sanitize_name(name: &str) -> String {
    let is_permitted = |c: &char| is_permitted_in_name(*c) && *c != '\\';
    let name: String = name
        .chars()
        .filter(is_permitted)
        .take(MAX_NAME_CHARS)
        .collect();
    if name.is_empty() {
        return "span".to_owned();
    }
    name
}
