//! Parses the host and the port in a `Host` header, a request target or an origin.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host name or IP address, and an optional port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The host name or address in lower case, without the trailing dot of an absolute name.
    pub name: String,
    pub port: Option<u16>,
}

impl Authority {
    /// Parses `name`, `name:port`, `a.b.c.d:port` or `[ipv6]:port`. A text with user information (`user@host`) is rejected.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let ipv6_end = text.find(']').unwrap_or_default();
        let (name, port) = match text[ipv6_end..].find(':') {
            None => (text, ""),
            Some(colon) => {
                let (name, port) = text.split_at(ipv6_end + colon);
                (name, &port[1..])
            }
        };
        let port = match port {
            "" => None,
            // The parser accepts only digits in a port. `u16::from_str` alone would also accept a plus sign.
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            _ => return None,
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        Some(Self { name, port })
    }

    /// The port of the authority. If the authority has no port, the result is 80: the default port of the
    /// scheme `http`.
    pub fn port_or_80(&self) -> u16 {
        self.port.unwrap_or(80)
    }

    /// The IP address, if the host name is a complete IPv4 address or an IPv6 address in brackets. For every
    /// other host name, the result is `None`.
    pub fn ip(&self) -> Option<IpAddr> {
        let after_opening_bracket = self.name.strip_prefix('[');
        match after_opening_bracket.and_then(|name| name.strip_suffix(']')) {
            Some(ipv6) => ipv6.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            None => self.name.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        }
    }

    /// Whether the host name is `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        self.name == "localhost"
            || self
                .ip()
                .is_some_and(|address| address.to_canonical().is_loopback())
    }
}
