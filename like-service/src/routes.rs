//! The routes of the Like service.

use actix_web::web::ServiceConfig;
use http_shell::{get, post};

mod health;
mod like;

/// The route of a like.
pub const LIKE_ROUTE: &str = "/mysfits/{id}/like";

/// Adds the Like service's routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(get("/", health::check))
        .service(post(LIKE_ROUTE, like::like));
}
