//! `GET /`: the load balancer's health check. It does not touch DynamoDB, so that a slow database
//! takes no task out of service.

use actix_web::HttpResponse;
use serde_json::json;

pub async fn check() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "message": "Nothing here, used for health check. Try /mysfits instead."
    }))
}
