//! The one form in which errors leave a service: `{"error": {"code": "…", "message": "…"}}`.

use std::error::Error;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::Serialize;

use crate::observe::record_failure;

#[derive(Serialize)]
struct Body<'a> {
    error: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    code: String,
    message: &'a str,
}

/// Answers `status` in the services' error form.
///
/// The code is the status' own name (`not_found`, `gateway_timeout`), so that clients need no
/// second table. The message is shown to people: it must not carry an upstream's text.
pub fn error_response(status: StatusCode, message: &str) -> HttpResponse {
    let code = status
        .canonical_reason()
        .unwrap_or("error")
        .to_lowercase()
        .replace([' ', '-'], "_");
    HttpResponse::build(status).json(Body {
        error: Detail { code, message },
    })
}

/// Answers what `error` says to the client; for a 5xx, logs what it does not, its causes, and writes
/// them all into the request's span.
///
/// To be called at the boundary, once for each error.
pub fn failure_response(error: &(dyn Error + 'static), status: StatusCode) -> HttpResponse {
    if status.is_server_error() {
        tracing::error!(cause = causes(error), "{error}");
        Context::map_current(|cx| record_failure(&cx.span(), error));
    }
    error_response(status, &error.to_string())
}

/// What a path that no route knows is answered with.
pub(crate) async fn not_found() -> HttpResponse {
    error_response(StatusCode::NOT_FOUND, "there is nothing at this path")
}

/// The causes of `error`, outermost first, for one log line at the boundary.
pub fn causes(error: &dyn Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}
