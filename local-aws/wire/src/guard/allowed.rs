//! Hosts and origins that are accepted by option.

use clap::Args;
use url::Url;

use super::authority::Authority;

/// What a guard accepts besides loopback names and the site's own pages.
#[derive(Args, Clone, Debug, Default)]
pub struct Allowed {
    /// Host name that requests may be sent to, on any port, besides localhost; may be given several times
    #[arg(long = "allowed-host", value_name = "NAME", value_parser = host)]
    hosts: Vec<Authority>,

    /// Origin (scheme://host or scheme://host:port) whose web pages may send requests; may be given several times
    #[arg(long = "allowed-origin", value_name = "ORIGIN", value_parser = origin)]
    origins: Vec<String>,
}

impl Allowed {
    pub(super) fn has_host(&self, host: &Authority) -> bool {
        let is_same_address = |known: &Authority| known.ip().is_some() && known.ip() == host.ip();
        let mut known = self.hosts.iter();
        known.any(|known| known.name == host.name || is_same_address(known))
    }

    pub(super) fn has_origin(&self, origin: &[u8]) -> bool {
        let mut known = self.origins.iter();
        known.any(|known| known.as_bytes().eq_ignore_ascii_case(origin))
    }
}

fn host(text: &str) -> Result<Authority, &'static str> {
    let is_name = |host: &Authority| {
        let mut bytes = host.name.bytes();
        let is_dns = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        !host.name.is_empty() && (is_dns || host.ip().is_some())
    };
    match Authority::parse(text.as_bytes()) {
        Some(host) if host.port.is_none() && !text.ends_with(':') && is_name(&host) => Ok(host),
        _ => Err("expected a host name without scheme and port, for example lab.example"),
    }
}

/// An origin as browsers write it: without the port that is the scheme's own, and with addresses in their shortest form.
fn origin(text: &str) -> Result<String, &'static str> {
    const EXPECTED: &str = "expected scheme and host, and the port if there is one, \
                            for example https://app.example or http://localhost:5173";
    let url = Url::parse(text).map_err(|_| EXPECTED)?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.filter(|host| !host.contains('*')).ok_or(EXPECTED)?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let has_path = !matches!(url.path(), "" | "/");
    if has_user || has_path || url.query().is_some() || url.fragment().is_some() {
        return Err(EXPECTED);
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
    fn hosts_are_names_or_addresses_without_a_port() {
        for (text, name) in [
            ("lab.example", "lab.example"),
            ("LAB.Example.", "lab.example"),
            ("my_host-1", "my_host-1"),
            ("192.168.1.7", "192.168.1.7"),
            ("[fd00::1]", "[fd00::1]"),
        ] {
            assert_eq!(
                host(text).map(|host| host.name).as_deref(),
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
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_the_same_host_in_each_of_its_forms() {
        let allowed = Allowed {
            hosts: vec![
                host("[FD00:0::1]").unwrap(),
                host("[::ffff:10.0.0.1]").unwrap(),
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
    fn origins_are_kept_as_browsers_write_them() {
        for (text, kept) in [
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
            "https://app.example#x",
            "https://app.example:99999",
            "https://app.example:port",
            "http://[::1]x",
            "https://me@app.example",
            "file:///",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
