//! The addresses of the X-Ray daemon, from `AWS_XRAY_DAEMON_ADDRESS`.

use crate::url::is_host;

/// The addresses of the daemon as `host:port`. Segments are sent to the UDP address, and sampling rules are
/// requested from the TCP address. The UDP address and the TCP address default to `127.0.0.1:2000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonAddress {
    pub(crate) udp: String,
    pub(crate) tcp: String,
}

impl Default for DaemonAddress {
    fn default() -> Self {
        Self::with_same_address("127.0.0.1:2000")
    }
}

impl DaemonAddress {
    fn with_same_address(address: &str) -> Self {
        Self {
            udp: address.to_owned(),
            tcp: address.to_owned(),
        }
    }

    /// Parses `host:port`, or both `udp:host:port` and `tcp:host:port` in any order.
    pub fn parse(text: &str) -> Option<Self> {
        if is_host_and_port(text.trim_ascii()) {
            return Some(Self::with_same_address(text.trim_ascii()));
        }
        let (mut udp, mut tcp) = (None, None);
        for part in text.split_ascii_whitespace() {
            let (protocol, address) = part.split_once(':')?;
            let protocol_address = match protocol {
                "udp" => &mut udp,
                "tcp" => &mut tcp,
                _ => return None,
            };
            let is_repeated = protocol_address.replace(address.to_owned()).is_some();
            if is_repeated || !is_host_and_port(address) {
                return None;
            }
        }
        Some(Self {
            udp: udp?,
            tcp: tcp?,
        })
    }
}

fn is_host_and_port(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_address_is_used_for_both_protocols() {
        for text in ["127.0.0.1:2000", "xray-daemon:2000", "[::1]:2000"] {
            assert_eq!(
                DaemonAddress::parse(text),
                Some(DaemonAddress::with_same_address(text))
            );
        }
    }

    #[test]
    fn the_udp_and_tcp_addresses_may_differ_and_have_any_order() {
        let address = DaemonAddress::parse("tcp:a:1 udp:b:2").unwrap();
        assert_eq!((address.udp.as_str(), address.tcp.as_str()), ("b:2", "a:1"));
        assert_eq!(DaemonAddress::parse("udp:b:2 tcp:a:1"), Some(address));
    }

    #[test]
    fn an_invalid_address_is_rejected() {
        for text in [
            "daemon",
            ":2000",
            "a:0",
            "a:x",
            "a:70000",
            "udp:a:1",
            "udp:a:1 udp:a:1 tcp:a:1",
            "http://a:1",
            "a:1 b:2",
            "udp:a tcp:b",
            "::1:2000",
            "[::1:2000",
            "[daemon]:2000",
            "256.1.1.1:2000",
            "10.0.1:2000",
            "daemon..local:2000",
            "-:2000",
            "dae?mon:2000",
        ] {
            assert_eq!(DaemonAddress::parse(text), None, "{text}");
        }
    }
}
