//! Where the endpoint is, and the documents there.

use http::Uri;
use http::uri::Authority;

/// What the endpoint can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The container that asks.
    Container,
    /// The Docker stats of the container that asks.
    ContainerStats,
    /// The task with all of its containers.
    Task,
    /// The Docker stats of all containers, by their ids.
    TaskStats,
}

/// The addresses of the documents, made once: no request has a part in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrl {
    container: Uri,
    container_stats: Uri,
    task: Uri,
    task_stats: Uri,
}

impl EndpointUrl {
    /// Reads `http://host/path`, with a port or not, with a slash at the end or not.
    pub fn parse(text: &str) -> Option<Self> {
        let base = text.strip_suffix('/').unwrap_or(text);
        let address = base.strip_prefix("http://")?;
        let (authority, path) = address.split_once('/')?;
        if !(is_host_and_port(authority) && path.split('/').all(is_plain)) {
            return None;
        }
        let below = |path| format!("{base}{path}").parse().ok();
        Some(Self {
            container: below("")?,
            container_stats: below("/stats")?,
            task: below("/task")?,
            task_stats: below("/task/stats")?,
        })
    }

    /// The address of a document.
    pub fn of(&self, document: Document) -> &Uri {
        match document {
            Document::Container => &self.container,
            Document::ContainerStats => &self.container_stats,
            Document::Task => &self.task,
            Document::TaskStats => &self.task_stats,
        }
    }
}

fn is_host_and_port(text: &str) -> bool {
    // The parser takes user names too, which would end up in a header.
    text.parse().is_ok_and(|authority: Authority| {
        let port = text.strip_prefix(authority.host());
        let known = authority.port_u16().is_some_and(|port| port > 0);
        telemetry::is_host(authority.host()) && port.is_some_and(|port| port.is_empty() || known)
    })
}

/// Whether a segment of a path is itself, whoever reads it.
fn is_plain(segment: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !["", ".", ".."].contains(&segment) && segment.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_documents_lie_below_the_address_that_ecs_gives() {
        for text in [
            "http://169.254.170.2/v4/a-1",
            "http://169.254.170.2/v4/a-1/",
        ] {
            let url = EndpointUrl::parse(text).unwrap();
            for (document, path) in [
                (Document::Container, "/v4/a-1"),
                (Document::ContainerStats, "/v4/a-1/stats"),
                (Document::Task, "/v4/a-1/task"),
                (Document::TaskStats, "/v4/a-1/task/stats"),
            ] {
                let expected = format!("http://169.254.170.2{path}");
                assert_eq!(url.of(document).to_string(), expected);
            }
        }
    }

    #[test]
    fn a_port_and_an_address_of_version_six_are_fine() {
        for text in [
            "http://lab:51678/v4/a",
            "http://[fd00:ec2::2]/v4/a",
            "http://[::1]:1/v4",
        ] {
            assert!(EndpointUrl::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_metadata_is_refused() {
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
            assert_eq!(EndpointUrl::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(http://)?\\PC{0,60}") {
            let _ = EndpointUrl::parse(&text);
        }
    }
}
