//! Paths and who answers them.

use actix_web::web::ServiceConfig;
use http_shell::get;

use crate::wanted::PATHS;

mod index;
mod metadata;

/// Adds the proxy's routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get("/", index::paths));
    for path in PATHS {
        config.service(get(path, metadata::answer));
    }
}
