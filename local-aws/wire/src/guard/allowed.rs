//! Hosts and origins that are accepted by option.

use axum::http::Uri;
use clap::Args;

use super::authority::Authority;

/// What a guard accepts besides loopback names and the site's own pages.
#[derive(Args, Clone, Debug, Default)]
pub struct Allowed {
    /// Host name that requests may be sent to, on any port, besides localhost; may be given several times
    #[arg(long = "allowed-host", value_name = "NAME", value_parser = host)]
    hosts: Vec<String>,

    /// Origin (scheme://host or scheme://host:port) whose web pages may send requests; may be given several times
    #[arg(long = "allowed-origin", value_name = "ORIGIN", value_parser = origin)]
    origins: Vec<String>,
}

impl Allowed {
    pub(super) fn has_host(&self, host: &Authority) -> bool {
        self.hosts.contains(&host.name)
    }

    pub(super) fn has_origin(&self, origin: &[u8]) -> bool {
        let mut known = self.origins.iter();
        known.any(|known| known.as_bytes().eq_ignore_ascii_case(origin))
    }
}

fn host(text: &str) -> Result<String, &'static str> {
    let is_name = |host: &Authority| {
        let mut bytes = host.name.bytes();
        let is_dns = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        !host.name.is_empty() && (is_dns || host.ip().is_some())
    };
    match Authority::parse(text.as_bytes()) {
        Some(host) if host.port.is_none() && !text.ends_with(':') && is_name(&host) => {
            Ok(host.name)
        }
        _ => Err("expected a host name without scheme and port, for example lab.example"),
    }
}

/// As browsers write origins: without the port that is the scheme's own.
fn origin(text: &str) -> Result<String, &'static str> {
    const EXPECTED: &str = "expected scheme and host, and the port if there is one, \
                            for example https://app.example or http://localhost:5173";
    let uri: Uri = text.parse().map_err(|_| EXPECTED)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(EXPECTED);
    };
    let host = authority.host();
    let has_user = authority.as_str().contains('@');
    if host.is_empty()
        || host.contains('*')
        || has_user
        || uri.path() != "/"
        || uri.query().is_some()
    {
        return Err(EXPECTED);
    }
    let port = match (scheme, authority.port_u16()) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    Ok(format!("{scheme}://{host}{port}").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_without_a_port() {
        for (text, name) in [
            ("lab.example", "lab.example"),
            ("LAB.Example.", "lab.example"),
            ("my_host-1", "my_host-1"),
            ("192.168.1.7", "192.168.1.7"),
            ("[fd00::1]", "[fd00::1]"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(name), "{text}");
        }
        for text in [
            "",
            ".",
            "*",
            "*.example",
            "lab.example:3000",
            "lab.example:",
            "http://lab.example",
            "a/b",
            "u@h",
            "a b",
            "[x]",
            "fd00::1",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        for (text, kept) in [
            ("https://app.example", "https://app.example"),
            ("HTTPS://App.Example:443/", "https://app.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:5173", "http://[::1]:5173"),
            ("https://app.example:80", "https://app.example:80"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(kept), "{text}");
        }
        for text in [
            "",
            "*",
            "null",
            "app.example",
            "app.example:80",
            "https://",
            "https://*",
            "https://*.example",
            "https://app.example/page",
            "https://app.example?x",
            "https://me@app.example",
            "file:///",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
