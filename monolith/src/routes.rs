//! The routes of the monolith.

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;
use http_shell::{get, json_response, post};

mod id;
mod mysfits;

/// Adds the routes. `POST /mysfits/{id}/like` is added only with `like_in_monolith`.
pub fn configure(config: &mut ServiceConfig, like_in_monolith: bool) {
    config
        .service(get("/", check_health))
        .service(get("/mysfits", mysfits::list))
        .service(get("/mysfits/{id}", mysfits::show))
        .service(post("/mysfits/{id}/fulfill-like", mysfits::fulfill_like))
        .service(post("/mysfits/{id}/adopt", mysfits::adopt));
    if like_in_monolith {
        config.service(post("/mysfits/{id}/like", mysfits::fulfill_like));
    }
}

/// `GET /`: the load balancer's health check. The check does not call DynamoDB, so the load balancer does
/// not remove a task while the database is slow.
async fn check_health() -> HttpResponse {
    json_response(r#"{"message":"Nothing here, used for health check. Try /mysfits instead."}"#)
}
