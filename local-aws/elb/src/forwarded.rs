//! `X-Forwarded-For`, `-Proto` and `-Port`, as an ALB sets them.
//!
//! An ALB sets neither `Forwarded` nor `X-Forwarded-Host`.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// Appends the client's address to `X-Forwarded-For`. Replaces `X-Forwarded-Proto` and `X-Forwarded-Port`, also if the client
/// has sent them.
pub fn stamp(headers: &mut HeaderMap, client: IpAddr, port: u16) {
    let mut addresses = Vec::new();
    for value in headers.get_all(FOR) {
        addresses.extend_from_slice(value.as_bytes());
        addresses.extend_from_slice(b", ");
    }
    addresses.extend_from_slice(client.to_string().as_bytes());
    // Cannot fail: the parts are valid header values.
    if let Ok(addresses) = HeaderValue::from_bytes(&addresses) {
        headers.insert(FOR, addresses);
    }
    headers.insert(PROTO, HeaderValue::from_static("http"));
    headers.insert(PORT, HeaderValue::from(port));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_client_is_appended_and_protocol_and_port_are_replaced() {
        let mut headers = HeaderMap::new();
        headers.append(FOR, HeaderValue::from_static("203.0.113.7"));
        headers.append(FOR, HeaderValue::from_static("198.51.100.2"));
        headers.append(PROTO, HeaderValue::from_static("https"));
        headers.append(PORT, HeaderValue::from_static("443"));
        stamp(&mut headers, Ipv4Addr::LOCALHOST.into(), 8080);
        let all = |name| headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all(FOR), ["203.0.113.7, 198.51.100.2, 127.0.0.1"]);
        assert_eq!(all(PROTO), ["http"]);
        assert_eq!(all(PORT), ["8080"]);
    }
}
