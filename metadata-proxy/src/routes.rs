//! The routes of the proxy.

use actix_web::web::ServiceConfig;
use http_shell::get;

use crate::requested_document::PATH_PATTERNS;

mod index;
mod metadata;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get("/", index::list_paths));
    for pattern in PATH_PATTERNS {
        config.service(get(pattern, metadata::respond));
    }
}
