//! `GET /health/live` and `GET /health/ready`.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use serde_json::json;

use crate::drain::Lifecycle;
use crate::error::{error_response, format_causes};
use crate::methods::get;

/// A running readiness check. The error of the check is the message for the client.
type ReadinessFuture = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// The readiness check that `/health/ready` calls. All clones of a `Readiness` share one check.
#[derive(Clone)]
pub struct Readiness(Arc<dyn Fn() -> ReadinessFuture + Send + Sync>);

impl Readiness {
    /// Calls `check` for each request of `/health/ready`. The check must end within a bounded time.
    ///
    /// An error of the check is logged with its causes. The response contains the error without its causes.
    pub fn new<C, F, E>(check: C) -> Self
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + 'static,
        E: Error,
    {
        Self(Arc::new(move || {
            let pending_check = check();
            Box::pin(async move {
                pending_check.await.map_err(|error| {
                    tracing::warn!(cause = format_causes(&error), "not ready: {error}");
                    error.to_string()
                })
            })
        }))
    }
}

pub(crate) fn configure_routes(config: &mut ServiceConfig) {
    config
        .service(get("/health/live", respond_live))
        .service(get("/health/ready", respond_ready));
}

async fn respond_live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

async fn respond_ready(lifecycle: Data<Lifecycle>, readiness: Data<Readiness>) -> HttpResponse {
    if lifecycle.is_draining() {
        return error_response(
            StatusCode::SERVICE_UNAVAILABLE,
            "the service is shutting down",
        );
    }
    let Readiness(check) = &**readiness;
    match check().await {
        Ok(()) => HttpResponse::Ok().json(json!({"status": "ready"})),
        Err(reason) => error_response(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}
