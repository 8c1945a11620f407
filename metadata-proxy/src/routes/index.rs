//! The route `GET /`. The response lists the paths that the proxy answers. The route does not call the
//! endpoint, so load balancers can use the route as a health check.

use actix_web::HttpResponse;
use serde_json::json;

use crate::requested_document::PATH_PATTERNS;

pub async fn list_paths() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "paths": PATH_PATTERNS }))
}
