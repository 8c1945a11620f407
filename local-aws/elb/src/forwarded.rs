//! `X-Forwarded-For`, `-Proto` and `-Port`, as an ALB sets them.
//!
//! An ALB sets neither `Forwarded` nor `X-Forwarded-Host`.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// Appends the client's address to those that proxies before us named; protocol and port are
/// ours to say, whatever the client claims.
pub fn stamp(headers: &mut HeaderMap, client: IpAddr, port: u16) {
    let mut way = Vec::new();
    for named in headers.get_all(FOR) {
        way.extend_from_slice(named.as_bytes());
        way.extend_from_slice(b", ");
    }
    way.extend_from_slice(client.to_string().as_bytes());
    // What was a value before is one after, so that the conversion cannot fail.
    if let Ok(way) = HeaderValue::from_bytes(&way) {
        headers.insert(FOR, way);
    }
    headers.insert(PROTO, HeaderValue::from_static("http"));
    headers.insert(PORT, HeaderValue::from(port));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_client_is_appended_and_claims_are_overwritten() {
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
