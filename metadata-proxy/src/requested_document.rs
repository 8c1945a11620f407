//! Parses the path of a request into the requested document.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::container_id::ContainerId;
use crate::endpoint::Document;
use crate::error::Error;

/// The path patterns of the proxy's routes.
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

/// A document of the endpoint, or the part of a document that describes one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedDocument {
    /// A complete document of the endpoint.
    Whole(Document),
    /// One container of the document `/task`.
    Container(ContainerId),
    /// The stats of one container of the document `/task/stats`.
    ContainerStats(ContainerId),
}

impl RequestedDocument {
    /// Parses the raw path of a request. The parser does not decode or normalise the path.
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

    /// Parses the request target. The parser does not use the router's path parameters, because the router
    /// decodes path parameters.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::parse(request.uri().path()).ok_or(Error::NoSuchPath))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_each_route_pattern_is_parsed() {
        for path in PATH_PATTERNS {
            let path = path.replace("{id}", "cd189a933e5849daa93386466019ab50-2495160603");
            assert!(RequestedDocument::parse(&path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_path_that_is_spelled_differently_from_its_route_pattern_is_rejected() {
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
