//! `GET /`: the load balancer's health check. It calls the monolith. It has no injected faults, so it can succeed
//! while likes fail.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::error::Error;
use crate::monolith_client::MonolithClient;

pub async fn check(monolith: Data<MonolithClient>) -> Result<HttpResponse, Error> {
    monolith.check_health().await?;
    Ok(HttpResponse::Ok().json(json!({
        "message": "Health check, monolith service available."
    })))
}
