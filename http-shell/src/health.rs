//! `GET /health/live` and `GET /health/ready`.

use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::drain::Lifecycle;
use crate::error::error_response;
use crate::methods::get;

/// Resolves to what keeps the service from answering, in words for the client, or to nothing.
pub type ReadinessFuture = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// Asks the service's dependencies whether they answer; bounded in time by the service.
pub type Readiness = Arc<dyn Fn() -> ReadinessFuture + Send + Sync>;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(get("/health/live", live))
        .service(get("/health/ready", ready));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

async fn ready(lifecycle: Data<Lifecycle>, readiness: web::Data<Readiness>) -> HttpResponse {
    if lifecycle.is_draining() {
        return error_response(
            StatusCode::SERVICE_UNAVAILABLE,
            "the service is shutting down",
        );
    }
    match readiness().await {
        Ok(()) => HttpResponse::Ok().json(json!({"status": "ready"})),
        Err(reason) => error_response(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}
