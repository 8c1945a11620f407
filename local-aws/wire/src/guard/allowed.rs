//! The command-line options `--allowed-host` and `--allowed-origin`.

use clap::Args;
use url::Url;

use super::authority::Authority;

/// The hosts and origins that a guard accepts in addition to loopback host names and the origin of the site.
#[derive(Args, Clone, Debug, Default)]
pub struct Allowed {
    /// Host name that requests may be sent to, on any port, besides localhost; may be given several times
    #[arg(long = "allowed-host", value_name = "NAME", value_parser = parse_host)]
    hosts: Vec<Authority>,

    /// Origin (scheme://host or scheme://host:port) whose web pages may send requests; may be given several times
    #[arg(long = "allowed-origin", value_name = "ORIGIN", value_parser = parse_origin)]
    origins: Vec<String>,
}

impl Allowed {
    pub(super) fn has_host(&self, host: &Authority) -> bool {
        let has_same_ip = |allowed: &Authority| allowed.ip().is_some() && allowed.ip() == host.ip();
        let mut hosts = self.hosts.iter();
        hosts.any(|allowed| allowed.name == host.name || has_same_ip(allowed))
    }

    pub(super) fn has_origin(&self, origin: &[u8]) -> bool {
        let mut origins = self.origins.iter();
        origins.any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin))
    }
}

fn parse_host(text: &str) -> Result<Authority, &'static str> {
    let is_valid_name = |host: &Authority| {
        let mut bytes = host.name.bytes();
        let is_dns_name = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        !host.name.is_empty() && (is_dns_name || host.ip().is_some())
    };
    match Authority::parse(text.as_bytes()) {
        Some(host) if host.port.is_none() && !text.ends_with(':') && is_valid_name(&host) => {
            Ok(host)
        }
        _ => Err("expected a host name without scheme and port, for example lab.example"),
    }
}

/// Converts an origin to the form that browsers send: without the scheme's default port, and with the shortest form
/// of an IP address.
fn parse_origin(text: &str) -> Result<String, &'static str> {
    const EXPECTED_FORMAT: &str = "expected scheme and host, and the port if there is one, \
                            for example https://app.example or http://localhost:5173";
    let url = Url::parse(text).map_err(|_| EXPECTED_FORMAT)?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host
        .filter(|host| !host.contains('*'))
        .ok_or(EXPECTED_FORMAT)?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let has_path = !matches!(url.path(), "" | "/");
    if has_user || has_path || url.query().is_some() || url.fragment().is_some() {
        return Err(EXPECTED_FORMAT);
    }
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    Ok(format!("{}://{host}{port}", url.scheme()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_host_must_be_a_name_or_an_address_without_scheme_and_port() {
        for (text, name) in [
            ("lab.example", "lab.example"),
            ("LAB.Example.", "lab.example"),
            ("my_host-1", "my_host-1"),
            ("192.168.1.7", "192.168.1.7"),
            ("[fd00::1]", "[fd00::1]"),
        ] {
            assert_eq!(
                parse_host(text).map(|host| host.name).as_deref(),
                Ok(name),
                "{text}"
            );
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
            assert!(parse_host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_allowed_address_is_accepted_in_each_of_its_spellings() {
        let allowed = Allowed {
            hosts: vec![
                parse_host("[FD00:0::1]").unwrap(),
                parse_host("[::ffff:10.0.0.1]").unwrap(),
            ],
            ..Allowed::default()
        };
        for (text, is_allowed) in [
            ("[fd00::1]:2000", true),
            ("[fd00:0:0::1]", true),
            ("[::ffff:a00:1]", true),
            ("[fd00::2]", false),
            ("fd00", false),
        ] {
            let host = Authority::parse(text.as_bytes()).unwrap();
            assert_eq!(allowed.has_host(&host), is_allowed, "{text}");
        }
    }

    #[test]
    fn an_allowed_origin_is_stored_in_the_form_that_browsers_send() {
        for (text, stored) in [
            ("https://app.example", "https://app.example"),
            ("HTTPS://App.Example:443/", "https://app.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:5173", "http://[::1]:5173"),
            ("https://app.example:80", "https://app.example:80"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("http://[0:0:0:0:0:0:0:1]:5173", "http://[::1]:5173"),
            (
                "https://b\u{fc}cher.example",
                "https://xn--bcher-kva.example",
            ),
            ("https://app.example:0443", "https://app.example"),
        ] {
            assert_eq!(parse_origin(text).as_deref(), Ok(stored), "{text}");
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
            "https://app.example#x",
            "https://app.example:99999",
            "https://app.example:port",
            "http://[::1]x",
            "https://me@app.example",
            "file:///",
        ] {
            assert!(parse_origin(text).is_err(), "{text}");
        }
    }
}
