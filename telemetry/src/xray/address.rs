//! `AWS_XRAY_DAEMON_ADDRESS`: where the X-Ray daemon is.

use crate::url::is_host;

/// Both addresses of the daemon, as `host:port`: segments go to one by UDP, sampling rules come from
/// the other by TCP. `127.0.0.1:2000` for both by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonAddress {
    pub(crate) udp: String,
    pub(crate) tcp: String,
}

impl Default for DaemonAddress {
    fn default() -> Self {
        Self::both("127.0.0.1:2000")
    }
}

impl DaemonAddress {
    fn both(address: &str) -> Self {
        Self {
            udp: address.to_owned(),
            tcp: address.to_owned(),
        }
    }

    /// Parses `host:port`, or both `udp:host:port` and `tcp:host:port` in any order.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut udp, mut tcp) = (None, None);
        let mut parts = text.split_ascii_whitespace();
        if let (Some(address), None) = (parts.next(), parts.next())
            && is_host_and_port(address)
        {
            return Some(Self::both(address));
        }
        for part in text.split_ascii_whitespace() {
            let (protocol, address) = part.split_once(':')?;
            let place = match protocol {
                "udp" => &mut udp,
                "tcp" => &mut tcp,
                _ => return None,
            };
            let first = place.replace(address.to_owned()).is_none();
            if !first || !is_host_and_port(address) {
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
    fn one_address_is_for_both_protocols() {
        for text in ["127.0.0.1:2000", "xray-daemon:2000", "[::1]:2000"] {
            assert_eq!(DaemonAddress::parse(text), Some(DaemonAddress::both(text)));
        }
    }

    #[test]
    fn each_protocol_may_have_its_own_in_any_order() {
        let address = DaemonAddress::parse("tcp:a:1 udp:b:2").unwrap();
        assert_eq!((address.udp.as_str(), address.tcp.as_str()), ("b:2", "a:1"));
        assert_eq!(DaemonAddress::parse("udp:b:2 tcp:a:1"), Some(address));
    }

    #[test]
    fn what_is_no_address_is_refused() {
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
