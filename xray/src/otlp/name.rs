//! Name and namespace of a document. A span is named after its operation, a document after the service.

use axum::http::Uri;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::attributes::Attributes;
use super::local_root;
use crate::document::is_permitted_in_name;

/// Longest name in characters.
const MAX_NAME: usize = 200;

/// Whether an AWS SDK made the span.
pub fn is_sdk_of_aws(attributes: &Attributes<'_>) -> bool {
    attributes.text(&["rpc.system", "rpc.system.name"]) == Some("aws-api")
}

/// The name, and `aws` or `remote` if the span is a call.
pub fn of(
    span: &Span,
    attributes: &Attributes<'_>,
    resource: &Attributes<'_>,
) -> (String, Option<&'static str>) {
    let chosen = chosen(span, attributes);
    let service_of_aws = attributes
        .text(&["aws.service"])
        .filter(|_| chosen.is_none());
    let is_aws = is_sdk_of_aws(attributes) || service_of_aws.is_some();
    let found = chosen
        .or(service_of_aws)
        .map(str::to_owned)
        .or_else(|| database(attributes))
        .or_else(|| service(span, attributes, resource).map(str::to_owned));
    let namespace = match span.kind() {
        _ if is_aws => Some("aws"),
        SpanKind::Client | SpanKind::Producer => Some("remote"),
        _ => None,
    };
    (permitted(found.as_deref().unwrap_or(&span.name)), namespace)
}

/// The name that an AWS distribution of OpenTelemetry set, or the program's author.
fn chosen<'a>(span: &Span, attributes: &Attributes<'a>) -> Option<&'a str> {
    let own = |key: &str| attributes.text(&[key]);
    let local = || own("aws.local.service");
    let remote = || own("aws.remote.service").map(|name| short(name, attributes));
    let is_root = local_root::is(attributes);
    let named = match span.kind() {
        SpanKind::Server => local(),
        SpanKind::Internal if is_root => local(),
        SpanKind::Consumer if is_root => remote().or_else(local),
        SpanKind::Client | SpanKind::Producer | SpanKind::Consumer => remote(),
        SpanKind::Internal | SpanKind::Unspecified => None,
    };
    named.or_else(|| attributes.text(&["service.peer.name", "peer.service"]))
}

/// Removes the prefix from the name of an AWS service.
pub fn short<'a>(name: &'a str, attributes: &Attributes<'_>) -> &'a str {
    let mut prefixes = ["AWS.SDK.", "AWS::"]
        .into_iter()
        .filter(|_| is_sdk_of_aws(attributes));
    prefixes
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}

/// The name of the own service, or else of the called service or host.
fn service<'a>(
    span: &Span,
    attributes: &Attributes<'a>,
    resource: &Attributes<'a>,
) -> Option<&'a str> {
    let own = || resource.text(&["service.name"]);
    let called = || attributes.text(&["rpc.service", "http.host", "net.peer.name"]);
    match span.kind() {
        SpanKind::Server => own().or_else(called),
        SpanKind::Consumer if local_root::is(attributes) => own().or_else(called),
        SpanKind::Client => called().or_else(|| attributes.text(&["server.address"])),
        _ => called(),
    }
}

/// `name@host` of a database.
fn database(attributes: &Attributes<'_>) -> Option<String> {
    // Redis sets the number of the database. Others separate the parts of the namespace by `|`.
    let namespace = attributes.text(&["db.namespace"]);
    let namespace = namespace.filter(|name| name.parse::<u64>().is_err());
    let name = namespace.map(|name| name.replace('|', "."));
    let name = name.or_else(|| attributes.text(&["db.name"]).map(str::to_owned))?;
    let host = attributes.text(&["db.connection_string"]).and_then(host);
    Some(host.map_or_else(|| name.clone(), |host| format!("{name}@{host}")))
}

/// The host of `mysql://user@host:3306` or `jdbc:mysql://host`.
fn host(url: &str) -> Option<String> {
    let url: Uri = url.strip_prefix("jdbc:").unwrap_or(url).parse().ok()?;
    url.scheme()?;
    let host = url.host()?.trim_matches(['[', ']']);
    (!host.is_empty()).then(|| host.to_owned())
}

/// Removes the characters that X-Ray does not permit in a name, and the backslash, as the exporter does.
pub fn permitted(name: &str) -> String {
    let is_permitted = |c: &char| is_permitted_in_name(*c) && *c != '\\';
    let name: String = name.chars().filter(is_permitted).take(MAX_NAME).collect();
    match name.is_empty() {
        true => "span".to_owned(),
        false => name,
    }
}
