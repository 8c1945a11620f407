//! Builds the block `http`, which describes an HTTP request and its response.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Map, Value};

use super::attributes::{Attributes, build_object};

/// Attributes with the status of the response, in the stable and the old semantic conventions.
pub const STATUS_KEYS: [&str; 2] = ["http.response.status_code", "http.status_code"];

/// If a span has at least one of the listed attributes, the document of the span has a block `http`.
const HTTP_KEYS: [&str; 17] = [
    "http.method",
    "http.request.method",
    "http.client_ip",
    "http.user_agent",
    "user_agent.original",
    "http.status_code",
    "http.response.status_code",
    "http.url",
    "url.full",
    "http.scheme",
    "url.scheme",
    "http.host",
    "http.target",
    "http.server_name",
    "net.host.port",
    "url.path",
    "url.query",
];

/// The block `http` has a URL if the span has at least one of the listed attributes, or if
/// `network.peer.address` is an IP address.
const URL_TRIGGER_KEYS: [&str; 9] = [
    "http.url",
    "url.full",
    "http.host",
    "http.server_name",
    "host.name",
    "net.host.name",
    "net.peer.name",
    "net.peer.ip",
    "server.address",
];

/// Attributes with parts of the URL. The attributes with parts of the URL do not become annotations if the
/// span has a block `http`.
const URL_PART_KEYS: [&str; 7] = [
    "host.name",
    "net.host.name",
    "net.peer.name",
    "net.peer.ip",
    "net.peer.port",
    "server.address",
    "server.port",
];

/// Builds the block `http`, and removes the attributes that the block contains from `remaining`. If the span
/// has no block `http`, `remaining` stays unchanged.
pub fn build_block(
    span: &Span,
    attributes: &Attributes<'_>,
    remaining: &mut Attributes<'_>,
) -> Option<Value> {
    if !attributes.has_any(&HTTP_KEYS) {
        return None;
    }
    let client_address = attributes.get_ip_address("client.address");
    let peer_address = attributes.get_ip_address("network.peer.address");
    let client_ip = client_address
        .or_else(|| attributes.find_text(&["http.client_ip", "net.peer.ip"]))
        .or(peer_address);
    let has_peer = attributes.has_any(&["net.peer.ip"]) || peer_address.is_some();
    let has_url = attributes.has_any(&URL_TRIGGER_KEYS) || peer_address.is_some();
    let is_server = span.kind() == SpanKind::Server;
    let text = |keys: &[&str]| attributes.find_text(keys).map(Value::from);
    let request = build_object([
        ("method", text(&["http.request.method", "http.method"])),
        (
            "url",
            has_url.then(|| build_url(is_server, attributes).into()),
        ),
        (
            "user_agent",
            text(&["user_agent.original", "http.user_agent"]),
        ),
        ("client_ip", client_ip.map(Value::from)),
        (
            "x_forwarded_for",
            (!has_peer && client_ip.is_some()).then(|| true.into()),
        ),
    ]);
    let response = build_object([
        (
            "status",
            attributes.find_integer(&STATUS_KEYS).map(Value::from),
        ),
        (
            "content_length",
            find_received_bytes(span, attributes).map(Value::from),
        ),
    ]);
    remaining.remove(&HTTP_KEYS);
    remaining.remove(&URL_PART_KEYS);
    if client_address.is_some() {
        remaining.remove(&["client.address"]);
    }
    if peer_address.is_some() {
        remaining.remove(&["network.peer.address"]);
    }
    Some(Value::Object(build_object([
        ("request", non_empty_object(request)),
        ("response", non_empty_object(response)),
    ])))
}

fn non_empty_object(object: Map<String, Value>) -> Option<Value> {
    if object.is_empty() {
        return None;
    }
    Some(Value::Object(object))
}

/// Returns the attribute that contains the complete URL, or builds the URL from its parts.
fn build_url(is_server: bool, attributes: &Attributes<'_>) -> String {
    if let Some(url) = attributes.find_text(&["url.full", "http.url"]) {
        return url.to_owned();
    }
    let scheme = attributes
        .find_text(&["url.scheme", "http.scheme"])
        .unwrap_or("http");
    // `http.host` contains the value of the header `Host`, and the header `Host` includes the port.
    let authority = match attributes.find_text(&["http.host"]) {
        Some(host) => host.to_owned(),
        None => build_authority(is_server, scheme, attributes),
    };
    let target = match attributes.find_text(&["http.target"]) {
        Some(target) => target.to_owned(),
        None => build_target(attributes),
    };
    format!("{scheme}://{authority}{target}")
}

/// Builds the host and the port. Omits the port if the port is the default port of `scheme`.
fn build_authority(is_server: bool, scheme: &str, attributes: &Attributes<'_>) -> String {
    let (host_keys, port_keys) = if is_server {
        (
            &[
                "http.server_name",
                "net.host.name",
                "host.name",
                "server.address",
            ][..],
            ["net.host.port", "server.port"],
        )
    } else {
        (
            &["net.peer.name", "net.peer.ip", "server.address"][..],
            ["net.peer.port", "server.port"],
        )
    };
    let host = attributes.find_text(host_keys).unwrap_or_default();
    match attributes.find_integer(&port_keys) {
        None => host.to_owned(),
        Some(80) if scheme == "http" => host.to_owned(),
        Some(443) if scheme == "https" => host.to_owned(),
        Some(port) => format!("{host}:{port}"),
    }
}

/// Builds the path and the query.
fn build_target(attributes: &Attributes<'_>) -> String {
    let path = attributes.find_text(&["url.path"]).unwrap_or("/");
    match attributes.find_text(&["url.query"]) {
        Some(query) if query.starts_with('?') => format!("{path}{query}"),
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// Size of the received message in bytes. Instrumentations of gRPC add the attribute with the size to the
/// span or to an event.
fn find_received_bytes(span: &Span, attributes: &Attributes<'_>) -> Option<i64> {
    let received_bytes = |attributes: &Attributes<'_>| {
        let is_received = attributes.find_text(&["message.type"]) == Some("RECEIVED");
        let bytes = attributes.find_integer(&["messaging.message_payload_size_bytes"]);
        bytes.filter(|bytes| is_received && *bytes != 0)
    };
    received_bytes(attributes).or_else(|| {
        let mut events = span.events.iter();
        events.find_map(|event| received_bytes(&Attributes::new(&event.attributes)))
    })
}
