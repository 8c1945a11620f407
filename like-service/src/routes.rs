//! Paths and who answers them.

use actix_web::web::ServiceConfig;
use http_shell::{get, post};

mod health;
mod like;

/// Adds the Like service's routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(get("/", health::check))
        .service(post("/mysfits/{id}/like", like::like));
}
