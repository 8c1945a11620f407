//! Block `http`: request and response.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Map, Value};

use super::attributes::{Attributes, object};

/// Status of the response, by the stable conventions and the old ones.
pub const STATUS: [&str; 2] = ["http.response.status_code", "http.status_code"];

/// A span with one of these attributes gets the block.
const OF_HTTP: [&str; 17] = [
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

/// The block has a URL if one of these attributes is set, or `network.peer.address` is an IP address.
const OF_URL: [&str; 9] = [
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

/// Parts of the URL. They do not become annotations if the span gets the block.
const URL_PARTS: [&str; 7] = [
    "host.name",
    "net.host.name",
    "net.peer.name",
    "net.peer.ip",
    "net.peer.port",
    "server.address",
    "server.port",
];

/// Builds the block and removes its attributes from `rest`. Without a block, `rest` keeps them.
pub fn block(span: &Span, attributes: &Attributes<'_>, rest: &mut Attributes<'_>) -> Option<Value> {
    if !attributes.has(&OF_HTTP) {
        return None;
    }
    let client_address = attributes.address("client.address");
    let peer_address = attributes.address("network.peer.address");
    let forwarded = client_address.or_else(|| attributes.text(&["http.client_ip"]));
    let client = forwarded
        .or_else(|| attributes.text(&["net.peer.ip"]))
        .or(peer_address);
    let has_peer = attributes.has(&["net.peer.ip"]) || peer_address.is_some();
    let has_url = attributes.has(&OF_URL) || peer_address.is_some();
    let text = |keys: &[&str]| attributes.text(keys).map(Value::from);
    let request = object([
        ("method", text(&["http.request.method", "http.method"])),
        (
            "url",
            has_url.then(|| url(span.kind() == SpanKind::Server, attributes).into()),
        ),
        (
            "user_agent",
            text(&["user_agent.original", "http.user_agent"]),
        ),
        ("client_ip", client.map(Value::from)),
        (
            "x_forwarded_for",
            (!has_peer && client.is_some()).then(|| true.into()),
        ),
    ]);
    let response = object([
        ("status", attributes.number(&STATUS).map(Value::from)),
        (
            "content_length",
            received_bytes(span, attributes).map(Value::from),
        ),
    ]);
    rest.remove(&OF_HTTP);
    rest.remove(&URL_PARTS);
    if client_address.is_some() {
        rest.remove(&["client.address"]);
    }
    if peer_address.is_some() {
        rest.remove(&["network.peer.address"]);
    }
    let part = |object: Map<String, Value>| (!object.is_empty()).then_some(Value::Object(object));
    let http = object([("request", part(request)), ("response", part(response))]);
    Some(Value::Object(http))
}

/// The URL: as it is given, or built from its parts.
fn url(is_server: bool, attributes: &Attributes<'_>) -> String {
    if let Some(full) = attributes.text(&["url.full", "http.url"]) {
        return full.to_owned();
    }
    let scheme = attributes
        .text(&["url.scheme", "http.scheme"])
        .unwrap_or("http");
    // `http.host` is the header `Host`, which includes the port.
    let authority = attributes
        .text(&["http.host"])
        .map_or_else(|| authority(is_server, scheme, attributes), str::to_owned);
    let target = attributes.text(&["http.target"]).map(str::to_owned);
    let target = target.unwrap_or_else(|| {
        let path = attributes.text(&["url.path"]).unwrap_or("/");
        match attributes.text(&["url.query"]) {
            Some(query) if query.starts_with('?') => format!("{path}{query}"),
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    });
    format!("{scheme}://{authority}{target}")
}

fn authority(is_server: bool, scheme: &str, attributes: &Attributes<'_>) -> String {
    let (hosts, ports) = match is_server {
        true => (
            &[
                "http.server_name",
                "net.host.name",
                "host.name",
                "server.address",
            ][..],
            ["net.host.port", "server.port"],
        ),
        false => (
            &["net.peer.name", "net.peer.ip", "server.address"][..],
            ["net.peer.port", "server.port"],
        ),
    };
    let host = attributes.text(hosts).unwrap_or_default();
    match attributes.number(&ports) {
        None => host.to_owned(),
        Some(80) if scheme == "http" => host.to_owned(),
        Some(443) if scheme == "https" => host.to_owned(),
        Some(port) => format!("{host}:{port}"),
    }
}

/// Size of the received message. Instrumentations of gRPC set it on the span or on an event.
fn received_bytes(span: &Span, attributes: &Attributes<'_>) -> Option<i64> {
    let size = |attributes: &Attributes<'_>| {
        let is_received = attributes.text(&["message.type"]) == Some("RECEIVED");
        let size = attributes.number(&["messaging.message_payload_size_bytes"]);
        size.filter(|size| is_received && *size != 0)
    };
    let mut events = span.events.iter();
    size(attributes).or_else(|| events.find_map(|event| size(&Attributes::new(&event.attributes))))
}
