//! Validation of configured URLs and host names.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;

/// Parses an `http` or `https` URL. Returns `None` if the URL has no host, an invalid host or port, or
/// a user name or password.
pub(crate) fn parse_http_url(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let scheme = url.scheme_str()?;
    let host = url.host()?;
    // `Uri::port` returns `None` for an invalid port, so this function parses the port. If the URL has a user
    // name, the authority does not start with the host.
    let after_host = url.authority()?.as_str().strip_prefix(host)?;
    let is_port_valid = match after_host.strip_prefix(':') {
        Some(port) => is_port(port),
        None => after_host.is_empty(),
    };
    (["http", "https"].contains(&scheme) && is_host(host) && is_port_valid).then_some(url)
}

fn is_port(text: &str) -> bool {
    // The function checks the digits itself, because `str::parse` also accepts a plus sign.
    let has_only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    has_only_digits && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether `host` is a host name, an IPv4 address, or an IPv6 address in brackets.
pub fn is_host(host: &str) -> bool {
    let ipv6_address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = ipv6_address {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    // A host that consists of digits and dots must be an IPv4 address.
    if host
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    // A fully qualified domain name can end with a dot.
    let labels = host.strip_suffix('.').unwrap_or(host);
    labels.split('.').all(is_host_label)
}

fn is_host_label(label: &str) -> bool {
    let is_allowed_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    label.bytes().all(is_allowed_byte)
        && label.contains(|letter: char| letter.is_ascii_alphanumeric())
}
