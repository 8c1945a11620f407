//! The URLs of the documents that the metadata endpoint serves.

use http::Uri;
use http_shell::upstream::parse_authority;

/// A document that the metadata endpoint serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The metadata of the proxy's own container.
    Container,
    /// The Docker stats of the proxy's own container.
    ContainerStats,
    /// The metadata of the task and of all its containers.
    Task,
    /// The Docker stats of all containers of the task, by container id.
    TaskStats,
}

/// The URLs of the endpoint's documents. The URLs are built when the proxy starts, so that a request to the
/// proxy cannot change a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrls {
    container: Uri,
    container_stats: Uri,
    task: Uri,
    task_stats: Uri,
}

impl EndpointUrls {
    /// Parses `http://host/path` or `http://host:port/path`. A slash at the end of the path is permitted.
    pub fn parse(text: &str) -> Option<Self> {
        let base_url = text.strip_suffix('/').unwrap_or(text);
        let address = base_url.strip_prefix("http://")?;
        let (authority, path) = address.split_once('/')?;
        parse_authority(authority, telemetry::is_host)?;
        if !path.split('/').all(is_plain_segment) {
            return None;
        }
        let append_path = |path| format!("{base_url}{path}").parse().ok();
        Some(Self {
            container: append_path("")?,
            container_stats: append_path("/stats")?,
            task: append_path("/task")?,
            task_stats: append_path("/task/stats")?,
        })
    }

    /// The URL of a document.
    pub fn get(&self, document: Document) -> &Uri {
        match document {
            Document::Container => &self.container,
            Document::ContainerStats => &self.container_stats,
            Document::Task => &self.task,
            Document::TaskStats => &self.task_stats,
        }
    }
}

/// Whether the path segment contains only unreserved characters, and is neither empty nor a dot segment. All
/// HTTP servers interpret a path segment of unreserved characters in the same way.
fn is_plain_segment(segment: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !["", ".", ".."].contains(&segment) && segment.bytes().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_documents_have_urls_below_the_address_from_ecs() {
        for text in [
            "http://169.254.170.2/v4/a-1",
            "http://169.254.170.2/v4/a-1/",
        ] {
            let urls = EndpointUrls::parse(text).unwrap();
            for (document, path) in [
                (Document::Container, "/v4/a-1"),
                (Document::ContainerStats, "/v4/a-1/stats"),
                (Document::Task, "/v4/a-1/task"),
                (Document::TaskStats, "/v4/a-1/task/stats"),
            ] {
                let expected = format!("http://169.254.170.2{path}");
                assert_eq!(urls.get(document).to_string(), expected);
            }
        }
    }

    #[test]
    fn a_port_and_an_ipv6_address_are_accepted() {
        for text in [
            "http://lab:51678/v4/a",
            "http://[fd00:ec2::2]/v4/a",
            "http://[::1]:1/v4",
        ] {
            assert!(EndpointUrls::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn an_invalid_address_is_rejected() {
        for text in [
            "http://256.1.1.1/v4/a",
            "http://169.254.170/v4/a",
            "",
            "169.254.170.2/v4/a",
            "https://169.254.170.2/v4/a",
            "http://169.254.170.2",
            "http://169.254.170.2/",
            "http://169.254.170.2//",
            "http:///v4/a",
            "http://user@169.254.170.2/v4/a",
            "http://169.254.170.2:0/v4/a",
            "http://169.254.170.2:/v4/a",
            "http://169.254.170.2:http/v4/a",
            "http://169.254.170.2/v4/../v2",
            "http://169.254.170.2/v4//a",
            "http://169.254.170.2/v4/a//",
            "http://169.254.170.2/v4/%61",
            "http://169.254.170.2/v4/a?b",
            "http://169.254.170.2/v4/a#b",
            "http://169.254.170.2/v4/a b",
        ] {
            assert_eq!(EndpointUrls::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_an_arbitrary_address_does_not_panic(text in "(http://)?\\PC{0,60}") {
            let _ = EndpointUrls::parse(&text);
        }
    }
}
