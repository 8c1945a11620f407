//! What a request asks for, by its path alone.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::endpoint::Document;
use crate::error::Error;

mod id;

pub use id::ContainerId;

/// The paths that are answered, as the router writes them.
pub const PATHS: [&str; 8] = [
    "/v2/metadata",
    "/v2/metadata/{id}",
    "/v2/stats",
    "/v2/stats/{id}",
    "/v4",
    "/v4/stats",
    "/v4/task",
    "/v4/task/stats",
];

/// A document of the endpoint, or one container's part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The whole of it.
    Whole(Document),
    /// This container out of the task.
    Container(ContainerId),
    /// The stats of this container out of those of the task.
    Stats(ContainerId),
}

impl Wanted {
    /// Reads a path as it was sent: nothing is decoded and nothing made equal.
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
                    Self::Stats(ContainerId::parse(id)?)
                }
            }
        })
    }
}

impl FromRequest for Wanted {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// By the target of the request and not by what the router makes of it, which is decoded.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::parse(request.uri().path()).ok_or(Error::NoSuchPath))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_of_the_router_asks_for_something() {
        for path in PATHS {
            let path = path.replace("{id}", "cd189a933e5849daa93386466019ab50-2495160603");
            assert!(Wanted::parse(&path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_path_that_only_resembles_one_asks_for_nothing() {
        for path in PATHS {
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
                assert_eq!(Wanted::parse(&other), None, "{other}");
            }
        }
    }
}
