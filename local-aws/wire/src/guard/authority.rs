//! The host and port of a `Host` header, a request target or an origin.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// In lower case, without the dot that may end an absolute name.
    pub name: String,
    pub port: Option<u16>,
}

impl Authority {
    /// Reads `name`, `name:port`, `a.b.c.d:port` or `[ipv6]:port`. User information is not accepted.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let after_address = text.find(']').unwrap_or_default();
        let (name, port) = match text[after_address..].find(':') {
            None => (text, ""),
            Some(colon) => {
                let (name, port) = text.split_at(after_address + colon);
                (name, &port[1..])
            }
        };
        let port = match port {
            "" => None,
            // `u16::from_str` accepts a plus sign, too.
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            _ => return None,
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        Some(Self { name, port })
    }

    /// The port; without one, that of `http`.
    pub fn port_or_80(&self) -> u16 {
        self.port.unwrap_or(80)
    }

    /// The address, if the name is one in its full form.
    pub fn ip(&self) -> Option<IpAddr> {
        let inside = self.name.strip_prefix('[');
        match inside.and_then(|name| name.strip_suffix(']')) {
            Some(name) => name.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            None => self.name.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        }
    }

    /// Whether the name always means the machine that it is used on.
    pub fn is_loopback(&self) -> bool {
        self.name == "localhost"
            || self
                .ip()
                .is_some_and(|address| address.to_canonical().is_loopback())
    }
}
