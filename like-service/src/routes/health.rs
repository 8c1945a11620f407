//! `GET /`: the load balancer's health check, which calls the monolith. Fault injection (chaos) does not
//! affect health checks, so a health check can succeed while likes fail.

use actix_web::HttpResponse;
use actix_web::web::Data;
use http_shell::json_response;

use crate::error::Error;
use crate::monolith_client::MonolithClient;

pub async fn check(monolith: Data<MonolithClient>) -> Result<HttpResponse, Error> {
    monolith.check_health().await?;
    Ok(json_response(
        r#"{"message":"Health check, monolith service available."}"#,
    ))
}
