//! The address of the monolith and the URLs of its routes.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use http_shell::upstream::parse_authority;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use telemetry::is_host;

use super::MysfitId;

/// The characters that are percent-encoded in an id: all except the unreserved characters of RFC 3986.
const ENCODED_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address of the monolith, or of the load balancer in front of the monolith.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonolithUrl(Authority);

impl MonolithUrl {
    /// Parses `host` or `host:port`. The prefix `http://` and a trailing slash are optional.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("http://").unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        parse_authority(text, is_host).map(Self)
    }

    /// The URL of the health check.
    pub fn health_check_url(&self) -> Uri {
        self.url_of_path(PathAndQuery::from_static("/"))
    }

    /// The URL that fulfils a like of the mysfit `id`. The id is percent-encoded, so the id cannot change
    /// the route.
    pub fn fulfill_like_url(&self, id: &MysfitId) -> Uri {
        let id = utf8_percent_encode(id.as_str(), ENCODED_CHARACTERS);
        let path = format!("/mysfits/{id}/fulfill-like");
        // `from_maybe_shared` cannot fail, because only unreserved characters remain, and the length of an id
        // is limited.
        let path = PathAndQuery::from_maybe_shared(path);
        self.url_of_path(path.unwrap_or(PathAndQuery::from_static("/")))
    }

    fn url_of_path(&self, path: PathAndQuery) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.0.clone());
        parts.path_and_query = Some(path);
        // `from_parts` cannot fail, because the scheme, the authority and the path are set.
        Uri::from_parts(parts).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_scheme_and_a_trailing_slash_do_not_change_the_address() {
        for text in ["alb:80", "http://alb:80", "alb:80/", "http://alb:80/"] {
            let url = MonolithUrl::parse(text).unwrap();
            assert_eq!(
                url.health_check_url().to_string(),
                "http://alb:80/",
                "{text}"
            );
        }
        let url = MonolithUrl::parse("alb.example").unwrap();
        assert_eq!(url.health_check_url().to_string(), "http://alb.example/");
        let url = MonolithUrl::parse("[::1]:80").unwrap();
        assert_eq!(url.health_check_url().to_string(), "http://[::1]:80/");
    }

    #[test]
    fn an_invalid_monolith_address_is_rejected() {
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
    fn an_id_with_reserved_characters_is_encoded_into_one_path_segment() {
        let url = MonolithUrl::parse("alb").unwrap();
        let target = url.fulfill_like_url(&"a/b?c#d%2F é".into());
        assert_eq!(
            target.to_string(),
            "http://alb/mysfits/a%2Fb%3Fc%23d%252F%20%C3%A9/fulfill-like"
        );
    }

    proptest! {
        #[test]
        fn an_encoded_id_can_be_parsed_back_from_the_path(id in "[^/]{1,100}") {
            let url = MonolithUrl::parse("alb").unwrap();
            let target = url.fulfill_like_url(&id.as_str().into());
            prop_assert_eq!(target.query(), None);
            prop_assert_eq!(http_shell::id::parse_path_id(target.path(), 1).unwrap(), id);
        }

        #[test]
        fn parsing_an_arbitrary_address_does_not_panic(text in "\\PC{0,60}") {
            let _ = MonolithUrl::parse(&text);
        }
    }
}
