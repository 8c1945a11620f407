//! `GET /`: what there is to ask for. It asks nobody, so that it can be a health check.

use actix_web::HttpResponse;
use serde_json::json;

use crate::wanted::PATHS;

pub async fn paths() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "paths": PATHS }))
}
