//! `GET /`: lists the paths that the proxy answers. It does not call the endpoint, so load balancers can
//! use it as a health check.

use actix_web::HttpResponse;
use serde_json::json;

use crate::requested_document::PATH_PATTERNS;

pub async fn list_paths() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "paths": PATH_PATTERNS }))
}
