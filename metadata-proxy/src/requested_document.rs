//! The document that a request asks for, parsed from its path.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::container_id::ContainerId;
use crate::endpoint::Document;
use crate::error::Error;

/// The paths that the proxy answers, as patterns of the router.
pub const PATH_PATTERNS: [&str; 8] = [
    "/v2/metadata",
    "/v2/metadata/{id}",
    "/v2/stats",
    "/v2/stats/{id}",
    "/v4",
    "/v4/stats",
    "/v4/task",
    "/v4/task/stats",
];

/// A document of the endpoint, or the part of it about one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedDocument {
    /// A whole document.
    Whole(Document),
    /// One container of the document `/task`.
    Container(ContainerId),
    /// The stats of one container of the document `/task/stats`.
    ContainerStats(ContainerId),
}

impl RequestedDocument {
    /// Parses a path as the client sent it, without decoding or normalising it.
    fn parse(path: &str) -> Option<Self> {
        Some(match path {
            "/v4" => Self::Whole(Document::Container),
            "/v4/stats" => Self::Whole(Document::ContainerStats),
            "/v4/task" | "/v2/metadata" => Self::Whole(Document::Task),
            "/v4/task/stats" | "/v2/stats" => Self::Whole(Document::TaskStats),
            _ => {
                if let Some(id) = path.strip_prefix("/v2/metadata/") {
                    Self::Container(ContainerId::parse(id)?)
                } else {
                    let id = path.strip_prefix("/v2/stats/")?;
                    Self::ContainerStats(ContainerId::parse(id)?)
                }
            }
        })
    }
}

impl FromRequest for RequestedDocument {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// Parses the request target, not the router's parameters, because the router decodes those.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::parse(request.uri().path()).ok_or(Error::NoSuchPath))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pattern_of_the_router_matches_a_path_that_is_parsed() {
        for path in PATH_PATTERNS {
            let path = path.replace("{id}", "cd189a933e5849daa93386466019ab50-2495160603");
            assert!(RequestedDocument::parse(&path).is_some(), "{path}");
        }
    }

    #[test]
    fn paths_that_differ_from_a_pattern_in_spelling_are_rejected() {
        for path in PATH_PATTERNS {
            let path = path.replace("{id}", "a");
            for other in [
                format!("{path}/"),
                format!("/{path}"),
                format!(" {path}"),
                path.to_uppercase(),
                path.replacen("/v", "/%76", 1),
                path.replacen('/', "//", 2),
                format!("{path}/../stats"),
                format!("{path};a"),
            ] {
                assert_eq!(RequestedDocument::parse(&other), None, "{other}");
            }
        }
    }
}
