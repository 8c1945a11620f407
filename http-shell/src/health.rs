//! `GET /health/live` and `GET /health/ready`.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};

use crate::drain::Lifecycle;
use crate::error::{error_response, format_causes};
use crate::json::json_response;
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
    json_response(r#"{"status":"live"}"#)
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
        Ok(()) => json_response(r#"{"status":"ready"}"#),
        Err(reason) => error_response(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use actix_web::body::to_bytes;

    use super::*;

    /// Returns the status and the body of `response`.
    async fn read_response(response: HttpResponse) -> (u16, String) {
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_service_is_ready_if_its_check_succeeds_and_it_is_not_draining() {
        let ready = Readiness::new(async || Ok::<_, io::Error>(()));
        let unready = Readiness::new(async || Err(io::Error::other("no table")));
        let lifecycle = Lifecycle::default();
        let respond = async |readiness: &Readiness| {
            let lifecycle = Data::new(lifecycle.clone());
            let response = respond_ready(lifecycle, Data::new(readiness.clone())).await;
            read_response(response).await
        };
        let expected_body = r#"{"status":"ready"}"#.to_owned();
        assert_eq!(respond(&ready).await, (200, expected_body));
        let (status, body) = respond(&unready).await;
        assert!(
            status == 503 && body.contains("no table"),
            "{status} {body}"
        );
        lifecycle.start_draining();
        let (status, body) = respond(&ready).await;
        assert!(
            status == 503 && body.contains("shutting down"),
            "{status} {body}"
        );
        let live_body = r#"{"status":"live"}"#.to_owned();
        assert_eq!(read_response(respond_live().await).await, (200, live_body));
    }
}
