//! What a segment or subsegment is called, and where its work was done. A span is named after what it does,
//! a document after the service.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::attributes::Attributes;

/// Longest name in characters.
const MAX_NAME: usize = 200;

/// Whether the span is a call to AWS.
pub fn is_aws(attributes: &Attributes<'_>) -> bool {
    attributes.text(&["rpc.system", "rpc.system.name"]) == Some("aws-api")
        || attributes.text(&["aws.service"]).is_some()
}

/// The name.
pub fn of(span: &Span, attributes: &Attributes<'_>, resource: &Attributes<'_>) -> String {
    let is_server = span.kind() == SpanKind::Server;
    let found = own(span, attributes)
        .or_else(|| {
            attributes
                .text(&["peer.service", "aws.service"])
                .map(str::to_owned)
        })
        .or_else(|| database(attributes))
        .or_else(|| {
            let service = resource.text(&["service.name"]).filter(|_| is_server);
            service.map(str::to_owned)
        })
        .or_else(|| {
            let others = [
                "rpc.service",
                "http.host",
                "net.peer.name",
                "server.address",
            ];
            let others = if is_server { &others[..3] } else { &others[..] };
            attributes.text(others).map(str::to_owned)
        });
    permitted(&found.unwrap_or_else(|| span.name.clone()))
}

/// The names that AWS's own distributions give.
fn own(span: &Span, attributes: &Attributes<'_>) -> Option<String> {
    let key = match span.kind() {
        SpanKind::Server => "aws.local.service",
        SpanKind::Client | SpanKind::Producer | SpanKind::Consumer => "aws.remote.service",
        SpanKind::Internal | SpanKind::Unspecified => return None,
    };
    let name = attributes.text(&[key])?;
    let prefixes = ["AWS.SDK.", "AWS::"]
        .into_iter()
        .filter(|_| is_aws(attributes));
    let short = prefixes
        .filter_map(|prefix| name.strip_prefix(prefix))
        .next();
    Some(short.unwrap_or(name).to_owned())
}

/// Of a database, its name and its host.
fn database(attributes: &Attributes<'_>) -> Option<String> {
    let name = attributes.text(&["db.name", "db.namespace"])?;
    let url = attributes.text(&["db.connection_string"]);
    let host = url
        .and_then(host)
        .or_else(|| attributes.text(&["server.address"]));
    Some(host.map_or_else(|| name.to_owned(), |host| format!("{name}@{host}")))
}

fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ';']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty()).then_some(host)
}

/// X-Ray takes letters, digits, spaces and a few symbols; others are left out.
pub fn permitted(name: &str) -> String {
    let is_permitted = |c: &char| c.is_alphanumeric() || " _.:/%&#=+-@".contains(*c);
    let name: String = name.chars().filter(is_permitted).take(MAX_NAME).collect();
    match name.is_empty() {
        true => "span".to_owned(),
        false => name,
    }
}
