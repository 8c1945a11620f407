//! Paths and who answers them.

use actix_web::web::ServiceConfig;
use http_shell::{get, post};

mod adopt;
mod health;
mod like;
mod list;
mod profile;

/// Adds the monolith's routes; likes of people only where the strangler switch is on.
pub fn configure(config: &mut ServiceConfig, like_in_monolith: bool) {
    config
        .service(get("/", health::check))
        .service(get("/mysfits", list::list))
        .service(get("/mysfits/{id}", profile::show))
        .service(post("/mysfits/{id}/fulfill-like", like::fulfill))
        .service(post("/mysfits/{id}/adopt", adopt::adopt));
    if like_in_monolith {
        config.service(post("/mysfits/{id}/like", like::fulfill));
    }
}
