//! Where the monolith is, and the paths there.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use telemetry::is_host;

use super::MysfitId;

/// All but the characters that RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address of the monolith, or of the load balancer before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonolithUrl(Authority);

impl MonolithUrl {
    /// Reads `host`, `host:port` or either behind `http://`, with a slash at the end or not.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("http://").unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        let authority: Authority = text.parse().ok()?;
        let port = text.strip_prefix(authority.host())?;
        let port_is_right = port.is_empty() || authority.port_u16().is_some_and(|port| port > 0);
        // The parser takes user names too, which would end up in a header.
        (is_host(authority.host()) && port_is_right).then_some(Self(authority))
    }

    /// The health check.
    pub fn root(&self) -> Uri {
        self.uri(PathAndQuery::from_static("/"))
    }

    /// The hook of this mysfit. The id is encoded, so that none can name another route.
    pub fn fulfill_like(&self, id: &MysfitId) -> Uri {
        let id = utf8_percent_encode(id.as_str(), ENCODED);
        let path = format!("/mysfits/{id}/fulfill-like");
        // Cannot fail: only unreserved characters are left, and an id's length is bounded.
        let path = PathAndQuery::from_maybe_shared(path);
        self.uri(path.unwrap_or(PathAndQuery::from_static("/")))
    }

    fn uri(&self, path: PathAndQuery) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.0.clone());
        parts.path_and_query = Some(path);
        // Cannot fail: all three parts are there.
        Uri::from_parts(parts).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_the_contract_mean_the_same() {
        for text in ["alb:80", "http://alb:80", "alb:80/", "http://alb:80/"] {
            let url = MonolithUrl::parse(text).unwrap();
            assert_eq!(url.root().to_string(), "http://alb:80/", "{text}");
        }
        let url = MonolithUrl::parse("alb.example").unwrap();
        assert_eq!(url.root().to_string(), "http://alb.example/");
        let url = MonolithUrl::parse("[::1]:80").unwrap();
        assert_eq!(url.root().to_string(), "http://[::1]:80/");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "http://",
            "https://alb",
            "alb:port",
            "alb:0",
            "alb:70000",
            "alb/path",
            "alb?x",
            "alb:",
            "user@alb",
            "a b",
            "http://http://alb",
            "10.0.1",
            "256.1.1.1:80",
            "alb..internal",
            "-",
        ] {
            assert_eq!(MonolithUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_stays_one_segment() {
        let url = MonolithUrl::parse("alb").unwrap();
        let target = url.fulfill_like(&"a/b?c#d%2F é".into());
        assert_eq!(
            target.to_string(),
            "http://alb/mysfits/a%2Fb%3Fc%23d%252F%20%C3%A9/fulfill-like"
        );
    }

    proptest! {
        #[test]
        fn every_id_comes_back_from_the_hooks_path(id in "[^/]{1,100}") {
            let url = MonolithUrl::parse("alb").unwrap();
            let target = url.fulfill_like(&id.as_str().into());
            prop_assert_eq!(target.query(), None);
            prop_assert_eq!(http_shell::id::path_id(target.path(), 1).unwrap(), id);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            let _ = MonolithUrl::parse(&text);
        }
    }
}
