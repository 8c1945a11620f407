//! `GET /`: the load balancer's health check, which calls the monolith. Fault injection (chaos) does not
//! affect health checks, so a health check can succeed while likes fail.

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
